/** Load on one port: as fast as answers come (wrk), or at a fixed rate (our own generator, since wrk has no open loop). */
import { spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

const BUN = fileURLToPath(new URL('../../node_modules/.bin/bun', import.meta.url));
const OPEN_LOOP = fileURLToPath(new URL('open-loop.ts', import.meta.url));

export interface LoadResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Answers other than 200, broken connections, and requests that could not be sent in time. */
  readonly failures: number;
}

/** The generator gets a core of its own where there is one. */
async function runPinned(command: string, args: readonly string[]): Promise<string> {
  const pinned = cpus().length > 1;
  const child = spawn(pinned ? 'taskset' : command, pinned ? ['-c', '1', command, ...args] : [...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  const code = await new Promise((done) => void child.once('close', done));
  if (out === '') throw new Error(`${command} gave nothing and ended with code ${String(code)}`);
  return out;
}

/** µs in a number with a unit, as wrk prints times. */
function wrkUs(text: string | undefined): number {
  const [, value = '', unit = ''] = /^([\d.]+)(us|ms|s)$/.exec(text ?? '') ?? [];
  const factor = { us: 1, ms: 1_000, s: 1_000_000 }[unit];
  return factor === undefined ? Number.NaN : Number(value) * factor;
}

/** Reads what `wrk --latency` prints. */
export function parseWrk(out: string, seconds: number): LoadResult {
  const requests = Number(/^\s*(\d+) requests in/m.exec(out)?.[1]);
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(out)?.slice(1).map(Number) ?? [];
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(out)?.[1] ?? 0);
  return {
    requests,
    requestsPerSecond: requests / seconds,
    p50Us: wrkUs(/^\s*50%\s+(\S+)/m.exec(out)?.[1]),
    p99Us: wrkUs(/^\s*99%\s+(\S+)/m.exec(out)?.[1]),
    failures: errors.reduce((sum, count) => sum + count, refused),
  };
}

export async function closedLoop(port: number, connections: number, seconds: number): Promise<LoadResult> {
  return parseWrk(await runPinned('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', `http://127.0.0.1:${port}/bench`]), seconds);
}

export async function fixedRate(port: number, connections: number, seconds: number, rate: number, path = '/bench'): Promise<LoadResult> {
  const out = await runPinned(BUN, [OPEN_LOOP, String(port), String(rate), String(connections), String(seconds), path]);
  const report = JSON.parse(out) as { requests: number; failed: number; skipped: number; p50Us: number; p99Us: number; rate: number };
  return { requests: report.requests, requestsPerSecond: report.rate, p50Us: report.p50Us, p99Us: report.p99Us, failures: report.failed + report.skipped };
}
