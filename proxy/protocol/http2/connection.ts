/** One side of an HTTP/2 connection, client or server: bytes in, events out, frames produced on demand. RFC 9113. */
import type { FieldList } from '../hpack/fields.ts';
import type { ByteSink } from '../sink.ts';
import type { ConnectionFault, StreamFault } from './codes.ts';

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
  goingAway(lastStream: number, code: number): void;
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

export class Http2Stream {
  readonly id: number;
  events: StreamEvents;
  /** Whatever the owner wants to find again. */
  owner: unknown = null;

  constructor(id: number, events: StreamEvents) {
    this.id = id;
    this.events = events;
  }

  /** Bytes of data queued here. */
  get queued(): number {
    return 0;
  }
  /** More is queued than should be: stop until `drained`. */
  get blocked(): boolean {
    return false;
  }
  /** Data waits and the peer's windows let none out. */
  get stalled(): boolean {
    return false;
  }
  /** Neither reset nor ended on both sides. */
  get open(): boolean {
    return false;
  }
  /** The peer ended its side. */
  get peerEnded(): boolean {
    return false;
  }
  /** Sends a head: request, response, or interim response. Written at the next `produce`; the list may be reused at once. */
  sendHead(_fields: FieldList, _end: boolean): void {}
  /** Queues data; the array must not change any more. Takes everything; see `blocked`. `last` ends our side. */
  sendData(_bytes: Uint8Array, _start: number, _end: number, _last: boolean): void {}
  /** Sends trailers behind the queued data, and ends our side. */
  sendTrailers(_fields: FieldList): void {}
  /** Ends our side behind the queued data. */
  end(): void {}
  /** Breaks off both sides now; queued data is dropped, and no event follows. */
  reset(_code: number): void {}
  /** So many bytes of `data` have left: the peer gets the credit back. */
  consumed(_count: number): void {}
}

export class Http2Connection {
  constructor(_options: ConnectionOptions, _events: ConnectionEvents) {}

  /** Neither failed nor closed. */
  get open(): boolean {
    return false;
  }
  /** Streams that are open. */
  get streams(): number {
    return 0;
  }
  /** Client: how many streams may be opened now; 0 before the peer's SETTINGS and behind a GOAWAY. */
  get room(): number {
    return 0;
  }
  /** The peer takes extended CONNECT. */
  get peerExtendedConnect(): boolean {
    return false;
  }
  /** Reads what came. Never throws: a fault ends in `closed`. The array is kept by ranges if the owner keeps them. */
  push(_bytes: Uint8Array, _start: number, _end: number): void {}
  /**
   * Writes what waits: all control frames and heads, then data round robin by bytes, some `most` bytes. Returns whether
   * data waits that the windows would let out: call again when the socket took these. Written arrays never change.
   * Don't call it while the socket is congested: what isn't produced here is what keeps streams fair.
   */
  produce(_out: ByteSink, _most: number): boolean {
    return false;
  }
  /** Client: opens a stream, or null when there is no `room`; send the head at once. */
  openStream(_events: StreamEvents): Http2Stream | null {
    return null;
  }
  /** Sends a PING; `pong` tells of the answer. One at a time. */
  ping(): void {}
  /** Takes no more streams, lets open ones end: server in two steps (RFC 9113 §6.8), client by GOAWAY. `done` follows. */
  retire(): void {}
  /** Resets all and says GOAWAY; `closed` follows. */
  close(_code: number, _message: string): void {}
  /** The socket is gone: all streams are reset, nothing is produced any more. */
  lost(): void {}
  /** So much time has passed; pays off budgets of frames that cost the peer nothing. Call it now and then (seconds). */
  passed(_ms: number): void {}
}
