/** One TLS connection between two proxies with the HTTP/2 engine on it: written once per turn, kept alive, retired in peace. */
import type { FieldList } from '../protocol/hpack/fields.ts';
import { CODE } from '../protocol/http2/codes.ts';
import { Http2Connection } from '../protocol/http2/connection.ts';
import type { ConnectionEvents, StreamEvents } from '../protocol/http2/events.ts';
import type { Http2Stream } from '../protocol/http2/stream.ts';
import type { Sockets } from '../sockets/sockets.ts';
import type { ByteStream, StreamEvents as SocketEvents } from '../sockets/stream.ts';
import { Timer, type TimerOwner } from '../sockets/timer-wheel.ts';
import type { Flushable } from '../sockets/turn.ts';
import { MESH_VERSION_SETTING } from '../wire/mesh.ts';
import { MESH_WIRE_VERSION } from '../wire/version.ts';
import { BEAT_MS, BULK_MS, LINK_CROWDED, LINK_RESETS_MAX, LINK_RESETS_PER_SECOND, LINK_STREAMS_MAX, LINK_WINDOW, PING_MS, PONG_MS, PRODUCE_BYTES, STREAM_WINDOW } from './limits.ts';

const LETTER_H = 0x48;

/** Who opened a link or accepted it. */
export interface LinkOwner {
  /** The peer's first SETTINGS are here: from now on streams may be opened. */
  ready(link: Link): void;
  /** There is room for streams again. */
  room(link: Link): void;
  /** It takes no new streams any more; those that are open go on. */
  retiring(link: Link): void;
  /** The link is gone, in good order or not. Told once. */
  gone(link: Link): void;
  /** The peer opened a stream; its head follows at once. */
  accept(link: Link, stream: Http2Stream): StreamEvents;
  /** Small streams of a crowded link have somewhere else to go. */
  hasOther(link: Link): boolean;
}

/** What a link runs on: a TLS connection. */
export interface LinkSocket extends ByteStream, Flushable {}

export interface LinkOptions {
  readonly role: 'client' | 'server';
  readonly sockets: Sockets;
  readonly connection: LinkSocket;
  readonly owner: LinkOwner;
  /** Of our leaf that it was opened under. */
  readonly generation: number;
  /** Monotonic ms at which it retires, before one of both leaves expires. */
  readonly retireAtMs: number;
  /** Without streams for so long it retires. */
  readonly idleMsMax: number;
}

/** A stream whose end waits for its bytes. */
export interface Ending {
  /** Queued bytes have been written, as far as the peer takes them. Returns whether it is over. */
  written(): boolean;
}

export class Link implements ConnectionEvents, Flushable, TimerOwner {
  readonly generation: number;
  readonly sockets: Sockets;
  /** What the peer announced; 0: no proxy of ours. */
  peerVersion = 0;
  /** The peer's first byte was one of HTTP/1.1: it knows no links. */
  answeredInHttp1 = false;
  /** Takes no new streams. */
  retired = false;
  /** Number of the beat, by which streams know what they moved within one. */
  beats = 0;
  private readonly connection: LinkSocket;
  private readonly options: LinkOptions;
  private readonly engine: Http2Connection;
  private readonly timer = new Timer(this);
  /** Streams that ended both ways, with data of theirs still queued. */
  private readonly ending = new Set<Ending>();
  private dirty = false;
  private isReady = false;
  private over = false;
  private heard = true;
  private silentMs = 0;
  private idleMs = 0;
  private pinged = false;
  private bulkUntilMs = 0;

  constructor(options: LinkOptions) {
    this.options = options;
    this.generation = options.generation;
    this.sockets = options.sockets;
    this.connection = options.connection;
    this.engine = new Http2Connection(
      {
        role: options.role, streamWindow: STREAM_WINDOW, connectionWindow: LINK_WINDOW, streamsMax: LINK_STREAMS_MAX, resetsMax: LINK_RESETS_MAX, resetsPerSecond: LINK_RESETS_PER_SECOND,
        extendedConnect: true, settings: [[MESH_VERSION_SETTING, MESH_WIRE_VERSION]],
      },
      this,
    );
    options.connection.events = this.socketEvents();
    this.sockets.arm(this.timer, BEAT_MS);
    this.wake();
  }

  /** Neither gone nor going; streams may be opened when there is room. */
  get usable(): boolean {
    return this.isReady && !this.retired && !this.over && this.engine.room > 0;
  }

  /** Ready, and nothing speaks against new streams but a lack of room. */
  get alive(): boolean {
    return this.isReady && !this.retired && !this.over;
  }

  get streams(): number {
    return this.engine.streams;
  }

  /** Streams whose end waits for their bytes. */
  get watched(): number {
    return this.ending.size;
  }

  /** One of its streams moves so much, or holds so much up, that small ones are better off elsewhere. */
  get crowded(): boolean {
    return this.bulkUntilMs > 0 && this.nowMs() < this.bulkUntilMs;
  }

  /** What uses a stream of this link again and again had better open one elsewhere. */
  get leaving(): boolean {
    return !this.alive || (this.crowded && this.options.owner.hasOther(this));
  }

  /** Opens a stream by its request's head; null when the link isn't usable. */
  open(fields: FieldList, end: boolean, events: StreamEvents): Http2Stream | null {
    return this.usable ? this.engine.openStream(fields, end, events) : null;
  }

  /** Readers that stopped hold so much of the link's window that the others need it back. */
  get short(): boolean {
    return this.engine.crowding > LINK_CROWDED;
  }

  /** A stream moves much or stands still. */
  markBulk(): void {
    this.bulkUntilMs = this.nowMs() + BULK_MS;
  }

  /** Tells `stream.written` each time that queued bytes have been written, until it is over. */
  watchEnd(stream: Ending): void {
    this.ending.add(stream);
    this.wake();
  }

  /** Takes no new streams; ends when the open ones have. */
  retire(): void {
    if (this.retired || this.over) return;
    this.goingAway();
  }

  /** Ends it now, all streams with it. */
  close(code: number = CODE.noError, message = 'the link is closed'): void {
    if (!this.over) this.engine.close(code, message);
  }

  /** Once in a turn of the event loop: what all streams wrote goes out together. */
  flush(): void {
    this.dirty = false;
    let more = true;
    while (more && !this.connection.blocked && this.connection.open) {
      more = this.engine.produce(this.connection, PRODUCE_BYTES);
      this.connection.flush();
    }
    if (!this.connection.blocked) this.engine.flushed();
    if (this.ending.size > 0) this.tellEnds();
  }

  expired(): void {
    this.beats++;
    this.engine.passed(BEAT_MS);
    this.lookAtPeer();
    if (!this.over) this.lookAtAge();
    if (!this.over) this.sockets.arm(this.timer, BEAT_MS);
  }

  // What the engine says.

  accept(stream: Http2Stream): StreamEvents {
    return this.options.owner.accept(this, stream);
  }

  ready(): void {
    if (this.isReady) return;
    this.isReady = true;
    this.options.owner.ready(this);
  }

  setting(id: number, value: number): void {
    if (id === MESH_VERSION_SETTING) this.peerVersion = value;
  }

  room(): void {
    if (this.alive) this.options.owner.room(this);
  }

  pong(): void {
    this.pinged = false;
  }

  goingAway(): void {
    if (this.retired) return;
    this.retired = true;
    this.options.owner.retiring(this);
    this.engine.retire();
  }

  wake(): void {
    if (this.dirty) return;
    this.dirty = true;
    this.sockets.turn.defer(this);
  }

  done(): void {
    this.finish();
  }

  /** By a fault of the peer's or by our own `close`; the GOAWAY that says so is still to be written. */
  closed(): void {
    this.finish();
  }

  private socketEvents(): SocketEvents {
    const { engine } = this;
    return {
      received: (bytes) => {
        this.heard = true;
        if (!this.isReady && this.options.role === 'client' && bytes[0] === LETTER_H) return this.meetOlder();
        engine.push(bytes, 0, bytes.length);
      },
      ended: () => this.lose(),
      congested: () => undefined,
      drained: () => this.wake(),
      closed: () => this.lose(),
    };
  }

  /** A frame of SETTINGS can't begin like that: its length has a zero there. */
  private meetOlder(): void {
    this.answeredInHttp1 = true;
    this.lose();
  }

  private lookAtPeer(): void {
    if (this.heard) {
      this.heard = this.pinged = false;
      this.silentMs = 0;
      return;
    }
    this.silentMs += BEAT_MS;
    if (this.streams === 0) return;
    if (this.pinged && this.silentMs >= PING_MS + PONG_MS) return this.lose();
    if (this.pinged || this.silentMs < PING_MS) return;
    this.pinged = true;
    this.engine.ping();
  }

  private lookAtAge(): void {
    this.idleMs = this.streams === 0 ? this.idleMs + BEAT_MS : 0;
    if (this.idleMs >= this.options.idleMsMax || this.nowMs() >= this.options.retireAtMs) this.retire();
  }

  /** The socket is gone, or the peer is silent. */
  private lose(): void {
    if (this.over) return;
    this.over = this.retired = true;
    this.engine.lost();
    this.connection.close();
    this.tidy();
  }

  /** What is queued goes out, then the socket ends. */
  private finish(): void {
    if (this.over) return;
    this.over = this.retired = true;
    this.engine.produce(this.connection, PRODUCE_BYTES);
    this.connection.end();
    this.tidy();
  }

  private tidy(): void {
    this.sockets.remove(this.timer);
    this.tellEnds();
    this.options.owner.gone(this);
  }

  private tellEnds(): void {
    for (const stream of this.ending) if (stream.written()) this.ending.delete(stream);
  }

  private nowMs(): number {
    return this.sockets.nowUs() / 1_000;
  }
}
