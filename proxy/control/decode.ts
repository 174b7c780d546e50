/** Reads the control plane's messages by the contract in `wire/orders.ts`. Fields that it doesn't know are left out. Pure. */
import type { Endpoint, FromControl, InboundPort, OutboundListener, ProxyOrders, SocketAddress } from '../wire/orders.ts';
import { asList, asObject, asOneOf, asString, asWhole, orNull, ShapeError, type Fields } from './shape.ts';

/** Explicit listeners, app ports and endpoints per listener that one proxy takes. */
export const LISTENERS_MAX = 1_000;
export const ENDPOINTS_MAX = 10_000;
const PEM_LENGTH_MAX = 256 * 1024;
const TICK_MS_MAX = 3_600_000;
const RENEW_MS_MAX = 24 * 3_600_000;

export type Decoded =
  | { readonly kind: 'message'; readonly message: FromControl }
  /** A kind of a newer version: left out and counted. */
  | { readonly kind: 'unknown'; readonly name: string }
  | { readonly kind: 'invalid'; readonly reason: string };

const IP = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]*:[0-9a-f:.]+)$/i;

function address(value: unknown, path: string): SocketAddress {
  const fields = asObject(value, path);
  const host = asString(fields['host'], `${path}.host`, 64);
  if (!IP.test(host)) throw new ShapeError(`${path}.host`, 'an IP address', host);
  return { host, port: asWhole(fields['port'], `${path}.port`, 1, 65_535) };
}

function endpoint(value: unknown, path: string): Endpoint {
  const fields = asObject(value, path);
  return {
    address: address(fields['address'], `${path}.address`),
    workload: asString(fields['workload'], `${path}.workload`),
    instance: asString(fields['instance'], `${path}.instance`),
    mesh: orNull(fields['mesh'], `${path}.mesh`, (mesh, at) => {
      const hop = asObject(mesh, at);
      return { address: address(hop['address'], `${at}.address`), identity: asString(hop['identity'], `${at}.identity`) };
    }),
  };
}

const protocol = (value: unknown, path: string) => asOneOf(value, path, ['http1', 'opaque']);

function outboundListener(value: unknown, path: string): OutboundListener {
  const fields = asObject(value, path);
  return {
    listen: address(fields['listen'], `${path}.listen`),
    service: asString(fields['service'], `${path}.service`),
    port: asWhole(fields['port'], `${path}.port`, 1, 65_535),
    protocol: protocol(fields['protocol'], `${path}.protocol`),
    endpoints: asList(fields['endpoints'], `${path}.endpoints`, ENDPOINTS_MAX, endpoint),
  };
}

function inboundPort(value: unknown, path: string): InboundPort {
  const fields = asObject(value, path);
  return {
    target: address(fields['target'], `${path}.target`),
    services: asList(fields['services'], `${path}.services`, LISTENERS_MAX, (service, at) => asString(service, at)),
    protocol: protocol(fields['protocol'], `${path}.protocol`),
    plain: orNull(fields['plain'], `${path}.plain`, address),
  };
}

/** Orders out of JSON. Throws `ShapeError`. */
export function decodeOrders(value: unknown, path = 'orders'): ProxyOrders {
  const fields = asObject(value, path);
  const inbound = asObject(fields['inbound'], `${path}.inbound`);
  return {
    revision: asWhole(fields['revision'], `${path}.revision`),
    workload: asString(fields['workload'], `${path}.workload`),
    trustDomain: asString(fields['trustDomain'], `${path}.trustDomain`),
    inbound: {
      mesh: address(inbound['mesh'], `${path}.inbound.mesh`),
      ports: asList(inbound['ports'], `${path}.inbound.ports`, LISTENERS_MAX, inboundPort),
      policy: asOneOf(inbound['policy'], `${path}.inbound.policy`, ['all-unauthenticated', 'all-authenticated']),
    },
    outbound: asList(fields['outbound'], `${path}.outbound`, LISTENERS_MAX, outboundListener),
  };
}

const instant = (value: unknown, path: string): string => {
  const text = asString(value, path);
  if (Number.isNaN(Date.parse(text))) throw new ShapeError(path, 'a time by ISO 8601', value);
  return text;
};

/** One reader per kind: a kind without one doesn't compile. */
const READERS: { readonly [Kind in FromControl['kind']]: (fields: Fields) => Extract<FromControl, { kind: Kind }> } = {
  certified: (fields) => ({
    kind: 'certified',
    certificateChain: asString(fields['certificateChain'], 'certificateChain', PEM_LENGTH_MAX),
    trustBundle: asString(fields['trustBundle'], 'trustBundle', PEM_LENGTH_MAX),
    notAfter: instant(fields['notAfter'], 'notAfter'),
  }),
  refused: (fields) => ({ kind: 'refused', code: asString(fields['code'], 'code'), message: asString(fields['message'], 'message', 8_192) }),
  welcome: (fields) => ({ kind: 'welcome', version: asWhole(fields['version'], 'version', 1) }),
  orders: (fields) => ({ kind: 'orders', orders: decodeOrders(fields['orders']) }),
  tick: (fields) => ({
    kind: 'tick',
    tick: asWhole(fields['tick'], 'tick'),
    tickMs: asWhole(fields['tickMs'], 'tickMs', 1, TICK_MS_MAX),
    elapsedMs: asElapsed(fields['elapsedMs']),
  }),
  acknowledge: (fields) => ({ kind: 'acknowledge', sequence: asWhole(fields['sequence'], 'sequence') }),
  bundle: (fields) => ({ kind: 'bundle', trustBundle: asString(fields['trustBundle'], 'trustBundle', PEM_LENGTH_MAX) }),
  renew: (fields) => ({ kind: 'renew', withinMs: asWhole(fields['withinMs'], 'withinMs', 0, RENEW_MS_MAX) }),
};

/** Ms with a fraction are fine; a tick longer ago than its length as well, when the sender was held up. */
function asElapsed(value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= TICK_MS_MAX)) {
    throw new ShapeError('elapsedMs', `a number from 0 to ${TICK_MS_MAX}`, value);
  }
  return value;
}

/** Reads the text of one frame. */
export function decodeMessage(json: string): Decoded {
  try {
    const fields = asObject(JSON.parse(json), 'message');
    const name = asString(fields['kind'], 'kind');
    if (!Object.hasOwn(READERS, name)) return { kind: 'unknown', name };
    return { kind: 'message', message: READERS[name as FromControl['kind']](fields) };
  } catch (error) {
    if (error instanceof ShapeError || error instanceof SyntaxError) return { kind: 'invalid', reason: error.message };
    throw error;
  }
}
