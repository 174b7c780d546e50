/** Integers with a prefix of N bits. RFC 7541 §5.1. */

/** What the peer's encoder sent can't be decoded: the whole connection is lost (RFC 9113 §4.3). */
export class CompressionError extends Error {
  /** Well-formed, but of a size that only an attack has. */
  readonly excessive: boolean;

  constructor(message: string, excessive = false) {
    super(message);
    this.name = 'CompressionError';
    this.excessive = excessive;
  }
}

/** Bytes behind the prefix: four carry 28 bits, far above any length that is allowed. */
const MORE_BYTES_MAX = 4;

/** Reads integers from a range; keeps the place. One is reused for a whole block. */
export class IntegerReader {
  /** Offset behind what was read last. */
  at = 0;

  /** The integer that begins at `at` in the low bits of that byte. Throws CompressionError when it's cut or too large. */
  read(bytes: Uint8Array, at: number, end: number, prefixMask: number): number {
    const first = (bytes[at] ?? 0) & prefixMask;
    if (first < prefixMask) {
      this.at = at + 1;
      return first;
    }
    return this.readMore(bytes, at + 1, end, prefixMask);
  }

  private readMore(bytes: Uint8Array, from: number, end: number, prefix: number): number {
    let value = prefix;
    for (let index = 0; index < MORE_BYTES_MAX; index++) {
      if (from + index >= end) throw new CompressionError('an integer is cut');
      const byte = bytes[from + index] ?? 0;
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) {
        this.at = from + index + 1;
        return value;
      }
    }
    throw new CompressionError('an integer is too large');
  }
}

/** Bytes that an integer below 2^28 takes at most. */
export const INTEGER_BYTES_MAX = 1 + MORE_BYTES_MAX;

/** Writes an integer behind the pattern bits of its first byte; returns the offset behind it. */
export function writeInteger(out: Uint8Array, at: number, pattern: number, prefixMask: number, value: number): number {
  if (value < prefixMask) {
    out[at] = pattern | value;
    return at + 1;
  }
  out[at] = pattern | prefixMask;
  let rest = value - prefixMask;
  let next = at + 1;
  for (; rest >= 0x80; rest >>>= 7) out[next++] = (rest & 0x7f) | 0x80;
  out[next] = rest;
  return next + 1;
}
