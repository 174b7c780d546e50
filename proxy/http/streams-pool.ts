/** HTTP/2 connections to one endpoint, opened on demand: a stream goes onto the first that has room. */
import type { FieldList } from '../protocol/hpack/fields.ts';
import { CODE } from '../protocol/http2/codes.ts';
import type { StreamEvents } from '../protocol/http2/events.ts';
import type { Http2Stream } from '../protocol/http2/stream.ts';
import { CALLEE_SESSIONS_MAX, CALLEE_WINDOW_BYTES, CALLER_SHARE_STREAMS, CROWDED, HOP_MS_MAX, QUEUE_MAX, STREAM_WINDOW_BYTES } from '../sockets/limits.ts';
import type { Sockets } from '../sockets/sockets.ts';
import type { ByteStream } from '../sockets/stream.ts';
import type { FaultCodeName } from '../wire/mesh.ts';
import type { Carrier, CarrierWaiter, Opened } from './streams-route.ts';
import { Session, type SessionOwner } from './streams-session.ts';

/** Streams that a connection to an endpoint may have seen reset before others take its place: nghttp2 ends one with 1,000, and whoever shares it pays for a hostile caller. */
const RESETS_SENT_MAX = 400;

export interface StreamsPoolOptions {
  readonly sockets: Sockets;
  readonly mesh: boolean;
  /** Opens a connection and says once how it went. */
  readonly open: (opened: (stream: ByteStream, rest: Uint8Array, generation: number) => void, failed: (code: FaultCodeName) => void) => void;
  /** Idle connections go after so long. */
  readonly idleMsMax: number;
}

export class StreamsPool implements Carrier {
  readonly options: StreamsPoolOptions;
  private readonly sessions: CalleeSession[] = [];
  private readonly waiters = new Set<CarrierWaiter>();
  private opening = 0;
  private oldestGeneration = 0;
  private closed = false;

  constructor(options: StreamsPoolOptions) {
    this.options = options;
  }

  get mesh(): boolean {
    return this.options.mesh;
  }

  /** Connections, those being opened included. */
  get connections(): number {
    return this.sessions.length + this.opening;
  }

  open(waiter: CarrierWaiter): void {
    const session = this.roomiest(waiter);
    if (session !== null) return waiter.carried(session);
    if (this.waiters.size >= QUEUE_MAX) return waiter.uncarried('queue-full');
    this.waiters.add(waiter);
    this.openMore();
  }

  /** The first that is this caller's turn, has room and isn't held by streams that stand still; when no more may be opened, any with room. */
  private roomiest(waiter: CarrierWaiter): CalleeSession | null {
    for (let at = placeOf(waiter); at < this.sessions.length; at++) {
      const session = this.sessions[at];
      if (session !== undefined && session.free > 0 && session.crowding < CROWDED) return session;
    }
    return this.sessions.length >= CALLEE_SESSIONS_MAX ? this.anyFree() : null;
  }

  private anyFree(): CalleeSession | null {
    return this.sessions.find(({ free }) => free > 0) ?? null;
  }

  cancel(waiter: CarrierWaiter): void {
    this.waiters.delete(waiter);
  }

  /** Ends connections under an older leaf behind their streams, and those that were idle too long. */
  sweep(nowMs: number, oldestGeneration: number): void {
    this.oldestGeneration = oldestGeneration;
    for (const session of [...this.sessions]) session.sweep(nowMs, this.options.idleMsMax, oldestGeneration);
  }

  /** The endpoint is gone: connections end behind their streams. */
  close(): void {
    this.closed = true;
    for (const session of [...this.sessions]) session.retire();
  }

  /** A connection has room. */
  room(): void {
    for (const waiter of this.waiters) {
      if (this.anyFree() === null) break;
      const session = this.roomiest(waiter);
      if (session === null) continue;
      this.waiters.delete(waiter);
      waiter.carried(session);
    }
    this.openMore();
  }

  /** A connection takes no more streams. */
  left(session: CalleeSession): void {
    const at = this.sessions.indexOf(session);
    if (at >= 0) this.sessions.splice(at, 1);
    this.openMore();
  }

  /** One at a time: the first to answer takes all that wait, as far as it has room. */
  private openMore(): void {
    if (this.waiters.size === 0 || this.opening > 0 || this.sessions.some((one) => !one.greeted) || this.sessions.length >= CALLEE_SESSIONS_MAX) return;
    this.opening++;
    this.options.open(
      (stream, rest, generation) => {
        this.opening--;
        const session = new CalleeSession(this, stream, generation);
        this.sessions.push(session);
        session.begin(rest);
        if (this.closed || generation < this.oldestGeneration) session.retire();
      },
      (code) => {
        this.opening--;
        this.fail(code);
      },
    );
  }

  /** A connection could not be opened: everybody who waits takes what there is, or tries elsewhere. */
  fail(code: FaultCodeName): void {
    const failed = [...this.waiters];
    this.waiters.clear();
    for (const waiter of failed) {
      const session = this.anyFree();
      if (session === null) waiter.uncarried(code);
      else waiter.carried(session);
    }
  }
}

/** The first connection that a caller's next stream may use: each of them has its share of every connection and no more. */
function placeOf({ siblings }: CarrierWaiter): number {
  return Math.floor(Math.max(0, siblings - 1) / CALLER_SHARE_STREAMS);
}

/** A connection of the pool. */
class CalleeSession implements SessionOwner, Opened {
  readonly generation: number;
  /** Its settings came; nothing is sent before, so that nothing can get lost on a server that speaks something else. */
  greeted = false;
  private readonly pool: StreamsPool;
  private readonly session: Session;
  private idleSinceMs: number;
  private readonly sinceMs: number;
  private retiring = false;

  constructor(pool: StreamsPool, stream: ByteStream, generation: number) {
    this.pool = pool;
    this.generation = generation;
    const { sockets } = pool.options;
    this.sinceMs = this.idleSinceMs = sockets.nowUs() / 1000;
    this.session = new Session(sockets, stream, { role: 'client', streamWindow: STREAM_WINDOW_BYTES, connectionWindow: CALLEE_WINDOW_BYTES }, this);
  }

  /** What came behind the opening's answer. */
  begin(rest: Uint8Array): void {
    this.session.received(rest);
  }

  get free(): number {
    return this.retiring || !this.session.open ? 0 : this.session.engine.room;
  }

  get crowding(): number {
    return this.session.engine.crowding;
  }

  get extendedConnect(): boolean {
    return this.session.engine.peerExtendedConnect;
  }

  openStream(head: FieldList, end: boolean, events: StreamEvents): Http2Stream | null {
    const stream = this.session.engine.openStream(head, end, events);
    if (this.session.engine.resetsSent >= RESETS_SENT_MAX) this.retire();
    return stream;
  }

  mark(): void {}

  /** Takes no more streams, and ends behind the last one. */
  retire(): void {
    if (this.retiring) return;
    this.retiring = true;
    this.session.engine.retire();
    this.pool.left(this);
  }

  sweep(nowMs: number, idleMsMax: number, oldestGeneration: number): void {
    if (this.session.engine.streams > 0) this.idleSinceMs = nowMs;
    if (this.generation < oldestGeneration || nowMs - this.idleSinceMs >= idleMsMax) this.retire();
  }

  // RFC 9113 §8.4: the engine refuses what a server pushes, so that this is never asked.
  accept(stream: Http2Stream): StreamEvents {
    return stream.events;
  }

  room(): void {
    this.greeted = true;
    this.pool.room();
  }

  retired(): void {
    this.retiring = true;
    this.pool.left(this);
  }

  gone(): void {
    this.retiring = true;
    this.pool.left(this);
    if (!this.greeted) this.pool.fail(this.pool.mesh ? 'hop-closed' : 'app-protocol');
  }

  tick(nowMs: number): void {
    if (!this.greeted && nowMs - this.sinceMs >= HOP_MS_MAX) this.session.engine.close(CODE.settingsTimeout, 'no settings came');
  }
}
