import { expect, test } from 'vitest';
import { CompressionError, IntegerReader, writeInteger } from './integer.ts';

function read(bytes: readonly number[], mask: number): [number, number] {
  const reader = new IntegerReader();
  const value = reader.read(Uint8Array.from(bytes), 0, bytes.length, mask);
  return [value, reader.at];
}

test.each([
  { name: '10 with five bits', bytes: [0x0a], mask: 0x1f, value: 10 },
  { name: '1337 with five bits', bytes: [0x1f, 0x9a, 0x0a], mask: 0x1f, value: 1337 },
  { name: '42 with eight bits', bytes: [0x2a], mask: 0xff, value: 42 },
])('RFC 7541 C.1: $name is read and written as the standard shows', ({ bytes, mask, value }) => {
  expect(read(bytes, mask)).toEqual([value, bytes.length]);
  const out = new Uint8Array(8);
  const end = writeInteger(out, 0, 0, mask, value);
  expect([...out.subarray(0, end)]).toEqual(bytes);
});

test('every size around each boundary comes back as it was written', () => {
  for (const mask of [0x0f, 0x1f, 0x3f, 0x7f]) {
    for (const base of [0, mask, mask + 127, mask + 128, 16_384, 65_536, 2 ** 21, 2 ** 27]) {
      for (const value of [base - 1, base, base + 1].filter((one) => one >= 0)) {
        const out = new Uint8Array(8);
        const end = writeInteger(out, 1, 0, mask, value);
        expect(read([...out.subarray(1, end)], mask)).toEqual([value, end - 1]);
      }
    }
  }
});

test.each([
  { name: 'cut behind the prefix', bytes: [0x7f] },
  { name: 'cut within', bytes: [0x7f, 0x80, 0x80] },
  { name: 'larger than 28 bits', bytes: [0x7f, 0xff, 0xff, 0xff, 0xff, 0x01] },
  { name: 'padded without end', bytes: [0x7f, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00] },
])('an integer that is $name is a compression error', ({ bytes }) => {
  expect(() => read(bytes, 0x7f)).toThrow(CompressionError);
});
