/**
 * The load generator: `node infra/demo/load.ts CONFIG.json`. A caller outside the mesh that sends an open loop of requests to
 * a plain-text listener, and writes a line of counts to its log every 10 s.
 */
import { readFile } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { splitAddress } from '../mesh/processes.ts';
import { fillPath } from './behaviour.ts';

export interface LoadConfig {
  readonly target: string;
  readonly requestsPerSecond: number;
  /** Sent in turn by weight. */
  readonly requests: readonly { readonly method: 'GET' | 'POST'; readonly path: string; readonly weight: number }[];
}

/** More than this many unanswered requests: the next ones are left out and counted. */
const OPEN_MAX = 200;
const REQUEST_MS_MAX = 10_000;
const REPORT_MS = 10_000;
/** Longer than all but a hanging answer takes. */
const STOP_MS_MAX = 3_000;

const config = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as LoadConfig;
const agent = new Agent({ keepAlive: true, maxSockets: OPEN_MAX });
const { host, port } = splitAddress(config.target);
const counts = { sent: 0, ok: 0, failed: 0, leftOut: 0 };
let open = 0;
let stopping = false;

function send(): void {
  if (open >= OPEN_MAX) {
    counts.leftOut += 1;
    return;
  }
  const { method, path } = choose();
  open += 1;
  counts.sent += 1;
  const finish = (ok: boolean): void => {
    open -= 1;
    counts[ok ? 'ok' : 'failed'] += 1;
  };
  const request = httpRequest({ agent, host, port, method, path: fillPath(path, Math.random), headers: { host: 'demo.example' }, timeout: REQUEST_MS_MAX });
  request.on('response', (response) => {
    response.resume();
    response.once('close', () => finish(response.complete && (response.statusCode ?? 500) < 500));
  });
  request.once('timeout', () => request.destroy());
  request.once('error', () => finish(false));
  request.end(method === 'POST' ? '{"items":3}' : undefined);
}

function choose(): LoadConfig['requests'][number] {
  let rest = Math.random() * config.requests.reduce((sum, entry) => sum + entry.weight, 0);
  const chosen = config.requests.find((entry) => (rest -= entry.weight) < 0) ?? config.requests[0];
  if (chosen === undefined) throw new Error('the load needs at least one request');
  return chosen;
}

/** Exponential gaps, as independent callers make them. */
function next(): void {
  if (stopping) return;
  send();
  setTimeout(next, (-Math.log(1 - Math.random()) * 1000) / config.requestsPerSecond);
}

next();
setInterval(() => process.stdout.write(`${new Date().toISOString()} ${JSON.stringify({ ...counts, open })}\n`), REPORT_MS);
/** Answers that are on their way are waited for, so that the stop breaks no request. */
function stop(): void {
  stopping = true;
  setTimeout(() => process.exit(0), STOP_MS_MAX);
  setInterval(() => { if (open === 0) process.exit(0); }, 10);
}
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, stop);
