/** `npm run bench -- fairness`: small requests on one mesh link beside a reader that stops, a large body and an opaque stream. */
import { spawn, type ChildProcess } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { wholeOption } from '../test/arguments.ts';
import { Pair } from '../test/pair.ts';
import { startBodyApp } from './body-process.ts';
import { fixedRate, type LoadResult } from './load.ts';
import { machineLine } from './machine.ts';
import { memoryOf } from './process-cost.ts';
import { median } from './statistics.ts';
import { markdownTable, publish } from './table.ts';

const BUN = fileURLToPath(new URL('../../node_modules/.bin/bun', import.meta.url));
const CLIENT = fileURLToPath(new URL('body-client.ts', import.meta.url));
const ROUNDS_DEFAULT = 3;
const SECONDS_DEFAULT = 8;
const RATE = 500;
const CONNECTIONS = 16;
const SMALL = '/1024';
const BODY_BYTES = 2 ** 30;
const SETTLE_MS = 500;
/** The bar: small requests beside bulk take at most so many times as long as alone. */
const P99_RATIO_MAX = 2;
const USAGE = 'npm run bench -- fairness [--rounds N] [--seconds S] [--json FILE]';

const settle = (): Promise<void> => new Promise((done) => setTimeout(done, SETTLE_MS));

/** Reads bodies of 1 GiB one after another until it is told to stop; counts them. */
class Bulk {
  #child: ChildProcess | null = null;
  #stopped = false;
  whole = 0;

  start(port: number): this {
    const child = spawn(BUN, [CLIENT, String(port), String(BODY_BYTES)], { stdio: 'ignore' });
    this.#child = child;
    child.once('close', (code) => {
      if (code === 0) this.whole++;
      if (!this.#stopped) this.start(port);
    });
    return this;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const child = this.#child;
    if (child === null || child.exitCode !== null) return;
    const ended = new Promise((done) => void child.once('close', done));
    child.kill('SIGKILL');
    await ended;
  }
}

/** Asks for a large body and reads nothing of it. */
function startStopped(port: number): Socket {
  const socket = connect(port, '127.0.0.1', () => void socket.write(`GET /${BODY_BYTES} HTTP/1.1\r\nHost: stopped\r\n\r\n`));
  socket.on('error', () => undefined);
  return socket.pause();
}

interface Round {
  readonly quiet: LoadResult;
  readonly beside: LoadResult;
  readonly bodies: number;
  /** Most resident memory of either proxy over that before. */
  readonly grewKib: number;
}

async function runRound(pair: Pair<'app' | 'raw'>, seconds: number): Promise<Round> {
  const small = (): Promise<LoadResult> => fixedRate(pair.out.app, CONNECTIONS, seconds, RATE, SMALL);
  await settle();
  const quiet = await small();
  const pids = [pair.web.pid, pair.cart.pid];
  const before = pids.map((pid) => memoryOf(pid).residentKib);
  const stopped = startStopped(pair.out.app);
  const bulk = [new Bulk().start(pair.out.app), new Bulk().start(pair.out.raw)];
  await settle();
  const beside = await small();
  const grewKib = Math.max(...pids.map((pid, at) => memoryOf(pid).residentKib - (before[at] ?? 0)));
  await Promise.all(bulk.map((one) => one.stop()));
  stopped.destroy();
  return { quiet, beside, grewKib, bodies: bulk.reduce((sum, { whole }) => sum + whole, 0) };
}

/** Runs; resolves with the exit code: 1 when a small request failed or the bar is missed. */
export async function runFairnessBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { rounds: { type: 'string' }, seconds: { type: 'string' }, json: { type: 'string' }, help: { type: 'boolean' } } });
  if (values.help === true) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const count = wholeOption('rounds', values.rounds, ROUNDS_DEFAULT);
  const seconds = wholeOption('seconds', values.seconds, SECONDS_DEFAULT);
  const app = await startBodyApp();
  const pair = await Pair.start({ app: { port: app.port, protocol: 'http1' }, raw: { port: app.secondPort, protocol: 'opaque' } }, { linksMax: 1 });
  try {
    const rounds: Round[] = [];
    for (let at = 0; at < count; at++) rounds.push(await runRound(pair, seconds));
    const middle = (value: (round: Round) => number): number => median(rounds.map(value));
    const ratio = middle(({ quiet, beside }) => beside.p99Us / quiet.p99Us);
    const failures = rounds.reduce((sum, { quiet, beside }) => sum + quiet.failures + beside.failures, 0);
    const report = { machine: machineLine(), date: new Date().toISOString().slice(0, 10), rate: RATE, seconds, ratio, failures, rounds };
    const row = (name: string, of: (round: Round) => LoadResult): string[] => [name, middle((round) => of(round).p50Us).toFixed(0), middle((round) => of(round).p99Us).toFixed(0)];
    const table = markdownTable([[`${RATE} requests/s of 1 KiB on one link`, 'p50 µs', 'p99 µs'], row('alone', ({ quiet }) => quiet), row('beside a stopped reader, 1 GiB bodies and an opaque stream', ({ beside }) => beside)]);
    const facts = `p99 ratio ${ratio.toFixed(2)} (median of ${count} rounds of ${seconds} s), ${failures} failed, ${rounds.reduce((sum, { bodies }) => sum + bodies, 0)} bodies of 1 GiB meanwhile, resident memory grew by at most ${(Math.max(...rounds.map(({ grewKib }) => grewKib)) / 1_024).toFixed(1)} MiB`;
    publish(`${table}\n\n${facts}\n${report.date}, ${report.machine}`, report, values.json);
    return failures > 0 || ratio > P99_RATIO_MAX ? 1 : 0;
  } finally {
    await pair.stop();
    await app.stop();
  }
}
