/** Field names that a proxy asks for, as small numbers: a look-up compares integers. Up to 61 they are indices of HPACK's static table. */
import { ascii } from '../bytes.ts';

/** RFC 7541 appendix A, in order from index 1. */
export const STATIC_TABLE: readonly (readonly [string, string])[] = [
  [':authority', ''], [':method', 'GET'], [':method', 'POST'], [':path', '/'], [':path', '/index.html'], [':scheme', 'http'], [':scheme', 'https'],
  [':status', '200'], [':status', '204'], [':status', '206'], [':status', '304'], [':status', '400'], [':status', '404'], [':status', '500'],
  ['accept-charset', ''], ['accept-encoding', 'gzip, deflate'], ['accept-language', ''], ['accept-ranges', ''], ['accept', ''],
  ['access-control-allow-origin', ''], ['age', ''], ['allow', ''], ['authorization', ''], ['cache-control', ''], ['content-disposition', ''],
  ['content-encoding', ''], ['content-language', ''], ['content-length', ''], ['content-location', ''], ['content-range', ''], ['content-type', ''],
  ['cookie', ''], ['date', ''], ['etag', ''], ['expect', ''], ['expires', ''], ['from', ''], ['host', ''], ['if-match', ''], ['if-modified-since', ''],
  ['if-none-match', ''], ['if-range', ''], ['if-unmodified-since', ''], ['last-modified', ''], ['link', ''], ['location', ''], ['max-forwards', ''],
  ['proxy-authenticate', ''], ['proxy-authorization', ''], ['range', ''], ['referer', ''], ['refresh', ''], ['retry-after', ''], ['server', ''],
  ['set-cookie', ''], ['strict-transport-security', ''], ['transfer-encoding', ''], ['user-agent', ''], ['vary', ''], ['via', ''], ['www-authenticate', ''],
];

/** Numbers of known names. 0 is any other name. */
export const NAME = {
  other: 0,
  authority: 1, method: 2, path: 4, scheme: 6, status: 8,
  accept: 19, authorization: 23, 'content-length': 28, 'content-type': 31, cookie: 32, date: 33, expect: 35, host: 38,
  'proxy-authorization': 49, 'set-cookie': 55, 'transfer-encoding': 57, 'user-agent': 58, via: 60,
  protocol: 62, te: 63, connection: 64, 'keep-alive': 65, 'proxy-connection': 66, upgrade: 67,
  'grpc-status': 68, 'grpc-message': 69, 'grpc-timeout': 70, 'grpc-encoding': 71,
  traceparent: 72, tracestate: 73, b3: 74, 'x-request-id': 75, 'x-forwarded-for': 76, trailer: 77, 'l5d-proxy-error': 78,
  'sidelight-mesh': 79, 'sidelight-service': 80, 'sidelight-workload': 81, 'sidelight-protocol': 82, http2Settings: 83, 'sidelight-target': 84,
} as const;

/** Names behind the static table, in order from number 62. */
const EXTRA: readonly string[] = [
  ':protocol', 'te', 'connection', 'keep-alive', 'proxy-connection', 'upgrade',
  'grpc-status', 'grpc-message', 'grpc-timeout', 'grpc-encoding',
  'traceparent', 'tracestate', 'b3', 'x-request-id', 'x-forwarded-for', 'trailer', 'l5d-proxy-error',
  'sidelight-mesh', 'sidelight-service', 'sidelight-workload', 'sidelight-protocol', 'http2-settings', 'sidelight-target',
];

/** The bytes of each known name by its number; number 0 has none. Equal names of the static table have equal bytes. */
export const NAME_BYTES: readonly Uint8Array[] = [new Uint8Array(0), ...STATIC_TABLE.map(([name]) => ascii(name)), ...EXTRA.map(ascii)];

/** Names of the static table by the first index that has them, and the others by their number. */
const BUCKETS = 256;
const buckets: readonly number[][] = Array.from({ length: BUCKETS }, () => []);

function bucketOf(length: number, first: number, last: number): number {
  return (length * 7 + first * 31 + last * 3) & (BUCKETS - 1);
}

for (let number = 1; number < NAME_BYTES.length; number++) {
  const name = NAME_BYTES[number] ?? NAME_BYTES[0];
  if (name === undefined) continue;
  const bucket = buckets[bucketOf(name.length, name[0] ?? 0, name[name.length - 1] ?? 0)];
  if (bucket !== undefined && lookUp(name, 0, name.length) === NAME.other) bucket.push(number);
}

/** The number of the name in this range, or 0. The range must be in lower case to be found. */
export function lookUp(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length === 0) return NAME.other;
  const bucket = buckets[bucketOf(length, bytes[start] ?? 0, bytes[end - 1] ?? 0)];
  if (bucket === undefined) return NAME.other;
  for (const number of bucket) {
    if (sameName(NAME_BYTES[number], bytes, start, length)) return number;
  }
  return NAME.other;
}

function sameName(name: Uint8Array | undefined, bytes: Uint8Array, start: number, length: number): boolean {
  if (name === undefined || name.length !== length) return false;
  for (let at = 0; at < length; at++) {
    if (name[at] !== bytes[start + at]) return false;
  }
  return true;
}
