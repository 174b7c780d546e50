/** The payload of each frame type: lengths, stream ids, padding, and header blocks put together. RFC 9113 §6. */
import { CODE } from './codes.ts';
import type { Http2Counters } from './counters.ts';
import { ConnectionError, calm } from './error.ts';
import { FLAG, TYPE, readUint31, readUint32 } from './frame.ts';
import { CONTINUATIONS_MAX, CONTINUATION_BYTES_MAX } from './limits.ts';
import type { FrameSink } from './reader.ts';

/** Gets frames that are well-formed by themselves. May throw ConnectionError. */
export interface Incoming {
  /** A whole header block. `selfDependent`: its priority names its own stream. */
  headers(id: number, end: boolean, selfDependent: boolean, bytes: Uint8Array, start: number, finish: number): void;
  dataBegins(id: number, end: boolean, length: number): void;
  data(bytes: Uint8Array, start: number, end: number, complete: boolean): void;
  padding(count: number): void;
  reset(id: number, code: number): void;
  settings(bytes: Uint8Array, start: number, end: number): void;
  settingsAcknowledged(): void;
  ping(bytes: Uint8Array, start: number, acknowledges: boolean): void;
  goaway(lastStream: number, code: number, bytes: Uint8Array, debugStart: number, debugEnd: number): void;
  windowUpdate(id: number, increment: number): void;
  priority(id: number, selfDependent: boolean, length: number): void;
  /** A frame of a type that nobody knows. */
  unknown(): void;
}

const PRIORITY_BYTES = 5;
const FIRST_BLOCK_BYTES = 2_048;

function protocolError(message: string): ConnectionError {
  return new ConnectionError(CODE.protocolError, message);
}

function sizeError(message: string): ConnectionError {
  return new ConnectionError(CODE.frameSizeError, message);
}

export class PayloadReader implements FrameSink {
  private readonly incoming: Incoming;
  private readonly counters: Http2Counters;
  /** The peer's SETTINGS come first of all (§3.4). */
  private settled = false;
  /** Stream whose header block is not complete, or 0. */
  private blockOf = 0;
  private blockEnds = false;
  private blockSelfDependent = false;
  private block: Uint8Array | null = null;
  private blockLength = 0;
  private continuations = 0;
  /** Octets of them. */
  private continued = 0;

  constructor(incoming: Incoming, counters: Http2Counters) {
    this.incoming = incoming;
    this.counters = counters;
  }

  /** A header block waits for its CONTINUATION. */
  get midBlock(): boolean {
    return this.blockOf !== 0;
  }

  dataBegins(id: number, flags: number, length: number): void {
    this.mustFit(TYPE.data);
    mustHaveStream(id, 'DATA');
    this.incoming.dataBegins(id, (flags & FLAG.endStream) !== 0, length);
  }

  data(bytes: Uint8Array, start: number, end: number, complete: boolean): void {
    this.incoming.data(bytes, start, end, complete);
  }

  padding(count: number): void {
    this.incoming.padding(count);
  }

  frame(type: number, flags: number, id: number, bytes: Uint8Array, start: number, end: number): void {
    this.mustFit(type);
    switch (type) {
      case TYPE.headers: return this.headers(flags, id, bytes, start, end);
      case TYPE.continuation: return this.continuation(flags, id, bytes, start, end);
      case TYPE.windowUpdate:
        mustMeasure(end - start, 4, 'WINDOW_UPDATE');
        return this.incoming.windowUpdate(id, readUint31(bytes, start));
      case TYPE.rstStream:
        mustMeasure(end - start, 4, 'RST_STREAM');
        mustHaveStream(id, 'RST_STREAM');
        return this.incoming.reset(id, readUint32(bytes, start));
      case TYPE.settings: return this.settings(flags, id, bytes, start, end);
      case TYPE.ping:
        mustMeasure(end - start, 8, 'PING');
        mustHaveNone(id, 'PING');
        return this.incoming.ping(bytes, start, (flags & FLAG.ack) !== 0);
      case TYPE.goaway:
        mustHaveNone(id, 'GOAWAY');
        if (end - start < 8) throw sizeError('a GOAWAY frame is cut');
        return this.incoming.goaway(readUint31(bytes, start), readUint32(bytes, start + 4), bytes, start + 8, end);
      case TYPE.priority:
        mustHaveStream(id, 'PRIORITY');
        return this.incoming.priority(id, end - start >= 4 && readUint31(bytes, start) === id, end - start);
      case TYPE.pushPromise: throw protocolError('PUSH_PROMISE came, and push is not wanted');
      default: return this.incoming.unknown();
    }
  }

  /** What may come at all at this place (§3.4, §6.10). */
  private mustFit(type: number): void {
    if (!this.settled && type !== TYPE.settings) throw protocolError('the first frame is not SETTINGS');
    if (this.blockOf !== 0 && type !== TYPE.continuation) throw protocolError('something else than CONTINUATION comes within a header block');
  }

  private settings(flags: number, id: number, bytes: Uint8Array, start: number, end: number): void {
    mustHaveNone(id, 'SETTINGS');
    if ((flags & FLAG.ack) === 0) {
      this.settled = true;
      return this.incoming.settings(bytes, start, end);
    }
    if (!this.settled) throw protocolError('the first frame acknowledges SETTINGS instead of being one');
    mustMeasure(end - start, 0, 'SETTINGS acknowledgement');
    this.incoming.settingsAcknowledged();
  }

  private headers(flags: number, id: number, bytes: Uint8Array, start: number, end: number): void {
    mustHaveStream(id, 'HEADERS');
    let from = start;
    let to = end;
    if ((flags & FLAG.padded) !== 0) {
      if (from >= to) throw sizeError('a padded HEADERS frame has no padding length');
      to -= bytes[from++] ?? 0;
      if (to < from) throw protocolError('a HEADERS frame is shorter than its padding');
    }
    let selfDependent = false;
    if ((flags & FLAG.priority) !== 0) {
      if (to - from < PRIORITY_BYTES) throw sizeError('a HEADERS frame has no room for its priority');
      selfDependent = readUint31(bytes, from) === id;
      from += PRIORITY_BYTES;
    }
    const endStream = (flags & FLAG.endStream) !== 0;
    if ((flags & FLAG.endHeaders) !== 0) return this.incoming.headers(id, endStream, selfDependent, bytes, from, to);
    this.blockOf = id;
    this.blockEnds = endStream;
    this.blockSelfDependent = selfDependent;
    this.blockLength = this.continuations = this.continued = 0;
    this.append(bytes, from, to);
  }

  private continuation(flags: number, id: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.blockOf === 0 || id !== this.blockOf) throw protocolError('a CONTINUATION frame continues nothing');
    this.counters.continuations++;
    if (++this.continuations > CONTINUATIONS_MAX) throw calm(`a header block has more than ${CONTINUATIONS_MAX} CONTINUATION frames`);
    this.continued += end - start;
    if (this.continued > CONTINUATION_BYTES_MAX) throw calm(`a header block has more than ${CONTINUATION_BYTES_MAX} octets of CONTINUATION`);
    this.append(bytes, start, end);
    if ((flags & FLAG.endHeaders) === 0) return;
    const { block, blockLength } = this;
    this.blockOf = 0;
    this.block = null;
    this.incoming.headers(id, this.blockEnds, this.blockSelfDependent, block ?? bytes, 0, blockLength);
  }

  private append(bytes: Uint8Array, start: number, end: number): void {
    const length = this.blockLength + end - start;
    let { block } = this;
    if (block === null || length > block.length) {
      block = new Uint8Array(Math.max(FIRST_BLOCK_BYTES, length * 2));
      if (this.block !== null) block.set(this.block.subarray(0, this.blockLength));
      this.block = block;
    }
    block.set(bytes.subarray(start, end), this.blockLength);
    this.blockLength = length;
  }
}

function mustHaveStream(id: number, name: string): void {
  if (id === 0) throw protocolError(`${name} came without a stream`);
}

function mustHaveNone(id: number, name: string): void {
  if (id !== 0) throw protocolError(`${name} came for stream ${id}`);
}

function mustMeasure(length: number, right: number, name: string): void {
  if (length !== right) throw sizeError(`a ${name} frame has ${length} octets instead of ${right}`);
}
