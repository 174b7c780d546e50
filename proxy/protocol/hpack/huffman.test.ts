import { expect, test } from 'vitest';
import { text } from '../bytes.ts';
import { codes, decodeHuffman, decodedMax } from './huffman.ts';
import { CompressionError } from './integer.ts';
import { fromHex } from './vectors.ts';

/** Encodes bit by bit from the table of codes, padding with ones. */
function encode(symbols: readonly number[]): Uint8Array {
  const table = codes();
  let bits = '';
  for (const symbol of symbols) {
    const one = table[symbol];
    if (one !== undefined) bits += one.code.toString(2).padStart(one.bits, '0');
  }
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
  return Uint8Array.from({ length: bits.length / 8 }, (_, at) => Number.parseInt(bits.slice(at * 8, at * 8 + 8), 2));
}

function decode(bytes: Uint8Array): string {
  const out = new Uint8Array(decodedMax(bytes.length));
  return text(out, 0, decodeHuffman(bytes, 0, bytes.length, out, 0));
}

test('RFC 7541 appendix B: the code is complete and has the codes that the standard prints', () => {
  const table = codes();
  expect(table.reduce((sum, { bits }) => sum + 2 ** -bits, 0)).toBe(1);
  const printed: readonly [number, number, number][] = [
    [0, 0x1ff8, 13], [10, 0x3ffffffc, 30], [32, 0x14, 6], [48, 0x0, 5], [90, 0xfd, 8], [97, 0x3, 5], [122, 0x7b, 7], [127, 0xffffffc, 28], [128, 0xfffe6, 20], [249, 0xffffffe, 28], [255, 0x3ffffee, 26], [256, 0x3fffffff, 30],
  ];
  for (const [symbol, code, bits] of printed) expect(table[symbol]).toEqual({ code, bits });
});

test('RFC 7541 C.4.1: the example decodes', () => {
  expect(decode(fromHex('f1e3c2e5f23a6ba0ab90f4ff'))).toBe('www.example.com');
});

test('every byte decodes alone and beside every other kind of length', () => {
  const every = Array.from({ length: 256 }, (_, symbol) => symbol);
  for (const symbol of every) expect(decode(encode([symbol]))).toBe(String.fromCharCode(symbol));
  expect(decode(encode(every))).toBe(String.fromCharCode(...every));
  expect(decode(encode([...every].reverse()))).toBe(String.fromCharCode(...[...every].reverse()));
});

test('the longest output fits what was promised', () => {
  const zeros = new Uint8Array(1_000);
  const out = new Uint8Array(decodedMax(zeros.length));
  expect(decodeHuffman(zeros, 0, zeros.length, out, 0)).toBe(1_600);
});

test.each([
  { name: 'padding of eight ones', hex: '07ffff' },
  { name: 'padding of zeros', hex: '18' },
  { name: 'the end-of-string code', hex: 'ffffffff' },
  { name: 'a code cut in the middle', hex: 'fe' },
])('RFC 7541 §5.2: $name is a compression error', ({ hex }) => {
  expect(() => decode(fromHex(hex))).toThrow(CompressionError);
});
