/** Sends nonces through the proxies and judges what comes back. It never sends anything twice by itself. */
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { type NonceRequest, isNonceBody, nonceBody } from './nonce.ts';

export const OUTCOMES = ['answered', 'refused', 'broken', 'hung', 'swapped', 'damaged'] as const;
/**
 * `answered`: whole and right. `refused`: an honest error status. `broken`: the connection ended before the answer did.
 * `hung`: none of these in time. `swapped`: somebody else's answer. `damaged`: called whole, but not what was sent.
 */
export type Outcome = (typeof OUTCOMES)[number];

/** Connections that one client keeps. */
const CONNECTIONS_MAX = 8;

export interface NonceClient {
  /** Sends one request; `port` is where the proxy (or a relay before it) listens. Never throws. */
  send(asked: NonceRequest): Promise<Outcome>;
  /** All its connections have been cut: it may take a busy machine a while to tell it. */
  forget?(): void;
  close(): void;
}

/** HTTP/1.1 over kept connections, by Node's own client. `limitMs`: what takes longer has hung. */
export function openHttpClient(port: number, limitMs: number): NonceClient {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX });
  return { send: (asked) => within(limitMs, (settle) => sendHttp(agent, port, asked, settle)), close: () => agent.destroy() };
}

export type Settle = (outcome: Outcome) => void;

/** Judges within a time; `start` returns how to give up. */
export function within(limitMs: number, start: (settle: Settle) => () => void): Promise<Outcome> {
  return new Promise((done) => {
    let giveUp = (): void => undefined;
    const timer = setTimeout(() => {
      done('hung');
      giveUp();
    }, limitMs);
    giveUp = start((outcome) => {
      clearTimeout(timer);
      done(outcome);
    });
  });
}

function sendHttp(agent: Agent, port: number, asked: NonceRequest, settle: Settle): () => void {
  const { nonce, method, requestBytes, answerBytes, chunked, closes, expects } = asked;
  const framing = chunked || requestBytes === 0 ? {} : { 'content-length': requestBytes };
  const close = closes === 'client' ? { connection: 'close' } : { 'x-closes': String(closes) };
  const headers = { 'x-nonce': nonce, 'x-request-bytes': requestBytes, 'x-answer-bytes': answerBytes, 'x-chunked': chunked ? 'yes' : 'no', ...framing, ...close, ...(expects ? { expect: '100-continue' } : {}) };
  const sent = request({ agent, port, host: '127.0.0.1', method, path: `/nonce/${nonce}`, headers });
  sent.on('error', () => settle('broken'));
  sent.on('response', (response) => readHttp(response, asked, settle));
  const sendBody = (): void => {
    if (requestBytes > 0) sent.write(nonceBody(nonce, requestBytes));
    sent.end();
  };
  if (expects) sent.once('continue', sendBody).flushHeaders();
  else sendBody();
  return () => sent.destroy();
}

function readHttp(response: IncomingMessage, { nonce, answerBytes }: NonceRequest, settle: Settle): void {
  const parts: Buffer[] = [];
  response.on('data', (part: Buffer) => void parts.push(part));
  response.on('error', () => settle('broken'));
  response.on('close', () => {
    if (!response.complete) return settle('broken');
    const theirs = response.headers['x-nonce'];
    if (theirs === undefined && (response.statusCode ?? 0) >= 400) return settle('refused');
    if (theirs !== nonce) return settle('swapped');
    settle(isNonceBody(Buffer.concat(parts), nonce, answerBytes) ? 'answered' : 'damaged');
  });
}

/** One connection a request, over opaque TCP; half of them end their side at once, as many clients do. */
export function openTcpClient(port: number, limitMs: number): NonceClient {
  return { send: (asked) => within(limitMs, (settle) => sendTcp(port, asked, settle)), close: () => undefined };
}

function sendTcp(port: number, { nonce, requestBytes, answerBytes, chunked }: NonceRequest, settle: Settle): () => void {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const expected = Buffer.concat([Buffer.from(`${nonce} ${answerBytes}\n`), nonceBody(nonce, answerBytes)]);
  const parts: Buffer[] = [];
  let length = 0;
  const judge = (outcome: Outcome): void => {
    settle(outcome);
    socket.destroy();
  };
  socket.on('data', (part: Buffer) => {
    parts.push(part);
    length += part.length;
    const wrong = wrongFrom(Buffer.concat(parts), expected);
    if (wrong !== null) judge(wrong);
    else if (length === expected.length) judge('answered');
  });
  socket.on('error', () => judge('broken'));
  socket.on('end', () => judge('broken'));
  socket.on('close', () => settle('broken'));
  socket.write(Buffer.concat([Buffer.from(`${nonce} ${requestBytes} ${answerBytes}\n`), nonceBody(nonce, requestBytes)]));
  if (chunked) socket.end();
  return () => socket.destroy();
}

/** Null while what came is the beginning of what must come. */
function wrongFrom(came: Buffer, expected: Buffer): Outcome | null {
  if (came.equals(expected.subarray(0, came.length))) return null;
  const line = expected.indexOf('\n') + 1;
  return came.subarray(0, line).equals(expected.subarray(0, Math.min(line, came.length))) ? 'damaged' : 'swapped';
}
