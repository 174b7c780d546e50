/** A connection to whoever answers, app or other proxy: reads its responses for one exchange after another. */
import type { Member, Pool } from '../balance/pool.ts';
import { ProtocolError } from '../protocol/error.ts';
import type { Head } from '../protocol/http1/head.ts';
import { MessageReader } from '../protocol/http1/reader.ts';
import type { MessageSink } from '../protocol/sink.ts';
import type { ByteStream, StreamEvents } from '../sockets/stream.ts';
import type { Exchange } from './forward.ts';

export interface CalleeOptions {
  readonly stream: ByteStream;
  readonly pool: Pool<Callee>;
  readonly generation: number;
  /** Another proxy of the mesh answers: its `l5d-proxy-error` is believed and passed on, an app's is neither. */
  readonly mesh: boolean;
}

export class Callee implements Member, StreamEvents, MessageSink<Head> {
  readonly stream: ByteStream;
  readonly pool: Pool<Callee>;
  readonly generation: number;
  readonly mesh: boolean;
  idleSinceMs = 0;
  /** Exchanges that were sent on it. */
  uses = 0;
  private readonly reader: MessageReader;
  private exchange: Exchange | null = null;
  private failed = false;
  /** Nothing is owed on it: no request, or its response is whole. */
  private answered = true;
  /** The response is whole, and its exchange isn't told yet. */
  private endDue = false;
  /** Nothing came since the request was sent. */
  silent = true;

  constructor(options: CalleeOptions) {
    this.stream = options.stream;
    this.pool = options.pool;
    this.generation = options.generation;
    this.mesh = options.mesh;
    this.reader = new MessageReader({ kind: 'response', stripMesh: !options.mesh }, this);
    this.stream.events = this;
  }

  get usable(): boolean {
    return this.stream.open && !this.stream.peerEnded && !this.stream.leaving && !this.failed && this.reader.idle && this.exchange === null;
  }

  /** Between two messages in good order, elsewhere broken off, so that the other end stops what it does. */
  retire(): void {
    this.exchange = null;
    const whole = !this.failed && (this.reader.idle || this.reader.current === 'closed');
    if (whole && this.answered) this.stream.end();
    else this.stream.close();
  }

  /** The exchange's request goes out on this connection now. */
  begin(exchange: Exchange): void {
    this.exchange = exchange;
    this.answered = false;
    this.silent = true;
    this.uses++;
    this.reader.expect(exchange.method, exchange.upgrade);
  }

  /** Parts from its exchange; back to the pool when nothing is left to read on it. */
  release(reusable: boolean, nowMs: number): void {
    this.exchange = null;
    this.stream.resume();
    if (reusable && this.usable) this.pool.give(this, nowMs);
    else this.pool.discard(this);
  }

  /** Leaves the stream to a tunnel: the pool forgets it. */
  detach(): void {
    this.exchange = null;
    this.pool.forget(this);
  }

  received(bytes: Uint8Array): void {
    this.silent = false;
    try {
      let at = 0;
      while (at < bytes.length && this.stream.open) {
        at = this.reader.push(bytes, at, bytes.length);
        if (this.endDue) this.tellEnd(at < bytes.length);
        if (this.reader.current !== 'tunnel') continue;
        this.exchange?.openTunnel(bytes, at);
        return;
      }
    } catch (error) {
      this.refuse(error);
    }
  }

  head(head: Head): void {
    this.exchange?.responseHead(head);
  }

  data(bytes: Uint8Array, start: number, end: number): void {
    this.exchange?.responseBytes(bytes, start, end);
  }

  framing(bytes: Uint8Array, start: number, end: number): void {
    this.exchange?.responseFraming(bytes, start, end);
  }

  trailers(bytes: Uint8Array, start: number, end: number): void {
    this.exchange?.responseFraming(bytes, start, end);
  }

  end(): void {
    this.answered = true;
    this.endDue = true;
  }

  ended(): void {
    const { exchange } = this;
    this.readEnd();
    if (this.exchange !== null && this.exchange === exchange) exchange?.calleeGone();
    else if (exchange === null && this.stream.open) this.pool.discard(this);
  }

  congested(): void {
    this.exchange?.calleeCongested();
  }

  drained(): void {
    this.exchange?.calleeDrained();
  }

  closed(error: Error | null): void {
    const { exchange } = this;
    if (exchange === null) return this.pool.forget(this);
    if (error === null) this.readEnd();
    if (this.exchange === exchange) exchange.calleeGone();
  }

  private readEnd(): void {
    try {
      if (this.reader.current !== 'closed') this.reader.eof();
      if (this.endDue) this.tellEnd(false);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
  }

  /** Bytes that came with the response's end and that nobody asked for may never answer the next request (RFC 9112 §9.2). */
  private tellEnd(more: boolean): void {
    this.endDue = false;
    if (more) this.failed = true;
    this.exchange?.responseEnded();
  }

  private refuse(error: unknown): void {
    if (!(error instanceof ProtocolError)) throw error;
    this.failed = true;
    if (this.exchange === null) this.pool.discard(this);
    else this.exchange.calleeFailed();
  }
}
