/** Reads the control plane's messages by the contract in `wire/orders.ts`. Fields that it doesn't know are left out. Pure. */
import { canonicalIp } from '../wire/ip.ts';
import { PORT_PROTOCOLS, VIRTUAL_SERVICES_MAX, type Destination, type Endpoint, type FromControl, type InboundPort, type OutboundListener, type ProxyOrders, type ServicePort, type SocketAddress, type TransparentOrders, type VirtualService } from '../wire/orders.ts';
import { decodeTapSessions, decodeTelemetry } from './decode-telemetry.ts';
import { decodePolicy } from './policy.ts';
import { asList, asObject, asOneOf, asString, asWhole, ifThere, orNull, ShapeError, type Fields } from './shape.ts';

/** Explicit listeners, app ports and endpoints per listener that one proxy takes. */
export const LISTENERS_MAX = 1_000;
export const ENDPOINTS_MAX = 10_000;
/** Addresses of one workload or service; dual stack needs two. */
const ADDRESSES_MAX = 64;
const OWN_PORTS_MAX = 64;
/** More than this beside the usual 1 is another service. */
const WEIGHT_MAX = 10_000;
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
    ...ifThere('zone', fields, path, zone),
    ...ifThere('weight', fields, path, weight),
  };
}

const zone = (value: unknown, path: string) => asString(value, path, 64);

function weight(value: unknown, path: string): number {
  if (typeof value !== 'number' || !(value > 0 && value <= WEIGHT_MAX)) throw new ShapeError(path, `a number above 0, at most ${WEIGHT_MAX}`, value);
  return value;
}

const protocol = (value: unknown, path: string) => asOneOf(value, path, PORT_PROTOCOLS);

function servicePort(value: unknown, path: string): ServicePort {
  const fields = asObject(value, path);
  return {
    service: asString(fields['service'], `${path}.service`),
    port: asWhole(fields['port'], `${path}.port`, 1, 65_535),
    protocol: protocol(fields['protocol'], `${path}.protocol`),
    endpoints: asList(fields['endpoints'], `${path}.endpoints`, ENDPOINTS_MAX, endpoint),
    ...ifThere('policy', fields, path, decodePolicy),
  };
}

function outboundListener(value: unknown, path: string): OutboundListener {
  return { listen: address(asObject(value, path)['listen'], `${path}.listen`), ...servicePort(value, path) };
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

const port = (value: unknown, path: string): number => asWhole(value, path, 1, 65_535);

function ip(value: unknown, path: string): string {
  const canonical = canonicalIp(asString(value, path, 64));
  if (canonical === null) throw new ShapeError(path, 'an IP address', value);
  return canonical;
}

function virtualService(value: unknown, path: string): VirtualService {
  const fields = asObject(value, path);
  return { addresses: asList(fields['addresses'], `${path}.addresses`, ADDRESSES_MAX, ip), to: servicePort(fields['to'], `${path}.to`) };
}

function transparentOrders(value: unknown, path: string): TransparentOrders {
  const fields = asObject(value, path);
  return {
    addresses: asList(fields['addresses'], `${path}.addresses`, ADDRESSES_MAX, ip),
    outboundPort: port(fields['outboundPort'], `${path}.outboundPort`),
    plainPort: port(fields['plainPort'], `${path}.plainPort`),
    ownPorts: asList(fields['ownPorts'], `${path}.ownPorts`, OWN_PORTS_MAX, port),
    services: asList(fields['services'], `${path}.services`, VIRTUAL_SERVICES_MAX, virtualService),
    discovery: fields['discovery'] === true,
  };
}

function destination(value: unknown, path: string): Destination {
  const fields = asObject(value, path);
  const kind = asOneOf(fields['kind'], `${path}.kind`, ['service', 'endpoint', 'external']);
  switch (kind) {
    case 'service':
      return { kind, to: servicePort(fields['to'], `${path}.to`) };
    case 'endpoint':
      return {
        kind,
        service: asString(fields['service'], `${path}.service`),
        protocol: protocol(fields['protocol'], `${path}.protocol`),
        endpoint: endpoint(fields['endpoint'], `${path}.endpoint`),
      };
    case 'external':
      return { kind };
    default:
      return kind satisfies never;
  }
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
    ...ifThere('zone', fields, path, zone),
    ...ifThere('telemetry', fields, path, decodeTelemetry),
    ...(fields['transparent'] === undefined ? {} : { transparent: transparentOrders(fields['transparent'], `${path}.transparent`) }),
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
  welcome: (fields) => ({
    kind: 'welcome',
    version: asWhole(fields['version'], 'version', 1),
    ...(fields['takesRediscover'] === true ? { takesRediscover: true } : {}),
  }),
  orders: (fields) => ({ kind: 'orders', orders: decodeOrders(fields['orders']) }),
  tick: (fields) => ({
    kind: 'tick',
    tick: asWhole(fields['tick'], 'tick'),
    tickMs: asWhole(fields['tickMs'], 'tickMs', 1, TICK_MS_MAX),
    elapsedMs: asElapsed(fields['elapsedMs']),
  }),
  acknowledge: (fields) => ({ kind: 'acknowledge', sequence: asWhole(fields['sequence'], 'sequence') }),
  bundle: (fields) => ({ kind: 'bundle', trustBundle: asString(fields['trustBundle'], 'trustBundle', PEM_LENGTH_MAX) }),
  tap: (fields) => ({ kind: 'tap', sessions: decodeTapSessions(fields['sessions'], 'sessions') }),
  renew: (fields) => ({ kind: 'renew', withinMs: asWhole(fields['withinMs'], 'withinMs', 0, RENEW_MS_MAX) }),
  resolved: (fields) => ({ kind: 'resolved', address: address(fields['address'], 'address'), destination: destination(fields['destination'], 'destination') }),
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
