/** Nonces in pipelines: some requests in one write on one connection, their answers read in order (RFC 9112 §9.3.2). */
import { connect } from 'node:net';
import type { NonceClient, Outcome } from './nonce-client.ts';
import { type NonceRequest, isNonceBody, nonceBody } from './nonce.ts';

/** Requests in one pipeline. */
export const DEPTH_MAX = 4;

interface Waiting {
  readonly asked: NonceRequest;
  readonly settle: (outcome: Outcome) => void;
}

/** Requests that are sent in the same turn share connections. `limitMs`: what takes longer has hung. */
export function openPipelineClient(port: number, limitMs: number): NonceClient {
  let queue: Waiting[] = [];
  const flush = (): void => {
    const batch = queue;
    queue = [];
    for (let at = 0; at < batch.length; at += DEPTH_MAX) sendPipeline(port, limitMs, batch.slice(at, at + DEPTH_MAX));
  };
  return {
    send: (asked) => new Promise((settle) => {
      if (queue.length === 0) setImmediate(flush);
      queue.push({ asked, settle });
    }),
    close: () => undefined,
  };
}

function sendPipeline(port: number, limitMs: number, batch: readonly Waiting[]): void {
  const left = [...batch];
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let held: Buffer = Buffer.alloc(0);
  const give = (outcome: Outcome): void => {
    clearTimeout(timer);
    for (const { settle } of left.splice(0)) settle(outcome);
    socket.destroy();
  };
  const timer = setTimeout(() => give('hung'), limitMs);
  socket.on('data', (bytes: Buffer) => {
    held = Buffer.concat([held, bytes]);
    for (let answer = readAnswer(held); answer !== null && left[0] !== undefined; answer = readAnswer(held)) {
      held = held.subarray(answer.end);
      const first = left.shift();
      first?.settle(judge(answer, first.asked));
    }
    if (left.length === 0) give('broken');
  });
  socket.on('error', () => give('broken'));
  socket.on('close', () => give('broken'));
  socket.write(Buffer.concat(batch.map(({ asked }) => requestBytes(asked))));
}

function requestBytes({ nonce, method, requestBytes: length, answerBytes, chunked, closes }: NonceRequest): Buffer {
  const body = nonceBody(nonce, length);
  const framing = length === 0 ? [] : chunked ? ['transfer-encoding: chunked'] : [`content-length: ${length}`];
  const lines = [`${method} /nonce/${nonce} HTTP/1.1`, 'host: nonce', `x-nonce: ${nonce}`, `x-request-bytes: ${length}`, `x-answer-bytes: ${answerBytes}`, `x-chunked: ${chunked ? 'yes' : 'no'}`, `x-closes: ${String(closes)}`, ...framing];
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
  if (!chunked || length === 0) return Buffer.concat([head, body]);
  return Buffer.concat([head, Buffer.from(`${length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')]);
}

interface Answer {
  readonly status: number;
  readonly nonce: string | null;
  readonly body: Buffer;
  /** Where it ends in what is held. */
  readonly end: number;
}

/** The first whole answer in these bytes, or null. One without a length ends with the connection, and never is whole here. */
function readAnswer(held: Buffer): Answer | null {
  const headEnd = held.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const head = held.subarray(0, headEnd).toString('latin1');
  const field = (name: string): string | null => new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i').exec(head)?.[1]?.trim() ?? null;
  const facts = { status: Number(head.slice(9, 12)), nonce: field('x-nonce') };
  const at = headEnd + 4;
  if (field('transfer-encoding') === 'chunked') {
    const chunked = readChunks(held, at);
    return chunked === null ? null : { ...facts, ...chunked };
  }
  const length = Number(field('content-length') ?? Number.NaN);
  return held.length >= at + length ? { ...facts, body: held.subarray(at, at + length), end: at + length } : null;
}

function readChunks(held: Buffer, start: number): { readonly body: Buffer; readonly end: number } | null {
  const parts: Buffer[] = [];
  for (let at = start; ;) {
    const line = held.indexOf('\r\n', at);
    if (line < 0) return null;
    const size = Number.parseInt(held.subarray(at, line).toString('latin1'), 16);
    const next = line + 2 + size + 2;
    if (!(held.length >= next)) return null;
    if (size === 0) return { body: Buffer.concat(parts), end: next };
    parts.push(held.subarray(line + 2, line + 2 + size));
    at = next;
  }
}

function judge({ status, nonce, body }: Answer, asked: NonceRequest): Outcome {
  if (nonce === null && status >= 400) return 'refused';
  if (nonce !== asked.nonce) return 'swapped';
  return isNonceBody(body, asked.nonce, asked.answerBytes) ? 'answered' : 'damaged';
}
