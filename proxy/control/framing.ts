/** Frames of the control link: a 4-byte big-endian length and that many bytes of UTF-8 JSON. Pure. */
import { FRAME_BYTES_MAX } from '../wire/orders.ts';

const HEADER_BYTES = 4;

/** A frame longer than FRAME_BYTES_MAX was announced or asked for. */
export class FrameTooLong extends Error {
  readonly code = 'frame_too_long';

  constructor(bytes: number) {
    super(`a frame of ${bytes} bytes is longer than the ${FRAME_BYTES_MAX} that a control link takes`);
  }
}

/** The frame of one message's JSON text. Throws `FrameTooLong`. */
export function encodeFrame(json: string): Uint8Array<ArrayBuffer> {
  const body = new TextEncoder().encode(json);
  if (body.length > FRAME_BYTES_MAX) throw new FrameTooLong(body.length);
  const frame = new Uint8Array(HEADER_BYTES + body.length);
  new DataView(frame.buffer).setUint32(0, body.length);
  frame.set(body, HEADER_BYTES);
  return frame;
}

/** Cuts a stream of bytes into frames, wherever it was split. */
export class FrameReader {
  readonly #onFrame: (json: string) => void;
  #kept: Uint8Array = new Uint8Array(0);
  #length = 0;

  /** `onFrame` gets the text of each whole frame. */
  constructor(onFrame: (json: string) => void) {
    this.#onFrame = onFrame;
  }

  /** Takes bytes, which may be changed after the call. Throws `FrameTooLong`; the reader is of no use after that. */
  push(bytes: Uint8Array): void {
    this.#append(bytes);
    let from = 0;
    for (;;) {
      const left = this.#length - from;
      if (left < HEADER_BYTES) break;
      const length = new DataView(this.#kept.buffer, this.#kept.byteOffset + from).getUint32(0);
      if (length > FRAME_BYTES_MAX) throw new FrameTooLong(length);
      if (left < HEADER_BYTES + length) break;
      const begin = from + HEADER_BYTES;
      from = begin + length;
      this.#onFrame(new TextDecoder().decode(this.#kept.subarray(begin, from)));
    }
    this.#drop(from);
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#kept.length) {
      const grown = new Uint8Array(Math.max(needed, Math.min(this.#kept.length * 2, FRAME_BYTES_MAX)));
      grown.set(this.#kept.subarray(0, this.#length));
      this.#kept = grown;
    }
    this.#kept.set(bytes, this.#length);
    this.#length = needed;
  }

  #drop(bytes: number): void {
    if (bytes === 0) return;
    this.#length -= bytes;
    // A new small array, so that the memory of one large frame isn't kept for ever.
    this.#kept = this.#kept.slice(bytes, bytes + this.#length);
  }
}
