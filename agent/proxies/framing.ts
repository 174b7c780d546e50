/** Frames of the control link: a 4-byte big-endian length and that many bytes of UTF-8 JSON. */
import type { FromControl, ToControl } from '../../proxy/wire/orders.ts';

const HEADER_BYTES = 4;

/** The bytes of one message. */
export function encodeFrame(message: FromControl | ToControl): Buffer {
  const text = JSON.stringify(message);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + Buffer.byteLength(text));
  frame.writeUInt32BE(frame.length - HEADER_BYTES, 0);
  frame.write(text, HEADER_BYTES);
  return frame;
}

export type FrameEvent = { readonly kind: 'frame'; readonly bytes: Buffer } | { readonly kind: 'too_long'; readonly length: number };

/** Cuts a stream of bytes into frames, wherever it was split. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #length = 0;

  /** Bytes of an unfinished frame. */
  get buffered(): number {
    return this.#length;
  }

  /** Takes bytes and returns the frames that are whole now; a `too_long` one is the last that is ever returned. */
  push(bytes: Buffer, lengthMax: number): FrameEvent[] {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
    const events: FrameEvent[] = [];
    for (;;) {
      if (this.#length < HEADER_BYTES) return events;
      const length = this.#joined(HEADER_BYTES).readUInt32BE(0);
      if (length > lengthMax) return [...events, { kind: 'too_long', length }];
      if (this.#length < HEADER_BYTES + length) return events;
      const joined = this.#joined(HEADER_BYTES + length);
      events.push({ kind: 'frame', bytes: joined.subarray(HEADER_BYTES, HEADER_BYTES + length) });
      const rest = joined.subarray(HEADER_BYTES + length);
      this.#chunks = [rest, ...this.#chunks.slice(1)];
      this.#length -= HEADER_BYTES + length;
    }
  }

  /** The first chunk, joined with those after it until it has so many bytes; each byte is copied once a frame. */
  #joined(needed: number): Buffer {
    let first = this.#chunks[0] ?? Buffer.alloc(0);
    if (first.length < needed) {
      first = Buffer.concat(this.#chunks);
      this.#chunks = [first];
    }
    return first;
  }
}
