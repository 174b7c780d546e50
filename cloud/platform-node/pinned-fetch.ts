/**
 * The guarded fetch on Node: resolves the name, checks every address, and connects to one of those and no other, so that
 * a name that changes its mind between check and connect leads nowhere.
 */
import { lookup } from 'node:dns/promises';
import { request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import type { GuardedFetch } from '../alerts/deliver.ts';
import { checkAddresses, checkUrl } from '../alerts/outbound.ts';
import type { OutboundAllow, OutboundTarget } from '../alerts/outbound.ts';

export interface Resolved {
  readonly address: string;
  readonly family: number;
}
export type Resolve = (host: string) => Promise<readonly Resolved[]>;

/** An address that webhooks may not reach. */
export class OutboundRefused extends Error {
  override readonly name = 'OutboundRefused';
}

/** Bytes of an answer's head; Node refuses more. */
const HEAD_BYTES_MAX = 16_384;

/** Always manual redirects, a connection per request, no proxy from the environment. */
export function pinnedFetch(allow: OutboundAllow, resolve: Resolve = resolveAll): GuardedFetch {
  const fetch = async (url: URL, init: Parameters<GuardedFetch>[1]): Promise<Response> => {
    const check = checkUrl(url.href, allow);
    if (check.kind === 'refused') throw new OutboundRefused(check.message);
    const pinned = await pin(check.target, allow, resolve, init.signal);
    return exchange(check.target, pinned, init);
  };
  return Object.assign(fetch, { guarded: true as const });
}

async function resolveAll(host: string): Promise<readonly Resolved[]> {
  return lookup(host, { all: true, verbatim: true });
}

async function pin(target: OutboundTarget, allow: OutboundAllow, resolve: Resolve, signal: AbortSignal): Promise<readonly Resolved[]> {
  if (target.literal) return [{ address: target.host, family: target.host.includes(':') ? 6 : 4 }];
  const addresses = await abortable(resolve(target.host), signal);
  const check = checkAddresses(target, addresses.map(({ address }) => address), allow);
  if (check.kind === 'refused') throw new OutboundRefused(check.message);
  return addresses;
}

/** The system's resolver can't be stopped; its answer comes too late then. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((done, fail) => {
    const stop = (): void => fail(signal.reason instanceof Error ? signal.reason : new Error('stopped'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(done, fail).finally(() => signal.removeEventListener('abort', stop));
  });
}

function exchange(target: OutboundTarget, pinned: readonly Resolved[], init: Parameters<GuardedFetch>[1]): Promise<Response> {
  return new Promise((done, fail) => {
    const request = start(target, {
      method: init.method,
      agent: false,
      headers: { ...init.headers, connection: 'close', 'content-length': String(Buffer.byteLength(init.body)) },
      lookup: lookupOf(pinned),
      maxHeaderSize: HEAD_BYTES_MAX,
      signal: init.signal,
    }, (incoming) => done(toResponse(incoming)));
    request.on('error', (fault) => fail(new Error(connectFault(fault), { cause: fault })));
    request.end(init.body);
  });
}

function start(target: OutboundTarget, options: RequestOptions, answered: (incoming: IncomingMessage) => void): ClientRequest {
  return target.url.protocol === 'https:' ? httpsRequest(target.url, options, answered) : httpRequest(target.url, options, answered);
}

function lookupOf(pinned: readonly Resolved[]): LookupFunction {
  return (_host, options, callback) => {
    const [first] = pinned;
    if (first === undefined) callback(new Error('no address'), '', 0);
    else if (options.all === true) callback(null, pinned.map(({ address, family }) => ({ address, family })));
    else callback(null, first.address, first.family);
  };
}

const BODILESS = new Set([204, 205, 304]);

function toResponse(incoming: IncomingMessage): Response {
  const code = incoming.statusCode ?? 0;
  // Outside of what a Response can carry: as good as no answer.
  const status = code >= 200 && code <= 599 ? code : 502;
  const headers = new Headers();
  const retryAfter = incoming.headers['retry-after'];
  if (retryAfter !== undefined) headers.set('retry-after', retryAfter);
  if (!BODILESS.has(status)) return new Response(bodyOf(incoming), { status, headers });
  incoming.resume();
  return new Response(null, { status, headers });
}

/** The answer as a stream of bytes; cancelling it closes the connection. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  incoming.on('error', () => undefined);
  return Readable.toWeb(incoming) as ReadableStream<Uint8Array>;
}

/** Happy eyeballs wraps the faults of all addresses in one without a message. */
function connectFault(fault: Error): string {
  const inner = fault instanceof AggregateError ? fault.errors.map((each) => (each instanceof Error ? each.message : String(each))).join('; ') : '';
  return fault.message || inner || 'the connection failed';
}
