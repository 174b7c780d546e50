/** `npm run bench -- http2`: CPU per h2c request and per unary gRPC call, and 4 KiB messages a second, beside HAProxy's HTTP/2 hops. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { wholeOption } from '../test/arguments.ts';
import { freePorts } from '../test/free-ports.ts';
import { startArena, type Contender } from './contenders.ts';
import { benchProgram, hasPrograms } from './executable.ts';
import { type H2Load, h2load } from './h2load.ts';
import { machineLine, pin } from './machine.ts';
import { cpuUs } from './process-cost.ts';
import { median } from './statistics.ts';
import { markdownTable, publish } from './table.ts';

const APP = fileURLToPath(new URL('http2-app.ts', import.meta.url));
const ROUNDS_DEFAULT = 5;
const SECONDS_DEFAULT = 4;
const SETTLE_MS = 300;
const PROXY_CORE = 0;
const APP_CORE = 1;
/** Messages of one streamed answer: a 1 MiB answer, so that its head and end don't count. */
const MESSAGES = 256;
const USAGE = 'npm run bench -- http2 [--rounds N] [--seconds S] [--json FILE] [--source]';

interface Load extends Omit<H2Load, 'call'> {
  readonly name: string;
  readonly grpc: boolean;
  /** Things in one answer that are counted. */
  readonly each: number;
}

const LOADS: readonly Load[] = [
  { name: 'h2c requests, 32 × 1', connections: 32, streams: 1, path: '/bench', grpc: false, each: 1 },
  { name: 'h2c requests, 8 × 16', connections: 8, streams: 16, path: '/bench', grpc: false, each: 1 },
  { name: 'gRPC calls, 8 × 16', connections: 8, streams: 16, path: '/bench.Echo/Say', grpc: true, each: 1 },
  { name: '4 KiB messages, 8 × 4', connections: 8, streams: 4, path: '/messages', grpc: false, each: MESSAGES },
];

interface Figure {
  readonly load: string;
  readonly contender: string;
  /** Of a hop, each. */
  readonly cpuUs: number[];
  readonly perSecond: number[];
  failures: number;
}

/** Runs; resolves with the exit code. */
export async function runHttp2Bench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { rounds: { type: 'string' }, seconds: { type: 'string' }, json: { type: 'string' }, source: { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help === true) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const rounds = wholeOption('rounds', values.rounds, ROUNDS_DEFAULT);
  const seconds = wholeOption('seconds', values.seconds, SECONDS_DEFAULT);
  if (!hasPrograms(['haproxy', 'h2load', 'taskset'])) return 2;
  const folder = mkdtempSync(join(tmpdir(), 'sidelight-http2-'));
  const app = await startApp();
  try {
    const call = join(folder, 'call');
    writeFileSync(call, Buffer.concat([Buffer.from([0, 0, 0, 0, 100]), Buffer.alloc(100, 'q')]));
    const arena = await startArena(benchProgram(values.source), app, 'http2');
    try {
      pin(app.pid, APP_CORE);
      for (const { pids } of arena.contenders) for (const pid of pids) pin(pid, PROXY_CORE);
      const figures = await runRounds(arena.contenders, call, rounds, seconds);
      publish(print(figures, rounds, seconds), { machine: machineLine(), rounds, seconds, figures }, values.json);
      return figures.some(({ failures }) => failures > 0) ? 1 : 0;
    } finally {
      await arena.stop();
    }
  } finally {
    app.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startApp(): Promise<{ readonly port: number; readonly pid: number; stop(): void }> {
  const [port = 0] = await freePorts(1);
  const child = spawn(process.execPath, [APP, String(port), String(MESSAGES)], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', () => reject(new Error('the app of the bench ended')));
  });
  return { port, pid: child.pid ?? -1, stop: () => void child.kill('SIGKILL') };
}

async function runRounds(contenders: readonly Contender[], call: string, rounds: number, seconds: number): Promise<Figure[]> {
  const figures = LOADS.flatMap((load) => contenders.map((contender) => ({ load, contender, figure: { load: load.name, contender: contender.name, cpuUs: [], perSecond: [], failures: 0 } as Figure })));
  for (const { load, contender } of figures) await h2load(contender.port, { ...load, call: load.grpc ? call : null }, 1);
  for (let round = 1; round <= rounds; round++) {
    process.stderr.write(`round ${round} of ${rounds}\n`);
    for (const { load, contender, figure } of figures) {
      await new Promise((done) => setTimeout(done, SETTLE_MS));
      const before = contender.pids.map(cpuUs);
      const result = await h2load(contender.port, { ...load, call: load.grpc ? call : null }, seconds);
      const spent = contender.pids.reduce((sum, pid, at) => sum + cpuUs(pid) - (before[at] ?? 0), 0);
      figure.cpuUs.push(spent / contender.pids.length / Math.max(1, result.requests * load.each));
      figure.perSecond.push(result.requestsPerSecond * load.each);
      figure.failures += result.failures;
    }
  }
  return figures.map(({ figure }) => figure);
}

function print(figures: readonly Figure[], rounds: number, seconds: number): string {
  const rows = LOADS.flatMap(({ name }) => {
    const own = figures.filter(({ load }) => load === name);
    const peer = own.find(({ contender }) => contender.includes('HAProxy'));
    return own.map(({ contender, cpuUs: cpu, perSecond, failures }) => [
      `${name}: ${contender}`, median(cpu).toFixed(1), Math.round(median(perSecond)).toString(), peer === undefined ? '' : median(cpu.map((us, at) => us / (peer.cpuUs[at] ?? Number.NaN))).toFixed(2), peer === undefined ? '' : median(perSecond.map((rate, at) => rate / (peer.perSecond[at] ?? Number.NaN))).toFixed(2), String(failures),
    ]);
  });
  return `${machineLine()}; ${rounds} interleaved rounds of ${seconds} s, medians\n\n${markdownTable([['load', 'CPU µs each and hop', 'each/s', 'CPU to HAProxy', 'rate to HAProxy', 'failures'], ...rows])}`;
}
