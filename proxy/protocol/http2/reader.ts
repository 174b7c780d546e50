/** Cuts what comes into frames. DATA passes in the pieces that came, everything else whole. RFC 9113 §3.4, §4. */
import { ascii } from '../bytes.ts';
import { CODE } from './codes.ts';
import { ConnectionError } from './error.ts';
import { FLAG, FRAME_HEADER_BYTES, TYPE, readUint31 } from './frame.ts';
import { FRAME_BYTES_MAX } from './limits.ts';

/** What a client says first. RFC 9113 §3.4. */
export const PREFACE = ascii('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** Gets the frames in order. May throw ConnectionError. */
export interface FrameSink {
  /** A whole frame other than DATA. */
  frame(type: number, flags: number, id: number, bytes: Uint8Array, start: number, end: number): void;
  /** A DATA frame begins; `length` with its padding. */
  dataBegins(id: number, flags: number, length: number): void;
  /** A piece of its content. `complete`: the last one, perhaps empty. */
  data(bytes: Uint8Array, start: number, end: number, complete: boolean): void;
  /** Octets of padding and its length, which count for flow control. */
  padding(count: number): void;
}

export class FrameReader {
  private readonly sink: FrameSink;
  /** Bytes of the preface that have come. */
  private prefaced: number;
  /** A header or payload that came in pieces. */
  private readonly header = new Uint8Array(FRAME_HEADER_BYTES);
  private headerLength = 0;
  private partial: Uint8Array | null = null;
  private partialLength = 0;
  private type = 0;
  private flags = 0;
  private id = 0;
  /** Octets of the current DATA frame: content that is missing (−1: the padding's length is), and padding behind it. */
  private contentLeft = 0;
  private paddingLeft = 0;
  private dataLength = 0;
  private inData = false;
  private stopped = false;

  constructor(sink: FrameSink, expectsPreface: boolean) {
    this.sink = sink;
    this.prefaced = expectsPreface ? 0 : PREFACE.length;
  }

  /** Bytes of an unfinished preface, frame header or frame are here. */
  get midway(): boolean {
    return this.prefaced < PREFACE.length || this.headerLength > 0 || this.partial !== null || this.inData;
  }

  /** Reads nothing any more, also not the rest of what is being read. */
  stop(): void {
    this.stopped = true;
    this.partial = null;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    let at = this.prefaced < PREFACE.length ? this.readPreface(bytes, start, end) : start;
    while (at < end && !this.stopped) {
      if (this.inData) at = this.readData(bytes, at, end);
      else if (this.partial !== null) at = this.readPartial(this.partial, bytes, at, end);
      else at = this.readFrame(bytes, at, end);
    }
  }

  private readPreface(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    for (; at < end && this.prefaced < PREFACE.length; at++) {
      if (bytes[at] !== PREFACE[this.prefaced++]) throw new ConnectionError(CODE.protocolError, 'the connection preface is not that of HTTP/2');
    }
    return at;
  }

  private readFrame(bytes: Uint8Array, start: number, end: number): number {
    if (this.headerLength === 0 && end - start >= FRAME_HEADER_BYTES) {
      return this.begin(bytes, start, bytes, start + FRAME_HEADER_BYTES, end);
    }
    let at = start;
    while (at < end && this.headerLength < FRAME_HEADER_BYTES) this.header[this.headerLength++] = bytes[at++] ?? 0;
    if (this.headerLength < FRAME_HEADER_BYTES) return at;
    this.headerLength = 0;
    return this.begin(this.header, 0, bytes, at, end);
  }

  /** A header is complete: `header` from `from`, its payload begins at `at`. */
  private begin(header: Uint8Array, from: number, bytes: Uint8Array, at: number, end: number): number {
    const length = ((header[from] ?? 0) << 16) | ((header[from + 1] ?? 0) << 8) | (header[from + 2] ?? 0);
    this.type = header[from + 3] ?? 0;
    this.flags = header[from + 4] ?? 0;
    this.id = readUint31(header, from + 5);
    if (length > FRAME_BYTES_MAX) throw new ConnectionError(CODE.frameSizeError, `a frame of ${length} octets is larger than the ${FRAME_BYTES_MAX} that were announced`);
    if (this.type === TYPE.data) return this.beginData(length, bytes, at);
    if (end - at >= length) {
      this.sink.frame(this.type, this.flags, this.id, bytes, at, at + length);
      return at + length;
    }
    this.partial = new Uint8Array(length);
    this.partial.set(bytes.subarray(at, end));
    this.partialLength = end - at;
    return end;
  }

  private readPartial(partial: Uint8Array, bytes: Uint8Array, at: number, end: number): number {
    const taken = Math.min(end - at, partial.length - this.partialLength);
    partial.set(bytes.subarray(at, at + taken), this.partialLength);
    this.partialLength += taken;
    if (this.partialLength === partial.length) {
      this.partial = null;
      this.sink.frame(this.type, this.flags, this.id, partial, 0, partial.length);
    }
    return at + taken;
  }

  private beginData(length: number, bytes: Uint8Array, at: number): number {
    this.sink.dataBegins(this.id, this.flags, length);
    if (this.stopped) return at;
    this.dataLength = length;
    this.paddingLeft = 0;
    if ((this.flags & FLAG.padded) !== 0) {
      if (length === 0) throw new ConnectionError(CODE.frameSizeError, 'a padded DATA frame has no padding length');
      this.contentLeft = -1;
      this.inData = true;
    } else if (length === 0) this.sink.data(bytes, at, at, true);
    else {
      this.contentLeft = length;
      this.inData = true;
    }
    return at;
  }

  private readData(bytes: Uint8Array, start: number, end: number): number {
    if (this.contentLeft < 0) return this.readPaddingLength(bytes, start);
    if (this.contentLeft > 0) {
      const upTo = Math.min(end, start + this.contentLeft);
      this.contentLeft -= upTo - start;
      this.inData = this.contentLeft + this.paddingLeft > 0;
      this.sink.data(bytes, start, upTo, this.contentLeft === 0);
      return upTo;
    }
    const upTo = Math.min(end, start + this.paddingLeft);
    this.paddingLeft -= upTo - start;
    this.inData = this.paddingLeft > 0;
    this.sink.padding(upTo - start);
    return upTo;
  }

  private readPaddingLength(bytes: Uint8Array, at: number): number {
    this.paddingLeft = bytes[at] ?? 0;
    this.contentLeft = this.dataLength - 1 - this.paddingLeft;
    if (this.contentLeft < 0) throw new ConnectionError(CODE.protocolError, 'a DATA frame is shorter than its padding');
    this.inData = this.contentLeft + this.paddingLeft > 0;
    this.sink.padding(1);
    if (this.contentLeft === 0) this.sink.data(bytes, at + 1, at + 1, true);
    return at + 1;
  }
}
