/** A caller's HTTP/1.1 connection: reads its requests one at a time and keeps what is pipelined behind. */
import { ProtocolError } from '../protocol/error.ts';
import type { Head } from '../protocol/http1/head.ts';
import { MessageReader } from '../protocol/http1/reader.ts';
import type { MessageSink } from '../protocol/sink.ts';
import { CALLER_IDLE_MS_MAX, HEAD_MS_MAX, LINGER_MS_MAX, RESET_MS_MAX, STREAM_IDLE_MS_MAX, WAIT_MS_MAX } from '../sockets/limits.ts';
import type { ByteStream, StreamEvents } from '../sockets/stream.ts';
import { Timer, type TimerOwner } from '../sockets/timer-wheel.ts';
import type { FaultCodeName } from '../wire/mesh.ts';
import { Exchange } from './forward.ts';
import type { HttpContext, Route } from './upstream.ts';

/** `probing`: the caller ended its side, and our answer will show whether it is still there. `lingering`: our side is ended. */
type Phase = 'idle' | 'head' | 'exchange' | 'probing' | 'lingering' | 'tunnel' | 'over';

/** Why the caller's stream is paused. */
const HOLDS = { connection: 1, callee: 2, pipeline: 4 } as const;

export interface CallerOptions {
  readonly context: HttpContext;
  readonly stream: ByteStream;
  readonly route: Route;
  /** `l5d-*` and `sidelight-*` fields of requests are left out: the caller is no proxy of the mesh. */
  readonly stripMesh: boolean;
  readonly gone: (caller: Caller) => void;
}

export class Caller implements StreamEvents, MessageSink<Head>, TimerOwner {
  readonly stream: ByteStream;
  /** Its connection broke before the answer was out. */
  lost = false;
  private readonly options: CallerOptions;
  private readonly context: HttpContext;
  private readonly reader: MessageReader;
  private readonly exchange: Exchange;
  private readonly timer = new Timer(this);
  private phase: Phase = 'idle';
  private rest: Uint8Array | null = null;
  private restAt = 0;
  private holds = 0;
  private reading = false;
  private requestRead = false;
  private leaving = false;
  private left = false;
  private progress = 0;

  constructor(options: CallerOptions) {
    this.options = options;
    this.context = options.context;
    this.stream = options.stream;
    this.reader = new MessageReader({ kind: 'request', stripMesh: options.stripMesh }, this);
    this.exchange = new Exchange(options.context, this, options.route);
    this.stream.events = this;
    this.arm(CALLER_IDLE_MS_MAX);
  }

  /** The next answer will say `connection: close`. */
  get retiring(): boolean {
    return this.leaving || this.context.draining();
  }

  /** Asks the caller to go with its next answer. With `idleMs` one that sends no request for that long is left as well. */
  retire(idleMs: number | null): void {
    if (idleMs !== null && !this.left && this.phase === 'idle') {
      this.left = true;
      this.arm(idleMs);
    }
    this.leaving = true;
  }

  /** Breaks off what is in flight. */
  stop(): void {
    this.exchange.stopped();
    if (this.phase !== 'tunnel') this.stream.close();
    this.over();
  }

  received(bytes: Uint8Array): void {
    if (this.phase === 'lingering' || this.phase === 'probing') return;
    if (this.rest === null) this.read(bytes, 0);
    else this.keepRest(concatenated(this.rest, this.restAt, bytes), 0);
  }

  head(head: Head): void {
    this.phase = 'exchange';
    this.requestRead = false;
    this.arm(WAIT_MS_MAX);
    this.exchange.begin(head);
  }

  data(bytes: Uint8Array, start: number, end: number): void {
    this.requestBytes(bytes, start, end);
  }

  framing(bytes: Uint8Array, start: number, end: number): void {
    this.requestBytes(bytes, start, end);
  }

  trailers(bytes: Uint8Array, start: number, end: number): void {
    this.requestBytes(bytes, start, end);
  }

  end(): void {
    this.requestRead = true;
    if (this.phase === 'exchange') this.exchange.requestEnded();
  }

  ended(): void {
    if (this.phase === 'exchange' && !this.requestRead) this.exchange.callerGone();
    else if (this.phase === 'idle' || this.phase === 'head') this.endOurs();
  }

  congested(): void {
    this.exchange.callerCongested();
  }

  drained(): void {
    this.exchange.callerDrained();
    if (this.phase === 'idle') this.readRest();
  }

  closed(error: Error | null): void {
    if (this.phase === 'probing') {
      this.lost = error !== null;
      this.exchange.record();
    } else if (this.phase === 'exchange') this.exchange.callerGone();
    this.over();
  }

  expired(): void {
    switch (this.phase) {
      case 'idle':
        return this.endOurs();
      case 'head':
        this.context.recorder.refused(this.context.direction, 'head-timeout');
        return this.refuse('head-timeout');
      case 'exchange':
        return this.exchangeExpired();
      case 'probing':
        this.exchange.record();
        return this.endOurs();
      case 'lingering':
        this.stream.close();
        return this.over();
      case 'tunnel':
      case 'over':
        return;
      default:
        this.phase satisfies never;
    }
  }

  /** The exchange has a connection; the request may flow. */
  sending(): void {
    this.arm(STREAM_IDLE_MS_MAX);
    this.unhold('connection');
  }

  /** The exchange waits for another connection, and not for longer than for its first. */
  waitsAgain(): void {
    this.arm(WAIT_MS_MAX);
  }

  hold(reason: keyof typeof HOLDS): void {
    if (this.holds === 0) this.stream.pause();
    this.holds |= HOLDS[reason];
  }

  unhold(reason: keyof typeof HOLDS): void {
    if ((this.holds & HOLDS[reason]) === 0) return;
    this.holds &= ~HOLDS[reason];
    if (this.holds === 0) this.stream.resume();
  }

  /** The answer is written, and the exchange may be recorded when it is known that the caller took it. */
  answered(keep: boolean): void {
    this.unhold('connection');
    this.unhold('callee');
    if (this.stream.peerEnded && this.rest === null && this.stream.open) {
      this.phase = 'probing';
      this.arm(RESET_MS_MAX);
      return;
    }
    this.exchange.record();
    if (!keep) return this.endOurs();
    this.phase = 'idle';
    this.arm(CALLER_IDLE_MS_MAX);
    if (!this.reading) this.readRest();
  }

  /** The stream belongs to a tunnel now. Returns what came behind the request. */
  detach(): Uint8Array | null {
    const rest = this.rest?.subarray(this.restAt) ?? null;
    this.phase = 'tunnel';
    this.rest = null;
    this.holds = 0;
    this.context.sockets.remove(this.timer);
    return rest;
  }

  /** Nothing more will happen here. */
  over(): void {
    if (this.phase === 'over') return;
    this.phase = 'over';
    this.rest = null;
    this.context.sockets.remove(this.timer);
    this.options.gone(this);
  }

  private requestBytes(bytes: Uint8Array, start: number, end: number): void {
    if (this.phase !== 'exchange') return;
    this.exchange.requestBytes(bytes, start, end);
    if (this.exchange.waiting) this.hold('connection');
  }

  private read(bytes: Uint8Array, from: number): void {
    this.reading = true;
    try {
      let at = from;
      while (at < bytes.length) {
        if (this.blocked()) return this.keepRest(bytes, at);
        if (this.phase === 'lingering' || this.phase === 'over' || this.phase === 'probing') return;
        if (this.phase === 'idle') this.beginHead();
        at = this.reader.push(bytes, at, bytes.length);
      }
    } catch (error) {
      this.malformed(error);
    } finally {
      this.reading = false;
    }
  }

  /** One exchange at a time, and none before the last answer is out. */
  private blocked(): boolean {
    return (this.phase === 'exchange' && this.requestRead) || (this.phase === 'idle' && this.stream.blocked);
  }

  private beginHead(): void {
    this.phase = 'head';
    this.arm(HEAD_MS_MAX);
  }

  private keepRest(bytes: Uint8Array, at: number): void {
    this.rest = bytes;
    this.restAt = at;
    this.hold('pipeline');
  }

  private readRest(): void {
    const { rest } = this;
    if (rest === null || this.stream.blocked) return;
    this.rest = null;
    this.read(rest, this.restAt);
    if (this.rest !== null) return;
    this.unhold('pipeline');
    if (this.stream.peerEnded && (this.phase === 'idle' || this.phase === 'head')) this.endOurs();
  }

  private malformed(error: unknown): void {
    if (!(error instanceof ProtocolError)) throw error;
    if (this.phase === 'exchange') this.exchange.requestMalformed(error.code);
    else this.refuse(error.code);
  }

  /** Answers what never became a request. */
  private refuse(code: FaultCodeName): void {
    this.phase = 'exchange';
    this.exchange.refuse(code);
  }

  private endOurs(): void {
    if (this.phase === 'over') return;
    this.phase = 'lingering';
    this.rest = null;
    this.holds = 0;
    this.stream.resume();
    this.stream.finish();
    this.arm(LINGER_MS_MAX);
  }

  private exchangeExpired(): void {
    if (this.exchange.waiting) return this.exchange.fail('connect-timeout');
    if (this.exchange.progress === this.progress) return this.exchange.callerGone();
    this.progress = this.exchange.progress;
    this.arm(STREAM_IDLE_MS_MAX);
  }

  private arm(delayMs: number): void {
    this.context.sockets.arm(this.timer, delayMs);
  }
}

function concatenated(rest: Uint8Array, at: number, bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(rest.length - at + bytes.length);
  whole.set(rest.subarray(at));
  whole.set(bytes, rest.length - at);
  return whole;
}
