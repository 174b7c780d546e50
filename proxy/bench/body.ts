/** `npm run bench -- body`: one large answer through the mTLS pair, beside HAProxy: bytes per second of a core, and memory meanwhile. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { wholeOption } from '../test/arguments.ts';
import { startBodyApp } from './body-process.ts';
import { startArena, type Contender } from './contenders.ts';
import { benchProgram, hasPrograms } from './executable.ts';
import { machineLine, pin } from './machine.ts';
import { cpuUs, memoryOf } from './process-cost.ts';
import { median } from './statistics.ts';
import { markdownTable, publish } from './table.ts';

const BUN = fileURLToPath(new URL('../../node_modules/.bin/bun', import.meta.url));
const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const ROUNDS_DEFAULT = 3;
const MIB_DEFAULT = 1_024;
const MEMORY_LOOK_MS = 50;
const PROXY_CORE = 0;
const APP_CORE = 1;
const USAGE = 'npm run bench -- body [--rounds N] [--mib N] [--json FILE] [--source]';

interface Transfer {
  readonly mibPerSecond: number;
  /** MiB of the body for each CPU second of one hop. */
  readonly mibPerCpuSecond: number;
  /** Most private memory meanwhile over that before, of the hop where it grew more; one body went before, so that what is flat shows flat. */
  readonly grewKib: number;
}

async function transfer({ port, pids }: Contender, bytes: number): Promise<Transfer> {
  const before = pids.map((pid) => ({ cpu: cpuUs(pid), kib: memoryOf(pid).privateKib }));
  let grewKib = 0;
  const look = setInterval(() => {
    grewKib = Math.max(grewKib, ...pids.map((pid, at) => memoryOf(pid).privateKib - (before[at]?.kib ?? 0)));
  }, MEMORY_LOOK_MS);
  const child = spawn('taskset', ['-c', String(APP_CORE), BUN, script('body-client.ts'), String(port), String(bytes)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  const code = await new Promise((done) => void child.once('close', done));
  clearInterval(look);
  if (code !== 0) throw new Error(`the answer did not arrive whole: ${out}`);
  const { ms } = JSON.parse(out) as { ms: number };
  const mib = bytes / 2 ** 20;
  const spent = pids.reduce((sum, pid, at) => sum + cpuUs(pid) - (before[at]?.cpu ?? 0), 0) / pids.length;
  return { mibPerSecond: mib / (ms / 1_000), mibPerCpuSecond: mib / (spent / 1e6), grewKib };
}

/** Runs; resolves with the exit code. */
export async function runBodyBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { rounds: { type: 'string' }, mib: { type: 'string' }, json: { type: 'string' }, source: { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help === true) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const rounds = wholeOption('rounds', values.rounds, ROUNDS_DEFAULT);
  const mib = wholeOption('mib', values.mib, MIB_DEFAULT);
  if (!hasPrograms(['haproxy', 'taskset'])) return 2;
  const app = await startBodyApp();
  const arena = await startArena(benchProgram(values.source), app);
  try {
    for (const { pids } of arena.contenders) for (const pid of pids) pin(pid, PROXY_CORE);
    pin(app.pid, APP_CORE);
    const results = arena.contenders.map((contender) => ({ contender, transfers: [] as Transfer[] }));
    for (const { contender } of results) await transfer(contender, mib * 2 ** 20);
    for (let round = 1; round <= rounds; round++) for (const { contender, transfers } of results) transfers.push(await transfer(contender, mib * 2 ** 20));
    const rows = results.map(({ contender, transfers }) => {
      const middle = (name: keyof Transfer): number => median(transfers.map((one) => one[name]));
      return { name: contender.name, mibPerSecond: middle('mibPerSecond'), mibPerCpuSecond: middle('mibPerCpuSecond'), grewMib: Math.max(...transfers.map(({ grewKib }) => grewKib)) / 1_024 };
    });
    const report = { machine: machineLine(), date: new Date().toISOString().slice(0, 10), rounds, mib, rows, transfers: results.map(({ transfers }) => transfers) };
    const table = markdownTable([
      [`${mib} MiB body, mTLS pair`, 'MiB/s', 'MiB per CPU second of a hop', 'most private memory over before, MiB'],
      ...rows.map((row) => [row.name, row.mibPerSecond.toFixed(0), row.mibPerCpuSecond.toFixed(0), row.grewMib.toFixed(1)]),
    ]);
    publish(`${table}\n\n${report.date}, ${report.machine}; medians of ${rounds} interleaved rounds, both hops on one core, load and app on the other.`, report, values.json);
    return 0;
  } finally {
    await arena.stop();
    await app.stop();
  }
}
