/** The Huffman code of RFC 7541 appendix B, decoded four bits at a step. We never encode with it: bytes are cheaper than CPU inside a cluster. */
import { CompressionError } from './integer.ts';

/** Length in bits of each byte's code, and last of EOS. The code is canonical: lengths give it whole. */
const CODE_BITS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];
const EOS = 256;
const LONGEST = 30;

/** Codes by byte value, made from the lengths: shorter first, then by value. */
export function codes(): readonly { readonly code: number; readonly bits: number }[] {
  const made: { code: number; bits: number }[] = CODE_BITS.map((bits) => ({ code: 0, bits }));
  let code = 0;
  for (let bits = 1; bits <= LONGEST; bits++) {
    for (const one of made) if (one.bits === bits) one.code = code++;
    code *= 2;
  }
  return made;
}

/** A step's outcome: the next node in the low bits, and what else it means. */
const NODE_MASK = 0xff_ff;
/** A byte is complete; it stands in the 8 bits from 16. */
const EMITS = 1 << 24;
/** A string may end here: the rest is at most 7 bits of padding, all ones (§5.2). */
const MAY_END = 1 << 25;
const FAILS = 1 << 26;

/** Inner nodes of the code's tree × 16 values of the next four bits. */
const STEPS = buildSteps();

function buildTree(): Int32Array[] {
  const zero: number[] = [0];
  const one: number[] = [0];
  for (const [symbol, { code, bits }] of codes().entries()) {
    let node = 0;
    for (let bit = bits - 1; bit >= 0; bit--) {
      const side = (code >>> bit) & 1 ? one : zero;
      if (bit === 0) side[node] = -1 - symbol;
      else {
        if (side[node] === 0) {
          side[node] = zero.length;
          zero.push(0);
          one.push(0);
        }
        node = side[node] ?? 0;
      }
    }
  }
  return [Int32Array.from(zero), Int32Array.from(one)];
}

function buildSteps(): Int32Array {
  const [zero = new Int32Array(0), one = new Int32Array(0)] = buildTree();
  const mayEnd = new Uint8Array(zero.length);
  for (let node = 0, depth = 0; depth < 8; depth++) {
    mayEnd[node] = 1;
    node = one[node] ?? 0;
  }
  const steps = new Int32Array(zero.length * 16);
  for (let start = 0; start < zero.length; start++) {
    for (let nibble = 0; nibble < 16; nibble++) steps[start * 16 + nibble] = stepOf(zero, one, mayEnd, start, nibble);
  }
  return steps;
}

/** The shortest code has five bits, so four bits complete at most one byte. */
function stepOf(zero: Int32Array, one: Int32Array, mayEnd: Uint8Array, start: number, nibble: number): number {
  let node = start;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const next = ((nibble >>> bit) & 1 ? one : zero)[node] ?? 0;
    if (next < 0) {
      const symbol = -1 - next;
      if (symbol === EOS) return FAILS;
      emitted = EMITS | (symbol << 16);
      node = 0;
    } else node = next;
  }
  return node | emitted | (mayEnd[node] === 1 ? MAY_END : 0);
}

/** Bytes that so many encoded bytes can become: the shortest code has 5 bits. */
export function decodedMax(encoded: number): number {
  return Math.floor((encoded * 8) / 5) + 1;
}

/** Decodes a range into `out` from `at` on, which has room (`decodedMax`); returns the offset behind. Throws CompressionError. */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  let node = 0;
  let step = MAY_END;
  let next = at;
  for (let index = start; index < end; index++) {
    const byte = bytes[index] ?? 0;
    step = STEPS[node * 16 + (byte >>> 4)] ?? FAILS;
    if ((step & (EMITS | FAILS)) !== 0) {
      if ((step & FAILS) !== 0) throw new CompressionError('a string has the end-of-string code inside');
      out[next++] = (step >>> 16) & 0xff;
    }
    step = STEPS[(step & NODE_MASK) * 16 + (byte & 15)] ?? FAILS;
    if ((step & (EMITS | FAILS)) !== 0) {
      if ((step & FAILS) !== 0) throw new CompressionError('a string has the end-of-string code inside');
      out[next++] = (step >>> 16) & 0xff;
    }
    node = step & NODE_MASK;
  }
  if ((step & MAY_END) === 0) throw new CompressionError("a string's padding is not the start of the end-of-string code, or too long");
  return next;
}
