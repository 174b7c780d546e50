/** `npm run bench -- proxy`: the mTLS pair beside HAProxy, in interleaved rounds of one run. */
import { parseArgs } from 'node:util';
import { wholeOption } from '../test/arguments.ts';
import { startArena, type Arena, type Contender } from './contenders.ts';
import { benchProgram, hasPrograms } from './executable.ts';
import { closedLoop, fixedRate, type LoadResult } from './load.ts';
import { machineLine, pin } from './machine.ts';
import { cpuUs, memoryOf, type Memory } from './process-cost.ts';
import { printBench, summarize, type BenchReport, type Sample } from './summary.ts';
import { publish } from './table.ts';

const CONNECTIONS = 32;
const RATE = 2_000;
const ROUNDS_DEFAULT = 5;
const SECONDS_DEFAULT = 5;
/** After its start and between loads a process gets so long to settle. */
const SETTLE_MS = 500;
const PROXY_CORE = 0;
const APP_CORE = 1;

const USAGE = 'npm run bench -- proxy [--rounds N] [--seconds S] [--json FILE] [--source]   (--source runs the sources under Bun instead of the executable)';

const settle = (): Promise<void> => new Promise((done) => setTimeout(done, SETTLE_MS));

/** CPU µs of a hop for each request of a load. */
async function measure({ pids }: Contender, load: () => Promise<LoadResult>): Promise<Omit<Sample, 'round'>> {
  const before = pids.map(cpuUs);
  const result = await load();
  const spent = pids.map((pid, at) => cpuUs(pid) - (before[at] ?? 0));
  const perHop = spent.reduce((sum, us) => sum + us, 0) / Math.max(1, spent.length) / Math.max(1, result.requests);
  return { ...result, cpuUsPerHop: pids.length === 0 ? Number.NaN : perHop };
}

function worst(memories: readonly Memory[]): Memory {
  const most = (name: keyof Memory): number => Math.max(0, ...memories.map((memory) => memory[name]));
  return { residentKib: most('residentKib'), proportionalKib: most('proportionalKib'), privateKib: most('privateKib') };
}

async function runRounds(arena: Arena, rounds: number, seconds: number): Promise<BenchReport['contenders']> {
  const direct: Contender = { name: 'the app alone', port: arena.app.port, pids: [] };
  const results = [direct, ...arena.contenders].map((contender) => ({ contender, closed: [] as Sample[], open: [] as Sample[], idle: worst(contender.pids.map(memoryOf)), loaded: [] as Memory[] }));
  for (const { contender } of results) await closedLoop(contender.port, CONNECTIONS, 2);
  for (let round = 1; round <= rounds; round++) {
    process.stderr.write(`round ${round} of ${rounds}\n`);
    for (const { contender, closed, open, loaded } of results) {
      await settle();
      closed.push({ round, ...(await measure(contender, () => closedLoop(contender.port, CONNECTIONS, seconds))) });
      loaded.push(worst(contender.pids.map(memoryOf)));
      await settle();
      open.push({ round, ...(await measure(contender, () => fixedRate(contender.port, CONNECTIONS, seconds, RATE))) });
    }
  }
  return results.map(({ contender, ...rest }) => ({ name: contender.name, ...rest, loaded: worst(rest.loaded) }));
}

/** Runs; resolves with the exit code. */
export async function runProxyBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { rounds: { type: 'string' }, seconds: { type: 'string' }, json: { type: 'string' }, source: { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help === true) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const rounds = wholeOption('rounds', values.rounds, ROUNDS_DEFAULT);
  const seconds = wholeOption('seconds', values.seconds, SECONDS_DEFAULT);
  if (!hasPrograms(['haproxy', 'wrk', 'taskset'])) return 2;
  const arena = await startArena(benchProgram(values.source));
  try {
    for (const { pids } of arena.contenders) for (const pid of pids) pin(pid, PROXY_CORE);
    pin(arena.app.pid, APP_CORE);
    await settle();
    const contenders = await runRounds(arena, rounds, seconds);
    const report: BenchReport = { machine: machineLine(), date: new Date().toISOString().slice(0, 10), rounds, seconds, connections: CONNECTIONS, rate: RATE, contenders };
    publish(printBench(report), { ...report, summary: summarize(report) }, values.json);
    return contenders.some(({ closed, open }) => [...closed, ...open].some(({ failures }) => failures > 0)) ? 1 : 0;
  } finally {
    await arena.stop();
  }
}
