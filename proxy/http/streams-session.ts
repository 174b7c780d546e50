/** The HTTP/2 engine on a byte stream: what comes is pushed, what waits is written once per turn, a fault ends the stream. */
import { CODE, type ConnectionFault } from '../protocol/http2/codes.ts';
import { Http2Connection } from '../protocol/http2/connection.ts';
import type { ConnectionEvents, ConnectionOptions, StreamEvents } from '../protocol/http2/events.ts';
import type { Http2Stream } from '../protocol/http2/stream.ts';
import { Connection } from '../sockets/connection.ts';
import { HEAD_MS_MAX, KEEPALIVE_ANSWER_MS_MAX, KEEPALIVE_MS, LINGER_MS_MAX, PRODUCE_BYTES_MAX, SESSION_TICK_MS, SLOW_ANSWER_MS_MAX, SLOW_BYTES_PER_TICK } from '../sockets/limits.ts';
import type { Sockets } from '../sockets/sockets.ts';
import type { ByteStream, StreamEvents as ByteEvents } from '../sockets/stream.ts';
import { Timer, type TimerOwner } from '../sockets/timer-wheel.ts';
import type { Flushable } from '../sockets/turn.ts';

/** What an owner wants to know of its session. */
export interface SessionOwner {
  /** Server: a stream was opened. */
  accept(stream: Http2Stream): StreamEvents;
  /** Client: the peer's settings are here, or there is room again. */
  room(): void;
  /** The peer takes no new streams any more; those that are open go on. */
  retired(): void;
  /** All is over, told once; streams were told before. */
  gone(fault: ConnectionFault | null): void;
  /** About every SESSION_TICK_MS while the session is open. */
  tick(nowMs: number): void;
}

export class Session implements ConnectionEvents, Flushable {
  readonly engine: Http2Connection;
  readonly sockets: Sockets;
  private readonly stream: ByteStream;
  private readonly owner: SessionOwner;
  private readonly wire: Wire;
  private readonly shared: boolean;
  private dirty = false;
  private over = false;
  /** Bytes that came since the last tick. */
  private heard = 0;
  private silentMs = 0;
  private pinged = false;
  private midwayMs = 0;
  /** Something was sent since the peer was heard last. */
  private wrote = false;
  private patienceMs = KEEPALIVE_ANSWER_MS_MAX;

  constructor(sockets: Sockets, stream: ByteStream, options: ConnectionOptions, owner: SessionOwner) {
    this.sockets = sockets;
    this.stream = stream;
    this.owner = owner;
    this.shared = options.role === 'client';
    this.engine = new Http2Connection(options, this);
    this.wire = new Wire(this, stream, sockets);
    this.wake();
  }

  get open(): boolean {
    return !this.over;
  }

  /** Takes what came before the session began. */
  received(bytes: Uint8Array): void {
    if (this.over || bytes.length === 0) return;
    this.heard += bytes.length;
    this.wrote = false;
    this.engine.push(bytes, 0, bytes.length);
  }

  /** One write per turn; what the socket doesn't take stays in the engine, which is what keeps streams fair. */
  flush(): void {
    this.dirty = false;
    if (this.over || this.stream.blocked) return;
    const more = this.engine.produce(this.stream, PRODUCE_BYTES_MAX);
    this.wrote = true;
    this.written();
    if (more) this.wake();
  }

  /** A socket takes what it can at once, and holds nothing then; streams of a link may. */
  private written(): void {
    if (!(this.stream instanceof Connection)) return;
    this.stream.flush();
    if (!this.stream.blocked) this.engine.flushed();
  }

  wake(): void {
    if (this.dirty || this.over) return;
    this.dirty = true;
    // Many callers write to a connection to an app within one turn of the event loop; to a caller's mostly one link does.
    if (this.shared) this.sockets.turn.defer(this);
    else this.sockets.turn.add(this);
  }

  accept(stream: Http2Stream): StreamEvents {
    return this.owner.accept(stream);
  }

  ready(): void {
    this.owner.room();
  }

  room(): void {
    this.owner.room();
  }

  setting(): void {}

  pong(): void {
    this.pinged = false;
  }

  goingAway(): void {
    this.owner.retired();
  }

  done(): void {
    this.finish(null);
  }

  closed(fault: ConnectionFault): void {
    this.finish(fault);
  }

  tick(passedMs: number, nowMs: number): void {
    this.engine.passed(passedMs);
    this.askPeer(passedMs);
    if (!this.over) this.owner.tick(nowMs);
  }

  /** Whoever has streams open and says nothing for long is asked whether it is there. */
  private askPeer(passedMs: number): void {
    const { heard } = this;
    this.heard = 0;
    if (this.tooSlow(heard, passedMs)) return this.engine.close(CODE.enhanceYourCalm, 'a head that is sent byte by byte');
    if (heard > 0 || this.engine.streams === 0) {
      this.pinged = false;
      this.silentMs = 0;
      return;
    }
    this.silentMs += passedMs;
    if (!this.pinged && this.silentMs >= KEEPALIVE_MS) {
      this.pinged = true;
      // Behind data that a slow network still carries the question takes as long as that.
      this.patienceMs = this.wrote ? SLOW_ANSWER_MS_MAX : KEEPALIVE_ANSWER_MS_MAX;
      this.engine.ping();
    } else if (this.pinged && this.silentMs >= KEEPALIVE_MS + this.patienceMs) {
      this.stream.close();
      this.lost();
    }
  }

  /** A frame that never gets whole holds memory and a connection; bodies that are only slow come in whole frames or faster. */
  private tooSlow(heard: number, passedMs: number): boolean {
    if (!this.engine.midway || heard >= SLOW_BYTES_PER_TICK) this.midwayMs = 0;
    else this.midwayMs += passedMs;
    return this.midwayMs >= HEAD_MS_MAX;
  }

  /** The stream is gone, or its peer can't be heard any more. */
  lost(): void {
    if (this.over) return;
    this.over = true;
    this.engine.lost();
    this.owner.gone(null);
  }

  /** The last frames go out, then our side ends. */
  private finish(fault: ConnectionFault | null): void {
    if (this.over) return;
    if (!this.stream.blocked) this.engine.produce(this.stream, PRODUCE_BYTES_MAX);
    this.over = true;
    this.wire.finish();
    this.owner.gone(fault);
  }
}

/** The byte stream's side of a session, and its timer. */
class Wire implements ByteEvents, TimerOwner {
  private readonly session: Session;
  private readonly stream: ByteStream;
  private readonly sockets: Sockets;
  private readonly timer = new Timer(this);
  private tickedMs: number;

  constructor(session: Session, stream: ByteStream, sockets: Sockets) {
    this.session = session;
    this.stream = stream;
    this.sockets = sockets;
    this.tickedMs = sockets.nowUs() / 1000;
    stream.events = this;
    sockets.arm(this.timer, SESSION_TICK_MS);
  }

  received(bytes: Uint8Array): void {
    this.session.received(bytes);
  }

  /** RFC 9113 §9.1: a peer without its side can neither give credit nor end a stream. */
  ended(): void {
    this.sockets.remove(this.timer);
    this.session.lost();
    this.stream.end();
  }

  congested(): void {}

  drained(): void {
    this.session.wake();
  }

  closed(): void {
    this.sockets.remove(this.timer);
    this.session.lost();
  }

  /** What the peer still sends is dropped, so that it can read our last word. */
  finish(): void {
    this.stream.resume();
    this.stream.finish();
    this.sockets.arm(this.timer, LINGER_MS_MAX);
  }

  expired(): void {
    if (!this.session.open) return this.stream.close();
    const nowMs = this.sockets.nowUs() / 1000;
    const passedMs = nowMs - this.tickedMs;
    this.tickedMs = nowMs;
    this.sockets.arm(this.timer, SESSION_TICK_MS);
    this.session.tick(passedMs, nowMs);
  }
}
