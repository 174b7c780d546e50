/** The sending half of a connection: encodes heads, keeps to the peer's windows, lets streams take turns. RFC 9113 §5.2, §6. */
import { Encoder } from '../hpack/encoder.ts';
import { FieldList } from '../hpack/fields.ts';
import type { ByteSink } from '../sink.ts';
import { widened } from './flow.ts';
import { FLAG, FRAME_HEADER_BYTES, TYPE, writeFrameHeader, writeUint32 } from './frame.ts';
import { CONNECTION_QUEUE_BYTES, CREDITS_PER_DATA, CREDIT_PER_BYTES, DATA_BYTES_MAX, STREAM_QUEUE_BYTES } from './limits.ts';
import { Output } from './output.ts';
import { StreamQueue } from './queue.ts';
import { FIRST_WINDOW, type PeerSettings, settingsBytes, writeSettings } from './settings.ts';
import type { Http2Stream } from './stream.ts';

const PING_BYTES = 8;

export class Sender {
  readonly output = new Output();
  /** Answers to PING and SETTINGS that were not produced yet. */
  answers = 0;
  /** RST_STREAM frames written ever. */
  resets = 0;
  /** Frames of the peer that our DATA accounts for, ever: credit for each frame, and in small steps for long ones. */
  creditsDue = 0;
  private readonly peer: PeerSettings;
  private readonly encoder = new Encoder();
  /** Our END_STREAM of this stream is written. */
  private readonly ended: (stream: Http2Stream) => void;
  private window = FIRST_WINDOW;
  /** Streams that may send, and those that wait for the connection's window only. */
  private readonly ready = new StreamQueue();
  private readonly parked = new StreamQueue();
  /** Bytes of data queued on all streams. */
  private queuedBytes = 0;
  /** Streams that were told to stop. */
  private readonly blocked = new Set<Http2Stream>();
  private out: ByteSink | null = null;

  constructor(peer: PeerSettings, ended: (stream: Http2Stream) => void) {
    this.peer = peer;
    this.ended = ended;
  }

  /** The connection's window is closed while data waits. */
  get stalled(): boolean {
    return this.window <= 0 && !this.parked.empty;
  }

  /** HEADERS, with END_STREAM if `end`. */
  head(stream: Http2Stream, fields: FieldList, end: boolean): void {
    stream.step('sendHeaders');
    stream.headSent = true;
    this.block(stream.id, fields, end);
    stream.headMark = this.output.written;
    if (end) this.finish(stream);
  }

  /** HEADERS with END_STREAM, now or behind the stream's data. */
  trailers(stream: Http2Stream, fields: FieldList): void {
    if (stream.data.length === 0) {
      this.block(stream.id, fields, true);
      return this.finish(stream);
    }
    stream.trailers = new FieldList(fields.length, fields.count);
    stream.trailers.copyFrom(fields);
    stream.ending = true;
  }

  /** A header block of no stream object, for refusals. */
  block(id: number, fields: FieldList, end: boolean): void {
    const flags = end ? FLAG.endStream : 0;
    const bound = Encoder.bound(fields);
    if (bound > this.peer.maxFrameSize) return this.largeBlock(id, fields, flags, bound);
    const { output } = this;
    const at = output.reserve(FRAME_HEADER_BYTES + bound);
    const behind = this.encoder.encode(fields, output.bytes, at + FRAME_HEADER_BYTES);
    writeFrameHeader(output.bytes, at, behind - at - FRAME_HEADER_BYTES, TYPE.headers, flags | FLAG.endHeaders, id);
    output.commit(behind);
  }

  /** Data or an end was queued on the stream. */
  queued(stream: Http2Stream, count: number): void {
    this.queuedBytes += count;
    const full = stream.data.length >= STREAM_QUEUE_BYTES || (this.queuedBytes >= CONNECTION_QUEUE_BYTES && stream.data.length > 0);
    if (full && !stream.blocked) {
      stream.blocked = true;
      this.blocked.add(stream);
    }
    if (sendable(stream)) this.ready.push(stream);
  }

  /** Forgets what a stream has queued. */
  drop(stream: Http2Stream): void {
    this.queuedBytes -= stream.data.length;
    stream.data.clear();
    stream.trailers = null;
    stream.ending = false;
    this.blocked.delete(stream);
  }

  /** See Http2Connection.produce. */
  produce(out: ByteSink, most: number): boolean {
    const { output, ready } = this;
    this.answers = 0;
    this.out = out;
    for (let left = most; left > 0; ) {
      const stream = ready.shift();
      if (stream === null) break;
      left -= this.sendFrame(stream);
    }
    output.handOver(out);
    this.out = null;
    if (this.blocked.size > 0) this.tellDrained();
    return !ready.empty;
  }

  /** Hands over what is written, and no data any more. */
  last(out: ByteSink): void {
    this.output.handOver(out);
  }

  /** WINDOW_UPDATE of the peer for the connection; false when it grows too large. */
  widen(increment: number): boolean {
    const window = widened(this.window, increment);
    if (window === null) return false;
    this.window = window;
    if (window > 0) for (let stream = this.parked.shift(); stream !== null; stream = this.parked.shift()) this.ready.push(stream);
    return true;
  }

  /** The same for a stream. */
  widenStream(stream: Http2Stream, increment: number): boolean {
    const window = widened(stream.sendWindow, increment);
    if (window === null) return false;
    stream.sendWindow = window;
    if (sendable(stream)) this.ready.push(stream);
    return true;
  }

  /** The peer's settings have changed: its table. */
  settingsChanged(): void {
    this.encoder.limit(this.peer.headerTableSize);
  }

  get anyReady(): boolean {
    return !this.ready.empty;
  }

  rstStream(id: number, code: number): void {
    const { output } = this;
    this.resets++;
    const at = output.reserve(FRAME_HEADER_BYTES + 4);
    output.commit(writeUint32(output.bytes, writeFrameHeader(output.bytes, at, 4, TYPE.rstStream, 0, id), code));
  }

  windowUpdate(id: number, increment: number): void {
    const { output } = this;
    const at = output.reserve(FRAME_HEADER_BYTES + 4);
    output.commit(writeUint32(output.bytes, writeFrameHeader(output.bytes, at, 4, TYPE.windowUpdate, 0, id), increment));
  }

  ping(flags: number, opaque: Uint8Array, start: number): void {
    const { output } = this;
    const at = output.reserve(FRAME_HEADER_BYTES + PING_BYTES);
    const behind = writeFrameHeader(output.bytes, at, PING_BYTES, TYPE.ping, flags, 0);
    output.bytes.set(opaque.subarray(start, start + PING_BYTES), behind);
    output.commit(behind + PING_BYTES);
  }

  settings(flags: number, settings: readonly (readonly [number, number])[]): void {
    const { output } = this;
    const length = settingsBytes(settings.length);
    const at = output.reserve(FRAME_HEADER_BYTES + length);
    output.commit(writeSettings(output.bytes, writeFrameHeader(output.bytes, at, length, TYPE.settings, flags, 0), settings));
  }

  goaway(lastStream: number, code: number, debug: Uint8Array): void {
    const { output } = this;
    const length = 8 + debug.length;
    const at = output.reserve(FRAME_HEADER_BYTES + length);
    const body = writeFrameHeader(output.bytes, at, length, TYPE.goaway, 0, 0);
    const behind = writeUint32(output.bytes, writeUint32(output.bytes, body, lastStream), code);
    output.bytes.set(debug, behind);
    output.commit(behind + debug.length);
  }

  /** Bytes as they are: the preface. */
  raw(bytes: Uint8Array): void {
    const at = this.output.reserve(bytes.length);
    this.output.bytes.set(bytes, at);
    this.output.commit(at + bytes.length);
  }

  /** One DATA frame, or the trailers, of a stream whose turn it is; returns the bytes of data. */
  private sendFrame(stream: Http2Stream): number {
    const { data } = stream;
    if (stream.state === 'closed' || !sendable(stream)) return 0;
    if (data.length > 0 && this.window <= 0) {
      this.parked.push(stream);
      return 0;
    }
    const length = data.length === 0 ? 0 : Math.min(data.length, stream.sendWindow, this.window, DATA_BYTES_MAX);
    const all = length === data.length;
    const ends = all && stream.ending && stream.trailers === null;
    if (length > 0 || ends) this.dataFrame(stream, length, ends);
    if (all && stream.trailers !== null) {
      this.block(stream.id, stream.trailers, true);
      stream.trailers = null;
      this.finish(stream);
    } else if (ends) this.finish(stream);
    else if (sendable(stream)) this.ready.push(stream);
    return length;
  }

  private dataFrame(stream: Http2Stream, length: number, ends: boolean): void {
    const { output } = this;
    const at = output.reserve(FRAME_HEADER_BYTES + Math.min(length, SMALL_BYTES));
    output.commit(writeFrameHeader(output.bytes, at, length, TYPE.data, ends ? FLAG.endStream : 0, stream.id));
    if (length === 0) return;
    this.window -= length;
    stream.sendWindow -= length;
    stream.progress += length;
    this.queuedBytes -= length;
    this.creditsDue += CREDITS_PER_DATA + length / CREDIT_PER_BYTES;
    stream.data.shift(length, this.take);
  }

  private readonly take = (bytes: Uint8Array, start: number, end: number): void => {
    if (this.out !== null) this.output.data(bytes, start, end, this.out);
  };

  private finish(stream: Http2Stream): void {
    stream.step('sendEnd');
    stream.ending = false;
    this.ended(stream);
  }

  private tellDrained(): void {
    const total = this.queuedBytes * 2 <= CONNECTION_QUEUE_BYTES;
    for (const stream of this.blocked) {
      if (stream.data.length > 0 && !(total && stream.data.length * 2 <= STREAM_QUEUE_BYTES)) continue;
      this.blocked.delete(stream);
      stream.blocked = false;
      if (!stream.ending) stream.events.drained();
    }
  }

  /** A block that needs CONTINUATION frames. */
  private largeBlock(id: number, fields: FieldList, flags: number, bound: number): void {
    const block = new Uint8Array(bound);
    const length = this.encoder.encode(fields, block, 0);
    const { output } = this;
    const { maxFrameSize } = this.peer;
    for (let from = 0; from === 0 || from < length; from += maxFrameSize) {
      const to = Math.min(length, from + maxFrameSize);
      const at = output.reserve(FRAME_HEADER_BYTES + to - from);
      const endHeaders = to === length ? FLAG.endHeaders : 0;
      const behind = writeFrameHeader(output.bytes, at, to - from, from === 0 ? TYPE.headers : TYPE.continuation, (from === 0 ? flags : 0) | endHeaders, id);
      output.bytes.set(block.subarray(from, to), behind);
      output.commit(behind + to - from);
    }
  }
}

/** So much of a frame is kept in one row with its header. */
const SMALL_BYTES = 4 * 1024;

/** Has something that its own window lets out. */
function sendable(stream: Http2Stream): boolean {
  return stream.data.length > 0 ? stream.sendWindow > 0 : stream.ending;
}
