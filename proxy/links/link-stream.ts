/** A CONNECT stream of a link as a byte stream, used like a socket: credit is backpressure, END_STREAM is half-close. RFC 9113 §8.5. */
import type { FieldList } from '../protocol/hpack/fields.ts';
import { CODE, type StreamFault } from '../protocol/http2/codes.ts';
import type { StreamEvents } from '../protocol/http2/events.ts';
import type { Http2Stream } from '../protocol/http2/stream.ts';
import { Slices } from '../sockets/slices.ts';
import type { ByteStream, StreamEvents as ByteEvents } from '../sockets/stream.ts';
import type { Flushable } from '../sockets/turn.ts';
import { BULK_BYTES } from './limits.ts';
import type { Link } from './link.ts';

const SILENT: ByteEvents = {
  received: () => undefined,
  ended: () => undefined,
  congested: () => undefined,
  drained: () => undefined,
  closed: () => undefined,
};

export class LinkStream implements ByteStream, StreamEvents, Flushable {
  events: ByteEvents = SILENT;
  open = true;
  peerEnded = false;
  blocked = false;
  readonly link: Link;
  private readonly stream: Http2Stream;
  /** Came while paused: at most the stream's window, and its credit is not given back before it is delivered. */
  private readonly held = new Slices();
  private paused = false;
  private finishing = false;
  private endHeld = false;
  private beat = 0;
  private moved = 0;

  constructor(link: Link, stream: Http2Stream) {
    this.link = link;
    this.stream = stream;
    stream.events = this;
  }

  /** Better not used for another exchange: the link is going, or left to bulk. */
  get leaving(): boolean {
    return this.link.leaving;
  }

  write(bytes: Uint8Array, start: number, end: number): void {
    if (!this.open || this.finishing || end <= start) return;
    this.stream.sendData(bytes, start, end, false);
    this.count(end - start);
    if (this.blocked || !this.stream.blocked) return;
    this.blocked = true;
    this.events.congested();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    if (this.held.length > 0) this.link.sockets.turn.add(this);
    else if (this.endHeld) this.tellEnd();
  }

  finish(): void {
    if (!this.open || this.finishing) return;
    this.finishing = true;
    this.stream.end();
    if (this.peerEnded) this.link.watchEnd(this);
  }

  end(): void {
    if (!this.open) return;
    this.events = SILENT;
    this.finish();
    this.resume();
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    this.events = SILENT;
    this.held.clear();
    // Bytes written in this turn go out first, as a socket's would: an answer that had begun must not look like none.
    if (this.stream.queued > 0) this.link.watchEnd(this);
    else this.stream.reset(CODE.cancel);
  }

  /** Hands out what was held. */
  flush(): void {
    this.deliverHeld();
  }

  /** What was queued has been written, as far as the peer takes it. Returns whether the stream is over. */
  written(): boolean {
    if (!this.open) {
      this.stream.reset(CODE.cancel);
      return true;
    }
    if (!this.finishing || !this.peerEnded || this.held.length > 0 || this.stream.open) return false;
    this.over(null);
    return true;
  }

  // What the engine says.

  head(): void {}

  data(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    if (end > start) this.take(bytes, start, end);
    if (last && this.open) this.endOfPeer();
  }

  // oxlint-disable-next-line no-unused-vars -- RFC 9113 §8.5 gives trailers of CONNECT no meaning
  trailers(_fields: FieldList): void {
    if (this.open) this.endOfPeer();
  }

  reset(fault: StreamFault): void {
    // NO_ERROR behind a whole answer only says that nothing more is read (RFC 9113 §8.1).
    this.over(this.peerEnded && fault.code === CODE.noError ? null : new Error(fault.message));
  }

  drained(): void {
    if (!this.blocked) return;
    this.blocked = false;
    this.events.drained();
  }

  private take(bytes: Uint8Array, start: number, end: number): void {
    this.count(end - start);
    if (this.paused || this.held.length > 0) {
      // A copy: a few bytes that wait may not hold on to all that was read with them.
      this.held.write(bytes.slice(start, end), 0, end - start);
      this.link.markBulk();
      if (this.link.short) this.stream.setAside(end - start);
      return;
    }
    this.stream.consumed(end - start);
    this.events.received(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
  }

  private deliverHeld(): void {
    while (this.held.length > 0 && !this.paused && this.open) {
      this.held.offer(NO_SCRATCH, (bytes, start, length) => {
        this.stream.consumed(length);
        this.events.received(bytes.subarray(start, start + length));
        return length;
      });
    }
    if (this.endHeld && this.held.length === 0 && !this.paused && this.open) this.tellEnd();
  }

  private endOfPeer(): void {
    if (this.held.length > 0 || this.paused) this.endHeld = true;
    else this.tellEnd();
  }

  private tellEnd(): void {
    this.endHeld = false;
    this.peerEnded = true;
    if (this.finishing) this.link.watchEnd(this);
    this.events.ended();
  }

  /** Gone for good. */
  private over(error: Error | null): void {
    if (!this.open) return;
    this.open = false;
    this.held.clear();
    const { events } = this;
    this.events = SILENT;
    events.closed(error);
  }

  private count(bytes: number): void {
    if (this.beat !== this.link.beats) {
      this.beat = this.link.beats;
      this.moved = 0;
    }
    this.moved += bytes;
    if (this.moved >= BULK_BYTES) this.link.markBulk();
  }
}

/** Ranges are handed out as they are: nothing is copied together. */
const NO_SCRATCH = new Uint8Array(0);
