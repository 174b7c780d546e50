/** A stream of bits with adaptive exponential-Golomb codes: small numbers take few bits, any whole number below 2^53 fits. Pure. */

/** Bytes that can't be what the writer made. */
export class PackedError extends Error {
  override readonly name = 'PackedError';
}

/** Number of bits of a whole number ≥ 1 below 2^53 + 1. */
function bitLength(value: number): number {
  return value < 0x1_0000_0000 ? 32 - Math.clz32(value) : 64 - Math.clz32(Math.floor(value / 0x1_0000_0000));
}

/** Below this, shifts do what divisions do elsewhere. */
const INTEGER_MAX = 0x4000_0000;

/** Bits that the code of order `k` takes for `value`. */
export function golombBits(value: number, k: number): number {
  if (value < INTEGER_MAX) return 63 - 2 * Math.clz32((value >>> k) + 1) + k;
  return 2 * bitLength(Math.floor(value / 2 ** k) + 1) - 1 + k;
}

/** Highest order of a code: the decoder's look ahead. */
export const ORDER_MAX = 24;

/** Values that the choice of an order looks at; more change the size by less than 1 %. */
const ORDER_SAMPLE = 400;

/**
 * The order that takes the fewest bits, tried around the mean's, on a sample spread over the values. With `less` 1 zeros
 * are flagged and not coded, and the others are coded less one.
 */
export function bestOrder(values: readonly number[], less: 0 | 1): number {
  const sample: number[] = [];
  const step = Math.ceil(values.length / ORDER_SAMPLE);
  let sum = 0;
  for (let at = 0; at < values.length; at += step) {
    const value = (values[at] ?? 0) - less;
    if (value < 0) continue;
    sample.push(value);
    sum += value;
  }
  if (sample.length === 0) return 0;
  const middle = Math.floor(Math.log2(sum / sample.length + 1));
  let best = { k: 0, bits: Infinity };
  for (let candidate = middle - 3; candidate <= middle; candidate++) {
    const k = Math.min(ORDER_MAX, Math.max(0, candidate));
    let bits = 0;
    for (const value of sample) bits += golombBits(value, k);
    if (bits < best.bits) best = { k, bits };
  }
  return best.k;
}

export interface BitWriter {
  /** The low `count` bits of a whole number, highest first; count ≤ 54. */
  bits(value: number, count: number): void;
  /** Exponential-Golomb code of order `k` ≤ 24. */
  golomb(value: number, k: number): void;
  /** What was written, padded with zero bits to a byte. */
  finish(): Uint8Array<ArrayBuffer>;
}

export function createBitWriter(): BitWriter {
  let bytes = new Uint8Array(1024);
  let length = 0;
  let held = 0;
  let heldBits = 0;

  function small(value: number, count: number): void {
    held = (held << count) | value;
    heldBits += count;
    for (; heldBits >= 8; heldBits -= 8) push((held >>> (heldBits - 8)) & 255);
    held &= (1 << heldBits) - 1;
  }

  function push(byte: number): void {
    if (length === bytes.length) {
      const larger = new Uint8Array(length * 2);
      larger.set(bytes);
      bytes = larger;
    }
    bytes[length++] = byte;
  }

  function bits(value: number, count: number): void {
    for (let left = count; left > 0; ) {
      const take = Math.min(left, 16);
      left -= take;
      small(Math.floor(value / 2 ** left) % 2 ** take, take);
    }
  }

  function golomb(value: number, k: number): void {
    const width = golombBits(value, k);
    if (width <= FAST_BITS && value < INTEGER_MAX) {
      // Leading zeros, the quotient's digits and the rest in one piece: the zeros are the piece's width less its digits.
      small((((value >>> k) + 1) << k) | (value & ((1 << k) - 1)), width);
      return;
    }
    const quotient = Math.floor(value / 2 ** k) + 1;
    const size = bitLength(quotient);
    bits(0, size - 1);
    bits(quotient, size);
    bits(value % 2 ** k, k);
  }

  function finish(): Uint8Array<ArrayBuffer> {
    if (heldBits > 0) small(0, 8 - heldBits);
    return bytes.slice(0, length);
  }

  return { bits, golomb, finish };
}

export interface BitReader {
  /** What is read, for loops that hold their position themselves. */
  readonly bytes: Uint8Array;
  /** Number of bits read so far. */
  readonly position: number;
  /** Goes on reading elsewhere; throws for a position past the end. */
  seek(position: number): void;
  bits(count: number): number;
  golomb(k: number): number;
  /** The next `count` codes of order `k` as a column. With `flagged` each has a bit for "not zero" first and was stored less one. */
  column(into: Float64Array, count: number, k: number, flagged: boolean): void;
}

/** Longest code that one 32-bit look ahead holds whatever the position in its first byte. */
export const FAST_BITS = 25;

/** The next 25 or more bits, at the top of 32; zeros past the end. */
export function wordAt(bytes: Uint8Array, position: number): number {
  const byte = position >>> 3;
  return ((((bytes[byte] ?? 0) << 24) | ((bytes[byte + 1] ?? 0) << 16) | ((bytes[byte + 2] ?? 0) << 8) | (bytes[byte + 3] ?? 0)) << (position & 7)) >>> 0;
}

/** Reads from the first byte on; throws `PackedError` when it would read past the end. */
export function createBitReader(bytes: Uint8Array): BitReader {
  const end = bytes.length * 8;
  let at = 0;

  function ahead(): number {
    return wordAt(bytes, at);
  }

  function seek(position: number): void {
    at = position;
    if (at > end) throw new PackedError('the packed part ends early');
  }

  function bits(count: number): number {
    let value = 0;
    for (let left = count; left > 0; ) {
      const take = Math.min(left, 24);
      value = value * 2 ** take + (ahead() >>> (32 - take));
      seek(at + take);
      left -= take;
    }
    return value;
  }

  function zeros(): number {
    let count = 0;
    for (;;) {
      const run = Math.clz32(ahead());
      if (run < FAST_BITS) {
        seek(at + run);
        return count + run;
      }
      count += FAST_BITS;
      seek(at + FAST_BITS);
      if (count > 53) throw new PackedError('the packed part holds a number that is too large');
    }
  }

  function golomb(k: number): number {
    const word = ahead();
    const size = 2 * Math.clz32(word) + 1;
    if (size + k <= FAST_BITS) {
      seek(at + size + k);
      const quotient = (word >>> (32 - size)) - 1;
      return k === 0 ? quotient : (quotient << k) | ((word << size) >>> (32 - k));
    }
    const quotient = bits(zeros() + 1) - 1;
    return quotient * 2 ** k + bits(k);
  }

  /** The hot loop of every read: the position stays in a local, and its end is checked once. */
  function column(into: Float64Array, count: number, k: number, flagged: boolean): void {
    let position = at;
    for (let index = 0; index < count; index++) {
      let word = wordAt(bytes, position);
      if (flagged) {
        position++;
        if (word < 0x8000_0000) {
          into[index] = 0;
          continue;
        }
        word = (word << 1) >>> 0;
      }
      const size = 2 * Math.clz32(word) + 1;
      if (size + k < FAST_BITS) {
        position += size + k;
        const quotient = (word >>> (32 - size)) - 1;
        into[index] = (k === 0 ? quotient : (quotient << k) | ((word << size) >>> (32 - k))) + (flagged ? 1 : 0);
      } else {
        seek(position);
        into[index] = golomb(k) + (flagged ? 1 : 0);
        position = at;
      }
    }
    seek(position);
  }

  return { bytes, get position() { return at; }, seek, bits, golomb, column };
}
