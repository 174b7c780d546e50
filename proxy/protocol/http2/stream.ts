/** One stream of an HTTP/2 connection, as its owner uses it. RFC 9113 §5. */
import type { FieldList } from '../hpack/fields.ts';
import { CODE } from './codes.ts';
import type { StreamEvents } from './events.ts';
import type { ReceiveWindow } from './flow.ts';
import { NO_LENGTH } from './message.ts';
import { DataQueue } from './queue.ts';
import { type StreamState, type StreamStep, nextStreamState } from './state.ts';

/** What a stream asks of its connection. */
export interface StreamHost {
  readonly crowding: number;
  sendHead(stream: Http2Stream, fields: FieldList, end: boolean): void;
  sendTrailers(stream: Http2Stream, fields: FieldList): void;
  /** Data or an end was queued. */
  queued(stream: Http2Stream, count: number): void;
  resetByOwner(stream: Http2Stream, code: number): void;
  consumed(stream: Http2Stream, count: number): void;
  /** The owner wants no more of a stream whose own side has ended, or is about to. */
  lingers(stream: Http2Stream): void;
  setAside(stream: Http2Stream, count: number): void;
}

const SILENT: StreamEvents = {
  head: () => undefined,
  data: () => undefined,
  trailers: () => undefined,
  reset: () => undefined,
  drained: () => undefined,
};

/**
 * A stream that ended on both sides or was reset takes no more calls to heart: they do nothing, since the peer's end and
 * the owner's next step cross. Data before a head or behind an end is a bug of the owner and throws.
 */
export class Http2Stream {
  readonly id: number;
  events: StreamEvents = SILENT;
  /** Whatever the owner wants to find again. */
  owner: unknown = null;
  /** More is queued than should be: stop until `drained`. */
  blocked = false;
  /** Bytes of data sent and received; an owner that sees it stand still knows a stalled stream. */
  progress = 0;

  /** From here on for the engine only. */
  state: StreamState = 'idle';
  readonly data = new DataQueue();
  /** Our end is queued behind the data. */
  ending = false;
  trailers: FieldList | null = null;
  sendWindow: number;
  readonly receiveWindow: ReceiveWindow;
  /** Bytes given to the owner that it hasn't consumed. */
  unconsumed = 0;
  /** Of these, bytes that were set aside. */
  aside = 0;
  /** Content that must still come by content-length, or NO_LENGTH. */
  contentLeft: number = NO_LENGTH;
  /** The peer's final head has come. */
  headReceived = false;
  headSent = false;
  /** Bytes of the decoded head that opened it. */
  headBytes = 0;
  /** What the request was: the response's content depends on it. */
  requestWas: 'HEAD' | 'CONNECT' | 'other' = 'other';
  /** `written` of the output behind the request's head. */
  headMark = 0;
  /** Behind our end the peer is told to stop, unless it ends soon by itself. */
  resetBehindEnd = false;
  /** Bytes and ms for which it has gone on since. */
  lingeredBytes = 0;
  lingeredMs = 0;
  inQueue = false;
  nextInQueue: Http2Stream | null = null;
  private readonly host: StreamHost;

  constructor(id: number, host: StreamHost, sendWindow: number, receiveWindow: ReceiveWindow) {
    this.id = id;
    this.host = host;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
  }

  /** Bytes of data queued here. */
  get queued(): number {
    return this.data.length;
  }

  /** Data waits and the stream's own window lets none out: the peer's reader has stopped. */
  get stalled(): boolean {
    return this.data.length > 0 && this.sendWindow <= 0;
  }

  /** See Http2Connection.crowding. */
  get crowding(): number {
    return this.host.crowding;
  }

  /** Neither reset nor ended on both sides. */
  get open(): boolean {
    return this.state !== 'closed';
  }

  /** The peer ended its side. */
  get peerEnded(): boolean {
    return this.state === 'half-closed (remote)' || this.state === 'closed';
  }

  /** Server: sends a head, interim (never with `end`) or final. It goes out at the next `produce`; the list may be reused at once. */
  sendHead(fields: FieldList, end: boolean): void {
    if (this.state === 'closed') return;
    this.mustNotHaveEnded();
    this.host.sendHead(this, fields, end);
  }

  /** Queues data; the array must not change any more. Takes everything; see `blocked`. `last` ends our side. */
  sendData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    if (this.state === 'closed') return;
    this.mustBeUnderWay();
    this.data.push(bytes, start, end);
    this.ending = last;
    this.host.queued(this, end - start);
  }

  /** Sends trailers behind the queued data, and ends our side. The list may be reused at once. */
  sendTrailers(fields: FieldList): void {
    if (this.state === 'closed') return;
    this.mustBeUnderWay();
    this.host.sendTrailers(this, fields);
  }

  /** Ends our side behind the queued data. */
  end(): void {
    if (this.state === 'closed' || this.ending || this.state === 'half-closed (local)') return;
    this.mustBeUnderWay();
    this.ending = true;
    this.host.queued(this, 0);
  }

  /**
   * Breaks off both sides now; queued data is dropped, and no event follows. With CODE.noError behind the own end, what
   * is queued still goes out, and then the peer is told to stop sending, if it doesn't within LINGER_MS_MAX (RFC 9113 §8.1).
   */
  reset(code: number): void {
    this.events = SILENT;
    if (this.state === 'closed') return;
    if (code === CODE.noError && (this.ending || this.state === 'half-closed (local)')) {
      this.resetBehindEnd = true;
      this.host.consumed(this, this.unconsumed);
      this.host.lingers(this);
    } else this.host.resetByOwner(this, code);
  }

  /** So many bytes of `data` have left: the peer gets the credit back. Due for every byte, also after the stream ended. */
  consumed(count: number): void {
    this.host.consumed(this, count);
  }

  /** So many bytes of `data` wait for their reader outside the connection's window, so that others may go on; the stream's credit comes with `consumed`. */
  setAside(count: number): void {
    this.host.setAside(this, count);
  }

  /** Takes a step, or returns false where it is illegal. For the engine. */
  step(step: StreamStep): boolean {
    const state = nextStreamState(this.state, step);
    if (state === null) return false;
    this.state = state;
    return true;
  }

  /** The events of a stream that is over are nobody's. For the engine. */
  takeEvents(): StreamEvents {
    const { events } = this;
    this.events = SILENT;
    return events;
  }

  private mustBeUnderWay(): void {
    this.mustNotHaveEnded();
    if (!this.headSent) throw new Error(`stream ${this.id}: something is sent before the head`);
  }

  private mustNotHaveEnded(): void {
    if (this.ending || this.state === 'half-closed (local)') throw new Error(`stream ${this.id}: something is sent behind the end`);
  }
}
