/** One side of an HTTP/2 connection, client or server: bytes in, events out, frames produced on demand. RFC 9113. */
import { ascii } from '../bytes.ts';
import type { FieldList } from '../hpack/fields.ts';
import type { ByteSink } from '../sink.ts';
import { Allowances } from './budget.ts';
import { CODE, type ConnectionFault, type StreamFault } from './codes.ts';
import { Http2Counters } from './counters.ts';
import { ConnectionError } from './error.ts';
import type { ConnectionEvents, ConnectionOptions, StreamEvents } from './events.ts';
import { ReceiveWindow } from './flow.ts';
import { FLAG, debugText, sameOpaque } from './frame.ts';
import { CompressionError } from '../hpack/integer.ts';
import {
  CONNECTION_WINDOW_BYTES, LINGER_BYTES_MAX, LINGER_MS_MAX, RESETS_PER_SECOND, RESETS_UNPAID_MAX, STREAMS_OPENED_MAX, STREAM_ID_MAX, STREAM_QUEUE_BYTES_MAX, STREAM_WINDOW_BYTES,
} from './limits.ts';
import { isConnect, isHead } from './message.ts';
import { FrameReader, PREFACE } from './reader.ts';
import { Receiver } from './receiver.ts';
import { StreamRegistry } from './registry.ts';
import { Sender } from './sender.ts';
import { FIRST_WINDOW, PeerSettings, announced } from './settings.ts';
import { Http2Stream, type StreamHost } from './stream.ts';

const KEEPALIVE = ascii('keepaliv');
const RETIRING = ascii('retiring');
const NOTHING = new Uint8Array(0);

/** Output waits from the start: produce once after construction. */
export class Http2Connection implements StreamHost {
  readonly counters: Http2Counters;
  /** From here on for the engine only. */
  readonly server: boolean;
  readonly options: ConnectionOptions;
  readonly peer: PeerSettings;
  readonly sender: Sender;
  readonly registry: StreamRegistry;
  readonly window: ReceiveWindow;
  readonly events: ConnectionEvents;
  private readonly receiver: Receiver;
  private readonly allowances: Allowances;
  private readonly reader: FrameReader;
  private readonly streamWindow: number;
  private readonly windowSize: number;
  /** Bytes given to owners that they have not consumed. */
  private held = 0;
  /** Streams whose request nobody reads any more. */
  private readonly lingering = new Set<Http2Stream>();
  private state: 'open' | 'failed' | 'lost' = 'open';
  /** The owner knows that there is something to produce; at first it does. */
  private awake = true;
  private producing = false;
  /** `open` said no since there was room last. */
  private refusedToOpen = false;
  /** Server: the first GOAWAY waits for its PING's answer. `retired`: nothing new is taken, or opened. */
  private retirement: 'none' | 'announced' | 'retired' = 'none';
  private doneTold = false;
  /** SETTINGS of the peer have come. */
  private settled = false;
  /** It has acknowledged ours. */
  private acknowledged = false;
  private pinged = false;

  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    this.options = options;
    this.events = events;
    this.server = options.role === 'server';
    this.counters = options.counters ?? new Http2Counters();
    this.peer = new PeerSettings(!this.server);
    this.registry = new StreamRegistry(this.server);
    this.sender = new Sender(this.peer, (stream) => this.stepped(stream));
    this.streamWindow = options.streamWindow ?? STREAM_WINDOW_BYTES;
    const window = options.connectionWindow ?? CONNECTION_WINDOW_BYTES;
    this.windowSize = window;
    this.window = new ReceiveWindow(window, Math.max(window, FIRST_WINDOW));
    const { resetsMax = this.server ? RESETS_UNPAID_MAX : Number.POSITIVE_INFINITY, resetsPerSecond = RESETS_PER_SECOND } = options;
    this.allowances = new Allowances(resetsMax, resetsPerSecond);
    this.receiver = new Receiver(this, this.allowances);
    this.reader = new FrameReader(this.receiver.frames, this.server);
    this.greet(window);
  }

  /** Neither failed nor closed nor lost. */
  get open(): boolean {
    return this.state === 'open';
  }

  /** Streams that are open. */
  get streams(): number {
    return this.registry.active;
  }

  /** Client: how many streams may be opened now; 0 before the peer's SETTINGS and behind a GOAWAY. */
  get room(): number {
    if (this.server || !this.settled || this.state !== 'open' || this.retirement !== 'none' || !this.registry.idsLeft) return 0;
    return Math.max(0, Math.min(this.peer.maxConcurrentStreams, STREAMS_OPENED_MAX) - this.registry.active);
  }

  /** The peer takes extended CONNECT. */
  get peerExtendedConnect(): boolean {
    return this.peer.extendedConnect;
  }

  /** A preface, frame or header block of the peer is unfinished: an owner that sees that for long knows a slow or broken peer. */
  get midway(): boolean {
    return this.reader.midway || this.receiver.frames.midBlock;
  }

  /** Data waits and the peer's window of the connection lets none out. */
  get stalled(): boolean {
    return this.sender.stalled;
  }

  /** RST_STREAM frames sent: peers end connections with too many, however good their reason. */
  get resetsSent(): number {
    return this.sender.resets;
  }

  /** Share of the connection's receive window that owners hold unconsumed, 0 to 1: near 1, streams that stand still stop the others. */
  get crowding(): number {
    return this.held / this.windowSize;
  }

  /** The stream of this id, or null. For diagnostics. */
  stream(id: number): Http2Stream | null {
    return this.registry.streams.get(id) ?? null;
  }

  /** Reads what came. Never throws for what a peer can send: a fault ends in `closed`. Ranges given to `data` are of this array. */
  push(bytes: Uint8Array, start: number, end: number): void {
    if (this.state !== 'open') return;
    try {
      this.reader.push(bytes, start, end);
    } catch (error) {
      if (error instanceof ConnectionError) this.fail(error.code, error.message);
      else if (error instanceof CompressionError) this.fail(error.excessive ? CODE.enhanceYourCalm : CODE.compressionError, error.message);
      else throw error;
    }
    this.settle();
  }

  /**
   * Writes what waits: all control frames and heads, then data round robin by bytes, some `most` bytes. Returns whether
   * data waits that the windows would let out: call again when the socket took these. Written arrays don't change until
   * `flushed`. Don't call it while the socket is congested: what isn't produced here is what keeps streams fair.
   */
  produce(out: ByteSink, most: number): boolean {
    this.awake = false;
    if (this.state === 'lost') return false;
    if (this.state === 'failed') {
      this.sender.last(out);
      return false;
    }
    this.producing = true;
    const more = this.sender.produce(out, most);
    this.producing = false;
    this.registry.produced();
    this.allowances.credited(this.sender.creditsDue);
    this.settle();
    return more;
  }

  /** All that was produced has left, and nobody holds a range of it: memory is used again. Optional; saves garbage. */
  flushed(): void {
    this.sender.output.reuse();
  }

  /** Client: opens a stream by its request's head (`end`: nothing follows), or null when there is no `room`. The list may be reused at once. */
  openStream(fields: FieldList, end: boolean, events: StreamEvents): Http2Stream | null {
    if (this.room === 0) {
      this.refusedToOpen = true;
      return null;
    }
    const stream = this.newStream(this.registry.takeOwnId());
    stream.events = events;
    stream.requestWas = isHead(fields) ? 'HEAD' : isConnect(fields) ? 'CONNECT' : 'other';
    this.sendHead(stream, fields, end);
    return stream;
  }

  /** Sends a PING; `pong` tells of the answer. While one is under way it does nothing. */
  ping(): void {
    if (this.state !== 'open' || this.pinged) return;
    this.pinged = true;
    this.sender.ping(0, KEEPALIVE, 0);
    this.wake();
  }

  /** Takes and opens no more streams, lets open ones end: server in two steps (RFC 9113 §6.8), client by GOAWAY. `done` follows. */
  retire(): void {
    if (this.state !== 'open' || this.retirement !== 'none') return;
    if (this.server) {
      this.retirement = 'announced';
      this.sender.goaway(STREAM_ID_MAX, CODE.noError, NOTHING);
      this.sender.ping(0, RETIRING, 0);
    } else {
      this.retirement = 'retired';
      this.sender.goaway(0, CODE.noError, NOTHING);
    }
    this.wake();
    this.settle();
  }

  /** Resets all and says GOAWAY; `closed` follows. */
  close(code: number, message: string): void {
    this.end('local', code, message);
  }

  /** The socket is gone: all streams are reset, nothing is produced any more, and no `closed` follows. */
  lost(): void {
    if (this.state === 'lost') return;
    const wasOpen = this.state === 'open';
    this.state = 'lost';
    this.reader.stop();
    if (wasOpen) this.resetAll({ code: CODE.internalError, message: 'the connection is gone' });
  }

  /** So much time has passed; pays off budgets of frames that cost the peer nothing. Call it now and then (seconds). */
  passed(ms: number): void {
    this.allowances.passed(ms);
    if (this.lingering.size > 0) this.endLingering(ms);
    if (this.registry.active === 0) this.rest();
    this.settle();
  }

  /** An idle connection keeps what the protocol asks for, and no buffers. */
  private rest(): void {
    this.sender.output.forget();
    this.receiver.rest();
  }

  /** StreamHost. */
  lingers(stream: Http2Stream): void {
    this.lingering.add(stream);
  }

  /** So much came on a stream that nobody reads any more. */
  lingered(stream: Http2Stream, count: number): void {
    this.credit(stream, count);
    if (stream.state !== 'half-closed (local)') return;
    stream.lingeredBytes += count;
    if (stream.lingeredBytes > LINGER_BYTES_MAX) this.discard(stream, CODE.noError);
  }

  /** StreamHost: a stream sends a head. */
  sendHead(stream: Http2Stream, fields: FieldList, end: boolean): void {
    if (this.state !== 'open') return;
    this.sender.head(stream, fields, end);
    this.wake();
  }

  /** StreamHost: trailers behind the data, at once if there is none. */
  sendTrailers(stream: Http2Stream, fields: FieldList): void {
    if (this.state !== 'open') return;
    this.sender.trailers(stream, fields);
    this.wake();
  }

  /** StreamHost. */
  queued(stream: Http2Stream, count: number): void {
    if (this.state !== 'open') return;
    this.sender.queued(stream, count);
    if (stream.data.length > STREAM_QUEUE_BYTES_MAX) {
      this.counters.queueOverruns++;
      this.breakOff(stream, CODE.internalError, 'more was queued on the stream than memory allows');
    } else if (this.sender.anyReady) this.wake();
  }

  /** StreamHost. */
  resetByOwner(stream: Http2Stream, code: number): void {
    this.discard(stream, code);
    this.settle();
  }

  /** StreamHost. */
  consumed(stream: Http2Stream, count: number): void {
    const counted = Math.min(count, stream.unconsumed);
    const aside = Math.min(counted, stream.aside);
    stream.unconsumed -= counted;
    stream.aside -= aside;
    this.held -= counted - aside;
    this.credit(stream, counted, counted - aside);
  }

  /** StreamHost. */
  setAside(stream: Http2Stream, count: number): void {
    const counted = Math.min(count, stream.unconsumed - stream.aside);
    stream.aside += counted;
    this.held -= counted;
    this.credit(null, counted);
  }

  /** The peer gets credit for so much, for the connection (`ofConnection`) and, while it may still send there, for the stream. */
  credit(stream: Http2Stream | null, count: number, ofConnection = count): void {
    if (count === 0 || this.state !== 'open') return;
    const increment = this.window.give(ofConnection);
    if (increment > 0) this.sender.windowUpdate(0, increment);
    const ofStream = stream === null || stream.peerEnded ? 0 : stream.receiveWindow.give(count);
    if (ofStream > 0 && stream !== null) this.sender.windowUpdate(stream.id, ofStream);
    if (increment + ofStream > 0) this.wake();
  }

  /** So much of a stream's data goes to its owner. */
  hold(stream: Http2Stream, count: number): void {
    stream.unconsumed += count;
    this.held += count;
  }

  /** A stream object for an id that is now in use. */
  newStream(id: number): Http2Stream {
    const left = this.acknowledged ? this.streamWindow : Math.max(this.streamWindow, FIRST_WINDOW);
    const stream = new Http2Stream(id, this, this.peer.initialWindowSize, new ReceiveWindow(this.streamWindow, left));
    this.registry.streams.set(id, stream);
    this.counters.streams++;
    return stream;
  }

  /** The peer broke a rule on this stream, or made it useless: it is reset, and its owner told. */
  breakOff(stream: Http2Stream, code: number, message: string): void {
    const events = stream.takeEvents();
    this.discard(stream, code);
    events.reset({ by: 'malformed', code, unprocessed: false, message });
  }

  /** The stream took a step that may have been its last. */
  stepped(stream: Http2Stream): void {
    if (stream.state !== 'closed') return;
    this.allowances.completed();
    this.remove(stream, true);
  }

  /** `told`: the peer counts the stream as open until it has read our last frame of it. */
  private remove(stream: Http2Stream, told: boolean): void {
    if (stream.resetBehindEnd) this.lingering.delete(stream);
    this.registry.remove(stream, told && this.server && (this.producing || this.sender.output.pending));
    this.sender.drop(stream);
  }

  /** The peer's SETTINGS were read; windows have moved by `delta`. */
  peerSettled(delta: number): void {
    this.sender.settingsChanged();
    if (delta !== 0) this.moveWindows(delta);
    this.sender.settings(FLAG.ack, []);
    this.sender.answers++;
    this.wake();
    if (this.settled) return;
    this.settled = true;
    this.events.ready();
  }

  peerAcknowledged(): void {
    this.acknowledged = true;
  }

  /** An answer to a PING of ours. */
  ponged(bytes: Uint8Array, start: number): void {
    if (this.pinged && sameOpaque(bytes, start, KEEPALIVE)) {
      this.pinged = false;
      this.events.pong();
    } else if (this.retirement === 'announced' && sameOpaque(bytes, start, RETIRING)) {
      this.retirement = 'retired';
      this.registry.acceptMax = this.registry.lastPeer;
      this.sender.goaway(this.registry.lastPeer, CODE.noError, NOTHING);
      this.wake();
    }
  }

  /** The peer said GOAWAY: what it has not acted on may be sent again elsewhere. */
  peerGoesAway(lastStream: number, code: number, debug: string): void {
    if (!this.server) {
      if (this.retirement === 'none') this.retirement = 'retired';
      for (const stream of [...this.registry.streams.values()]) {
        if (stream.id > lastStream) this.dropStream(stream, { by: 'peer', code: CODE.refusedStream, unprocessed: true, message: `the peer goes away and takes streams to ${lastStream}` });
      }
    }
    this.events.goingAway(lastStream, code, debug);
  }

  /** The stream is over without a word to the peer. */
  dropStream(stream: Http2Stream, fault: StreamFault): void {
    const events = stream.takeEvents();
    this.forget(stream, false);
    events.reset(fault);
  }

  /** There is something to produce. */
  wake(): void {
    if (this.awake) return;
    this.awake = true;
    this.events.wake();
  }

  private greet(window: number): void {
    const { sender, options } = this;
    if (!this.server) sender.raw(PREFACE);
    sender.settings(0, announced(options));
    if (window > FIRST_WINDOW) sender.windowUpdate(0, window - FIRST_WINDOW);
  }

  private moveWindows(delta: number): void {
    for (const stream of this.registry.streams.values()) {
      if (!this.sender.widenStream(stream, delta)) throw new ConnectionError(CODE.flowControlError, `the initial window makes that of stream ${stream.id} too large`);
    }
  }

  /** Tells streams to stop that go on behind our whole answer. */
  private endLingering(ms: number): void {
    for (const stream of this.lingering) {
      if (stream.state === 'half-closed (local)') stream.lingeredMs += ms;
      if (stream.lingeredMs >= LINGER_MS_MAX) this.discard(stream, CODE.noError);
      if (stream.state === 'closed') this.lingering.delete(stream);
    }
  }

  /** RST_STREAM, and nothing of the stream is left. */
  private discard(stream: Http2Stream, code: number): void {
    if (stream.state === 'closed') return;
    this.sender.rstStream(stream.id, code);
    this.registry.rememberReset(stream.id);
    this.wake();
    this.forget(stream, true);
  }

  private forget(stream: Http2Stream, told: boolean): void {
    stream.state = 'closed';
    this.remove(stream, told);
    const owed = stream.unconsumed - stream.aside;
    stream.unconsumed = stream.aside = 0;
    this.held -= owed;
    this.credit(null, owed);
  }

  private fail(code: number, message: string): void {
    if (code === CODE.enhanceYourCalm) this.counters.calmed++;
    else this.counters.protocolErrors++;
    this.end('peer', code, message);
  }

  private end(by: ConnectionFault['by'], code: number, message: string): void {
    if (this.state !== 'open') return;
    this.sender.goaway(this.registry.lastPeer, code, debugText(message));
    this.state = 'failed';
    this.reader.stop();
    this.resetAll({ code, message });
    this.events.closed({ by, code, message });
    this.wake();
  }

  private resetAll({ code, message }: { code: number; message: string }): void {
    for (const stream of [...this.registry.streams.values()]) {
      const unprocessed = !this.server && stream.headMark > this.sender.output.handed;
      this.dropStream(stream, { by: 'connection', code, unprocessed, message });
    }
    this.registry.produced();
  }

  /** What may follow from anything: room for streams again, or the end of a retired connection. */
  private settle(): void {
    if (this.state !== 'open') return;
    if (this.refusedToOpen && this.room > 0) {
      this.refusedToOpen = false;
      this.events.room();
    }
    if (this.retirement !== 'retired' || this.registry.active > 0 || this.doneTold) return;
    this.doneTold = true;
    this.events.done();
  }
}
