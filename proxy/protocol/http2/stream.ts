/** One stream of an HTTP/2 connection. RFC 9113 §5. */
import type { FieldList } from '../hpack/fields.ts';
import type { StreamEvents } from './events.ts';

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
  /** Server: sends a head, interim (never with `end`) or final. Written at the next `produce`; the list may be reused at once. */
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
