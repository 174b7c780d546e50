/**
 * The mesh hop between two proxies, inside mutual TLS 1.3.
 *
 * Version 2: HTTP/2 with prior knowledge (RFC 9113 §3.3). Each side announces MESH_VERSION_SETTING in its first SETTINGS;
 * both speak the lower of the two, and who announces none is no proxy of the mesh. An HTTP/1.1 or opaque TCP connection is
 * a `CONNECT` stream to `:authority` (the endpoint's address) with MESH_HEADERS, answered 200, and from then on raw bytes
 * in DATA both ways, kept alive and reused. An HTTP/2 request is a stream of its own with MESH_HEADERS beside its own
 * fields. A proxy that answers by itself says so in `l5d-proxy-error`. GOAWAY asks the caller to end its idle CONNECT
 * streams; what is in flight ends in peace.
 *
 * Version 1: each connection is opened by an HTTP/1.1 `CONNECT host:port` with `sidelight-mesh: 1`, answered 200, and is
 * from then on the raw bytes of one HTTP/1.1 or opaque connection. First bytes tell the versions apart; a proxy that knows
 * only version 1 answers the HTTP/2 preface with an HTTP/1.1 error.
 */
import type { Fault } from './labels.ts';

/** Setting of HTTP/2 (in the range for private use) that announces the highest version of the hop that a side speaks. */
export const MESH_VERSION_SETTING = 0xf51d;

/** Header names of the CONNECT, lower case; those of version 2's own request streams as well. */
export const MESH_HEADERS = {
  /** Only in version 1: its number in decimal. */
  version: 'sidelight-mesh',
  /** Only in request streams: the endpoint's address, `host:port`; `:authority` is the caller's own word there. */
  target: 'sidelight-target',
  /** ServiceKey that the caller asked for. */
  service: 'sidelight-service',
  /** WorkloadKey of the caller; believed only when its namespace is that of the verified identity. */
  workload: 'sidelight-workload',
  /** `http1` or `opaque`; in request streams `http2` or left out. */
  protocol: 'sidelight-protocol',
} as const;

/** On every answer that a proxy made itself: the code of the fault. */
export const PROXY_ERROR_HEADER = 'l5d-proxy-error';

interface FaultCode {
  readonly fault: Fault;
  /** HTTP status of the answer that the proxy makes. */
  readonly status: number;
  readonly message: string;
}

/** Why a proxy failed an exchange by itself. Both views classify by this table. */
export const FAULT_CODES = {
  'app-unreachable': { fault: 'app', status: 502, message: 'the application does not accept connections on this port' },
  'app-closed': { fault: 'app', status: 502, message: 'the application closed the connection before it answered' },
  'app-protocol': { fault: 'app', status: 502, message: 'the application sent something that is not HTTP/1.1' },
  'connect-unsupported': { fault: 'app', status: 501, message: 'the application does not take extended CONNECT (WebSockets over HTTP/2)' },
  'no-endpoints': { fault: 'mesh', status: 503, message: 'the service has no endpoints' },
  failfast: { fault: 'mesh', status: 503, message: 'no endpoint of the service has been ready for too long' },
  'connect-failed': { fault: 'mesh', status: 503, message: 'no endpoint of the service could be reached' },
  'connect-timeout': { fault: 'mesh', status: 504, message: 'connecting to the endpoint took too long' },
  'hop-closed': { fault: 'mesh', status: 502, message: 'the connection to the other proxy broke before it answered' },
  'identity-unverified': { fault: 'mesh', status: 502, message: 'the endpoint did not prove the identity that it should have' },
  'no-certificate': { fault: 'mesh', status: 503, message: 'this proxy has no valid certificate yet' },
  'queue-full': { fault: 'mesh', status: 503, message: 'too many requests are waiting for this service' },
  'request-timeout': { fault: 'app', status: 504, message: 'the request and its response took longer than the service allows' },
  'response-timeout': { fault: 'app', status: 504, message: 'the response took longer than the service allows' },
  'idle-timeout': { fault: 'app', status: 504, message: 'nothing moved for longer than the service allows' },
  denied: { fault: 'mesh', status: 403, message: 'policy does not allow this caller' },
  'unknown-target': { fault: 'mesh', status: 404, message: 'the target is not a port of this workload' },
  'wire-version': { fault: 'mesh', status: 505, message: 'the other proxy speaks another version of the mesh hop' },
  draining: { fault: 'mesh', status: 503, message: 'this proxy is shutting down' },
  'bad-request': { fault: 'client', status: 400, message: 'the request is not well-formed HTTP/1.1' },
  'head-too-large': { fault: 'client', status: 431, message: 'the request head is larger than 64 KiB' },
  'version-unsupported': { fault: 'client', status: 505, message: 'only HTTP/1.0 and HTTP/1.1 are spoken here' },
  'framing-unsupported': { fault: 'client', status: 501, message: 'this transfer coding is not supported' },
  'head-timeout': { fault: 'client', status: 408, message: 'the request head did not arrive in time' },
  'client-closed': { fault: 'client', status: 499, message: 'the caller went away before the answer' },
} as const satisfies Record<string, FaultCode>;

export type FaultCodeName = keyof typeof FAULT_CODES;

/** The fault behind a `l5d-proxy-error` value, or null for one that this version doesn't know. */
export function faultOf(code: string): Fault | null {
  return Object.hasOwn(FAULT_CODES, code) ? FAULT_CODES[code as FaultCodeName].fault : null;
}
