/** What the owner of an HTTP/2 connection sets and is told. */
import type { FieldList } from '../hpack/fields.ts';
import type { ConnectionFault, StreamFault } from './codes.ts';
import type { Http2Counters } from './counters.ts';
import type { Http2Stream } from './stream.ts';

export interface ConnectionOptions {
  readonly role: 'client' | 'server';
  /** Receive window of each stream, bytes: what one stream may hold here until `consumed`. Default 65,535. */
  readonly streamWindow?: number;
  /** Receive window of the connection, bytes. Default 1 MiB. */
  readonly connectionWindow?: number;
  /** Streams that the peer may have open (server). Default 256. */
  readonly streamsMax?: number;
  /** Server: takes extended CONNECT (RFC 8441). */
  readonly extendedConnect?: boolean;
  /** Resets, the peer's and those that it makes us send, that nothing has paid off. Default for a server 490; a link of trusted peers may allow more. A client has no limit: each reset ends a stream that it opened itself. */
  readonly resetsMax?: number;
  /** Resets that a second pays off. Default 33. */
  readonly resetsPerSecond?: number;
  /** Counts; share one among connections to sum them up. */
  readonly counters?: Http2Counters;
  /** Further settings to announce, identifier and value; the peer's engine hands them to `setting`. */
  readonly settings?: readonly (readonly [number, number])[];
}

/** What happens to a connection. None may throw. */
export interface ConnectionEvents {
  /** Server: the peer opened a stream; `head` of the returned events follows at once. */
  accept(stream: Http2Stream): StreamEvents;
  /** The peer's first SETTINGS are here: streams may be opened. */
  ready(): void;
  /** A setting of the peer that the standard doesn't know. */
  setting(id: number, value: number): void;
  /** There is room for more streams after `open` said no. */
  room(): void;
  /** The answer to `ping`. */
  pong(): void;
  /** The peer takes no streams above `lastStream` any more; those have been reset as unprocessed. Open ones go on. */
  goingAway(lastStream: number, code: number, debug: string): void;
  /** There is something to `produce`. Told once until the next `produce`. */
  wake(): void;
  /** Retired by either side and without streams: nothing more will come, the socket can be ended behind the output. */
  done(): void;
  /** Failed, or closed by `close`. All streams have been reset; a last `produce` gives the GOAWAY, then the socket ends. */
  closed(fault: ConnectionFault): void;
}

/** What happens to a stream. None may throw. After `reset` nothing follows; nor after the own `reset()`. */
export interface StreamEvents {
  /** A whole, valid head: a request's, a response's, or an interim one (status below 200). `end`: nothing follows. The list is reused. */
  head(fields: FieldList, end: boolean): void;
  /** Content, a range of the pushed array, possibly empty when `last`. `last`: nothing follows. Give the credit back by `consumed`. */
  data(bytes: Uint8Array, start: number, end: number, last: boolean): void;
  /** Trailers; nothing follows. The list is reused. */
  trailers(fields: FieldList): void;
  /** Broken off, both ways. What was queued is dropped. */
  reset(fault: StreamFault): void;
  /** The queue was full (`blocked`) and has room again. */
  drained(): void;
}
