/** Who is called for a stream, and which rows count it: all that differs between outbound and inbound. */
import type { Outcome } from '../balance/outcome.ts';
import type { FieldList } from '../protocol/hpack/fields.ts';
import type { StreamEvents } from '../protocol/http2/events.ts';
import type { Http2Stream } from '../protocol/http2/stream.ts';
import type { ExchangePolicy } from '../policy/exchange-policy.ts';
import type { EdgeHandle } from '../telemetry/recorder.ts';
import type { FaultCodeName } from '../wire/mesh.ts';

/** Row of a stream: gRPC where its content type says so. */
export type StreamProtocol = 'http2' | 'grpc';

/** Something that opens request streams to one endpoint: HTTP/2 connections to an app, or links to another proxy. */
export interface Carrier {
  /** Another proxy answers: its `l5d-proxy-error` is believed. */
  readonly mesh: boolean;
  /** Tells `waiter` once, now or later. */
  open(waiter: CarrierWaiter): void;
  /** It no longer waits. */
  cancel(waiter: CarrierWaiter): void;
}

export interface CarrierWaiter {
  /** Streams that its caller has open: many of one caller don't share a connection with all others. */
  readonly siblings: number;
  /** There is room: open your stream now. */
  carried(on: Opened): void;
  /** No connection to the endpoint. */
  uncarried(code: FaultCodeName): void;
}

/** A connection that has room for a stream. */
export interface Opened {
  /** The other side takes extended CONNECT (RFC 8441). */
  readonly extendedConnect: boolean;
  /** Opens it by its request's head (`end`: nothing follows), or null when the room is gone again. */
  openStream(head: FieldList, end: boolean, events: StreamEvents): Http2Stream | null;
  /** Adds what the other side has to know to a request's head. */
  mark(head: FieldList): void;
}

/** A stream that wants to be forwarded. */
export interface StreamConnecting {
  /** Streams that the caller has open. */
  readonly siblings: number;
  connected(on: Opened, edge: EdgeHandle, mesh: boolean): void;
  /** No connection, after all attempts. */
  unconnected(code: FaultCodeName): void;
  /** One more attempt goes elsewhere. */
  retried(): void;
}

/** One stream's way to its endpoint; made per stream. */
export interface StreamRoute {
  /** The row of a stream that got no connection: the endpoint tried last, or none. */
  unconnectedEdge(protocol: StreamProtocol): EdgeHandle;
  /** Tells `connecting` once, now or later. */
  connect(connecting: StreamConnecting, protocol: StreamProtocol): void;
  /** Once more, when the endpoint has certainly not acted on it. Returns false when no attempt is left. */
  again(): boolean;
  /** What the service asks of each exchange; null or absent: nothing. */
  readonly policy?: ExchangePolicy | null;
  /** Another attempt, at another endpoint where there is one; `latencyUs` and `outcome` are of the last. Only of routes with a policy. */
  connectAgain?(latencyUs: number, outcome: Outcome): void;
  /** The stream no longer waits. */
  cancel(): void;
  /** It is over: how the endpoint did. `latencyUs` −1: it didn't answer. */
  finished(latencyUs: number, failed: boolean, outcome: Outcome): void;
}
