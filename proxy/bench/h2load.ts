/** HTTP/2 load on one port as fast as answers come, by nghttp2's h2load. */
import { spawn } from 'node:child_process';
import { cpus } from 'node:os';

export interface H2Load {
  readonly connections: number;
  readonly streams: number;
  readonly path: string;
  /** Sends this file as a POST of gRPC; null: GET. */
  readonly call: string | null;
}

export interface H2LoadResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Requests that didn't end with 200. */
  readonly failures: number;
}

/** Reads what h2load prints. */
export function parseH2load(out: string): H2LoadResult {
  const rate = /finished in [\d.]+m?s, ([\d.]+) req\/s/.exec(out)?.[1];
  const [, done = '0', succeeded = '0', failed = '0', errored = '0'] = /(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored/.exec(out) ?? [];
  if (rate === undefined) throw new Error(`h2load printed no result:\n${out}`);
  return { requests: Number(succeeded), requestsPerSecond: Number(rate), failures: Number(failed) + Number(errored) + (done === '0' ? 1 : 0) };
}

export async function h2load(port: number, { connections, streams, path, call }: H2Load, seconds: number): Promise<H2LoadResult> {
  const headers = call === null ? [] : ['-d', call, '-H', 'content-type: application/grpc', '-H', 'te: trailers'];
  const args = ['-t1', `-c${connections}`, `-m${streams}`, '-D', String(seconds), ...headers, `http://127.0.0.1:${port}${path}`];
  const pinned = cpus().length > 1;
  const child = spawn(pinned ? 'taskset' : 'h2load', pinned ? ['-c', '1', 'h2load', ...args] : args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  await new Promise((done) => void child.once('close', done));
  return parseH2load(out);
}
