import { expect, test } from 'vitest';
import { ascii, concat } from '../bytes.ts';
import { pairsOf } from '../http2/testing.ts';
import { Decoder } from './decoder.ts';
import { FIELD, FieldList } from './fields.ts';
import { CompressionError } from './integer.ts';
import { NAME } from './names.ts';
import { VECTOR_RUNS, fromHex } from './vectors.ts';

const LIST_MAX = 64 * 1024;

function decode(hex: string, decoder = new Decoder()): FieldList {
  const list = new FieldList();
  const bytes = fromHex(hex);
  decoder.decode(bytes, 0, bytes.length, list, LIST_MAX);
  return list;
}

test.each(VECTOR_RUNS.map((run) => ({ ...run, name: run.vectors.map(({ section }) => section).join(', ') })))('RFC 7541 $name decodes exactly, and leaves the table that the standard shows', ({ tableMax, vectors }) => {
  const decoder = new Decoder(tableMax);
  for (const { hex, fields, tableBytes } of vectors) {
    expect(pairsOf(decode(hex, decoder))).toEqual(fields);
    expect(decoder.tableBytes).toBe(tableBytes);
  }
});

test.each(VECTOR_RUNS)('a block that is cut anywhere is an error or a shorter list, and never anything else', ({ vectors }) => {
  for (const { hex } of vectors) {
    for (let cut = 0; cut < hex.length; cut += 2) {
      try {
        decode(hex.slice(0, cut));
      } catch (error) {
        expect(error).toBeInstanceOf(CompressionError);
      }
    }
  }
});

test.each([
  { name: 'index 0', hex: '80' },
  { name: 'an index behind the table', hex: 'be' },
  { name: 'a name behind the table', hex: '7e0161' },
  { name: 'a size update behind a field', hex: '8220' },
  { name: 'a size update above the announced size', hex: '3fe21f' },
  { name: 'a string that is cut', hex: '0005616263' },
  { name: 'a literal without a value', hex: '000161' },
  { name: 'an integer without end', hex: 'ffffffffffffff' },
])('RFC 7541: $name is a compression error', ({ hex }) => {
  expect(() => decode(hex)).toThrow(CompressionError);
});

test('RFC 7541 §7.1.3: a field that is never to be indexed says so when it is passed on', () => {
  const list = decode('100870617373776f726406736563726574');
  expect(list.meta(0) & FIELD.neverIndexed).toBe(FIELD.neverIndexed);
  expect(decode('0001610162').meta(0) & FIELD.neverIndexed).toBe(0);
});

test.each([
  { name: 'an upper-case letter', field: ['Name', 'v'], bits: FIELD.badName },
  { name: 'a space in the name', field: ['na me', 'v'], bits: FIELD.badName },
  { name: 'an empty name', field: ['', 'v'], bits: FIELD.badName },
  { name: 'an unknown pseudo field', field: [':nothing', 'v'], bits: FIELD.badName | FIELD.pseudo },
  { name: 'a line feed', field: ['name', 'a\nb'], bits: FIELD.badValue },
  { name: 'a zero byte', field: ['name', 'a\0b'], bits: FIELD.badValue },
  { name: 'a space in front', field: ['name', ' v'], bits: FIELD.badValue },
  { name: 'a tab behind', field: ['name', 'v\t'], bits: FIELD.badValue },
  { name: 'nothing wrong', field: ['name', 'a b\tc'], bits: 0 },
] as const)('RFC 9113 §8.2.1: $name is noticed, also when it comes from the table', ({ field: [name, value], bits }) => {
  const literal = concat([Uint8Array.from([0x40, name.length]), ascii(name), Uint8Array.from([value.length]), ascii(value)]);
  const decoder = new Decoder();
  const list = new FieldList();
  const mask = FIELD.badName | FIELD.badValue | FIELD.pseudo;
  decoder.decode(literal, 0, literal.length, list, LIST_MAX);
  expect(list.meta(0) & mask).toBe(bits);
  decoder.decode(Uint8Array.from([0xbe]), 0, 1, list, LIST_MAX);
  expect(list.meta(0) & mask).toBe(bits);
});

test('names that a proxy asks for are found by number, whatever way they came', () => {
  const list = decode('8286840f0d01350001610162');
  expect(list.text(NAME.method)).toBe('GET');
  expect(list.text(NAME['content-length'])).toBe('5');
  expect(list.find(NAME.te)).toBe(-1);
});

test('a list over its limit is cut, and the table is right all the same', () => {
  const decoder = new Decoder();
  const list = new FieldList();
  const long = ascii('v'.repeat(100));
  const bytes = concat([Uint8Array.from([0x40, 1, 0x61, 100]), long, new Uint8Array(20).fill(0xbe), Uint8Array.from([0x40, 1, 0x62, 1, 0x63])]);
  expect(decoder.decode(bytes, 0, bytes.length, list, 1_000)).toBe(false);
  expect(list.length).toBeLessThan(1_200);
  expect(decoder.decode(Uint8Array.from([0xbe, 0xbf]), 0, 2, list, 1_000)).toBe(true);
  expect(pairsOf(list)).toEqual([['b', 'c'], ['a', 'v'.repeat(100)]]);
});

/** One entry of nearly the table's size, and a byte for each time that it is referred to. */
function bomb(references: number): Uint8Array {
  return concat([Uint8Array.from([0x40, 1, 0x61, 0x7f, 0xa1, 0x1e]), new Uint8Array(4_000).fill(0x61), new Uint8Array(references).fill(0xbe)]);
}

test('a header bomb far over the limit ends the connection, early', () => {
  const bytes = bomb(60_000);
  const list = new FieldList();
  expect(() => new Decoder().decode(bytes, 0, bytes.length, list, LIST_MAX)).toThrow(expect.objectContaining({ excessive: true }));
  expect(list.bytes.length).toBeLessThan(3 * LIST_MAX);
});

test.each([1, 10, 16, 30, 60])('a header bomb of %i references holds memory under 100 times its input', (references) => {
  const bytes = bomb(references);
  const list = new FieldList(1, 1);
  for (let run = 0; run < 50; run++) new Decoder().decode(bytes, 0, bytes.length, list, LIST_MAX);
  expect(list.bytes.length).toBeLessThan(100 * bytes.length);
});
