/** What the data path tells telemetry. Handles are looked up once per connection and service, never per byte. */
import type { Identity, ServiceKey, TlsState, WorkloadKey } from '../wire/labels.ts';
import type { SocketAddress } from '../wire/orders.ts';
import type { EdgeKey } from '../wire/report.ts';
import type { ExchangeEnd } from '../exchange.ts';
import type { DECLARED, DetectedPort, DetectResult } from './detections.ts';

/** A row being counted into; stays valid for the life of the process. */
export interface EdgeHandle {
  readonly key: EdgeKey;
}

/** What only `/metrics` shows of a row: its labels `target_addr` and `client_id` or `server_id`. */
export interface EdgeFacts {
  /** The endpoint (outbound) or the app's port (inbound). */
  readonly target?: SocketAddress;
  /** The verified identity of the other side. */
  readonly peer?: Identity;
  /** The service's port (outbound). */
  readonly port?: number;
  /** Name of the endpoint's instance, its pod (outbound). */
  readonly instance?: string;
  /** The endpoint's zone, where it is known (outbound). */
  readonly zone?: string;
}

/** What is known of a transport connection, for its labels; the fields of `EdgeFacts` and whom it leads to. */
export interface TransportFacts extends EdgeFacts {
  readonly tls: TlsState;
  /** Outbound to an endpoint: the service and workload that it serves. */
  readonly service?: ServiceKey;
  readonly destination?: WorkloadKey;
}

/** Why the proxy refused or lost a connection before there was an exchange; each is a counter on `/metrics`. */
export type RefusalReason =
  | 'tls-no-certificate'
  | 'tls-unverified'
  | 'tls-wrong-name'
  | 'tls-expired'
  | 'tls-handshake'
  | 'mesh-bad-connect'
  | 'mesh-version'
  | 'mesh-unknown-target'
  | 'denied'
  | 'loop'
  | 'no-original-destination'
  | 'not-own-address'
  | 'connections-limit'
  | 'head-timeout'
  /** Nothing that can be told apart came in time: the connection went on as opaque. */
  | 'detect-timeout'
  /** A caller's HTTP/2 connection broke a rule, or went over a limit. */
  | 'http2-error'
  | 'http2-flood';

export interface Recorder {
  /** The row of this key. With facts, its series on `/metrics` are apart from those of the row's other targets and peers. */
  edge(key: EdgeKey, facts?: EdgeFacts): EdgeHandle;
  /** Bytes that passed on this row, caller to callee and back. */
  bytes(handle: EdgeHandle, bytesIn: number, bytesOut: number): void;
  /** An exchange began (open streams gauge). */
  began(handle: EdgeHandle): void;
  /** An attempt of an exchange ended that another follows: it counts for its endpoint on `/metrics`, not in the rows. Ends what `began` began. */
  attempted(handle: EdgeHandle, end: ExchangeEnd): void;
  /** An exchange ended; each begun one ends exactly once. */
  ended(handle: EdgeHandle, end: ExchangeEnd): void;
  refused(direction: 'inbound' | 'outbound', reason: RefusalReason): void;
  /** The first bytes of a connection said what is spoken on it, or waiting for them was over. */
  detected(port: DetectedPort, result: DetectResult, tookUs: number): void;
  /** A TLS connection of the app's own is passed through; null: its ClientHello names no server. */
  passedThrough(direction: 'inbound' | 'outbound', serverName: string | null): void;
  /** The app dialled a service's port, which is declared so. */
  dialled(service: ServiceKey, port: number, protocol: keyof typeof DECLARED): void;
  /** A transport connection opened or closed; both with equal facts. */
  connection(direction: 'inbound' | 'outbound', peer: 'src' | 'dst', change: 1 | -1, facts?: TransportFacts): void;
}
