/** A caller's HTTP/2 connection: each of its streams is an exchange that finds its endpoint by itself. */
import { CODE, type ConnectionFault } from '../protocol/http2/codes.ts';
import type { StreamEvents } from '../protocol/http2/events.ts';
import type { Http2Stream } from '../protocol/http2/stream.ts';
import { CALLER_IDLE_MS_MAX, CALLER_STREAMS_MAX, HEAD_MS_MAX, SESSION_WINDOW_BYTES, STREAM_WINDOW_BYTES } from '../sockets/limits.ts';
import type { ByteStream } from '../sockets/stream.ts';
import { StreamExchange, type StreamsOwner } from './streams-exchange.ts';
import type { StreamRoute } from './streams-route.ts';
import { Session, type SessionOwner } from './streams-session.ts';
import type { HttpContext } from './upstream.ts';

export interface StreamsCallerOptions {
  readonly context: HttpContext;
  readonly stream: ByteStream;
  /** The way of one stream. */
  readonly route: () => StreamRoute;
  readonly stripMesh: boolean;
  readonly gone: (caller: StreamsCaller) => void;
}

export class StreamsCaller implements SessionOwner, StreamsOwner {
  readonly context: HttpContext;
  readonly stripMesh: boolean;
  readonly client: string;
  stopping = false;
  private readonly options: StreamsCallerOptions;
  private readonly exchanges = new Set<StreamExchange>();
  private readonly session: Session;
  private greeted = false;
  private retiring = false;
  /** Since when there is no stream. */
  private idleSinceMs: number;

  constructor(options: StreamsCallerOptions) {
    this.options = options;
    this.context = options.context;
    this.stripMesh = options.stripMesh;
    this.client = options.stream.remoteAddress ?? '';
    this.idleSinceMs = this.context.sockets.nowUs() / 1000;
    const settings = { role: 'server', streamsMax: CALLER_STREAMS_MAX, streamWindow: STREAM_WINDOW_BYTES, connectionWindow: SESSION_WINDOW_BYTES, extendedConnect: true } as const;
    const { counters } = this.context;
    this.session = new Session(this.context.sockets, options.stream, counters === undefined ? settings : { ...settings, counters: counters.http2 }, this);
  }

  /** Takes what came before it was known that this is HTTP/2. */
  received(bytes: Uint8Array): void {
    this.session.received(bytes);
  }

  /** Takes no new streams, and ends behind the last one. */
  retire(): void {
    if (this.retiring) return;
    this.retiring = true;
    this.session.engine.retire();
  }

  /** Breaks off what is in flight. */
  stop(): void {
    this.stopping = true;
    this.session.engine.close(CODE.noError, 'the proxy ends');
  }

  accept(stream: Http2Stream): StreamEvents {
    const exchange = new StreamExchange(this, stream, this.options.route());
    this.exchanges.add(exchange);
    return exchange;
  }

  get openExchanges(): number {
    return this.exchanges.size;
  }

  over(exchange: StreamExchange): void {
    this.exchanges.delete(exchange);
    if (this.exchanges.size === 0) this.idleSinceMs = this.context.sockets.nowUs() / 1000;
  }

  /** The caller's settings are here. */
  room(): void {
    this.greeted = true;
  }

  retired(): void {
    this.retiring = true;
  }

  gone(fault: ConnectionFault | null): void {
    if (fault?.by === 'peer') this.context.recorder.refused(this.context.direction, fault.code === CODE.enhanceYourCalm ? 'http2-flood' : 'http2-error');
    this.options.gone(this);
  }

  tick(nowMs: number): void {
    for (const exchange of this.exchanges) exchange.check(nowMs);
    if (this.exchanges.size > 0) return;
    const idleMs = nowMs - this.idleSinceMs;
    if (!this.greeted && idleMs >= HEAD_MS_MAX) {
      this.context.recorder.refused(this.context.direction, 'head-timeout');
      this.session.engine.close(CODE.settingsTimeout, 'no settings came');
    } else if (idleMs >= CALLER_IDLE_MS_MAX || this.context.draining()) this.retire();
  }
}
