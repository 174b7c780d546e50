/** One side of an HTTP/2 connection, client or server: bytes in, events out, frames produced on demand. RFC 9113. */
import type { FieldList } from '../hpack/fields.ts';
import type { ByteSink } from '../sink.ts';
import type { ConnectionEvents, ConnectionOptions, StreamEvents } from './events.ts';
import type { Http2Stream } from './stream.ts';

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
  /** Client: opens a stream by its request's head (`end`: nothing follows), or null when there is no `room`. The list may be reused at once. */
  openStream(_fields: FieldList, _end: boolean, _events: StreamEvents): Http2Stream | null {
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
