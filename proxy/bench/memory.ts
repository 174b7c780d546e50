/** `npm run bench -- memory`: what a proxy holds when nothing happens: 20 of them on a host, and per idle connection. */
import { parseArgs } from 'node:util';
import { wholeOption } from '../test/arguments.ts';
import { StaticBed, type Program } from '../test/static-bed.ts';
import { startArena } from './contenders.ts';
import { benchProgram, hasPrograms } from './executable.ts';
import { openIdle } from './idle-connections.ts';
import { machineLine } from './machine.ts';
import { memoryOf, type Memory } from './process-cost.ts';
import { median } from './statistics.ts';
import { markdownTable, publish } from './table.ts';

const PROXIES_DEFAULT = 20;
const CONNECTIONS_DEFAULT = 2_000;
/** Caches and pools of a pair are filled by so many connections before the idle ones are counted. */
const WARM_UP_CONNECTIONS = 100;
/** So long a runtime may take to give back what opening cost. */
const SETTLE_MS = 5_000;
const USAGE = 'npm run bench -- memory [--proxies N] [--connections N] [--json FILE] [--source]';

const settle = (): Promise<void> => new Promise((done) => setTimeout(done, SETTLE_MS));

/** Idle proxies that share one host. */
async function measureHost(program: Program, count: number): Promise<Memory> {
  const bed = new StaticBed();
  try {
    const pids: number[] = [];
    for (let at = 0; at < count; at++) pids.push((await bed.start('idle', { outbound: [] }, program)).pid);
    await settle();
    const all = pids.map(memoryOf);
    const middle = (name: keyof Memory): number => median(all.map((memory) => memory[name]));
    return { residentKib: middle('residentKib'), proportionalKib: middle('proportionalKib'), privateKib: middle('privateKib') };
  } finally {
    await bed.stop();
  }
}

interface PerConnection {
  readonly name: string;
  /** KiB of private memory per idle connection, at the caller's hop and at the callee's. */
  readonly callerKib: number;
  readonly calleeKib: number;
}

async function measureConnections(program: Program, count: number): Promise<PerConnection[]> {
  const arena = await startArena(program);
  try {
    const results: PerConnection[] = [];
    for (const { name, port, pids } of arena.contenders) {
      (await openIdle(port, WARM_UP_CONNECTIONS)).close();
      await settle();
      const before = pids.map(memoryOf);
      const idle = await openIdle(port, count);
      await settle();
      const [callerKib = Number.NaN, calleeKib = Number.NaN] = pids.map((pid, at) => (memoryOf(pid).privateKib - (before[at]?.privateKib ?? 0)) / count);
      idle.close();
      results.push({ name, callerKib, calleeKib });
    }
    return results;
  } finally {
    await arena.stop();
  }
}

const mb = (kib: number): string => (kib / 1024).toFixed(1);

/** Runs; resolves with the exit code. */
export async function runMemoryBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { proxies: { type: 'string' }, connections: { type: 'string' }, json: { type: 'string' }, source: { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help === true) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const proxies = wholeOption('proxies', values.proxies, PROXIES_DEFAULT);
  const connections = wholeOption('connections', values.connections, CONNECTIONS_DEFAULT);
  if (!hasPrograms(['haproxy'])) return 2;
  const program = benchProgram(values.source);
  const host = await measureHost(program, proxies);
  const perConnection = await measureConnections(program, connections);
  const report = { machine: machineLine(), date: new Date().toISOString().slice(0, 10), proxies, connections, host, perConnection };
  publish(
    [
      markdownTable([[`${proxies} idle proxies, median`, 'private MB', 'proportional MB', 'resident MB'], ['Sidelight', mb(host.privateKib), mb(host.proportionalKib), mb(host.residentKib)]]),
      '',
      markdownTable([[`${connections} idle connections`, 'caller’s hop KiB each', 'callee’s hop KiB each'], ...perConnection.map(({ name, callerKib, calleeKib }) => [name, callerKib.toFixed(1), calleeKib.toFixed(1)])]),
      '', `${report.date}, ${report.machine}`,
    ].join('\n'),
    report,
    values.json,
  );
  return 0;
}
