import { expect, test } from 'vitest';
import { seededRandom } from '../../test/random.ts';
import { type Pairs, listOf, pairsOf } from '../http2/testing.ts';
import { Decoder } from './decoder.ts';
import { Encoder } from './encoder.ts';
import { FIELD, FieldList } from './fields.ts';
import { NAME } from './names.ts';

const LIST_MAX = 1024 * 1024;
const REQUEST: Pairs = [
  [':method', 'POST'], [':scheme', 'http'], [':path', '/shop.Cart/Add'], [':authority', 'cart.shop.svc.cluster.local:8080'], ['te', 'trailers'],
  ['content-type', 'application/grpc'], ['user-agent', 'grpc-go/1.70'], ['grpc-timeout', '1S'], ['x-team', 'shop'],
];

function encoded(encoder: Encoder, list: FieldList): Uint8Array {
  const out = new Uint8Array(Encoder.bound(list));
  return out.slice(0, encoder.encode(list, out, 0));
}

function decoded(decoder: Decoder, bytes: Uint8Array): FieldList {
  const list = new FieldList();
  decoder.decode(bytes, 0, bytes.length, list, LIST_MAX);
  return list;
}

test('a head that repeats costs one byte a field from its third time on', () => {
  const encoder = new Encoder();
  const decoder = new Decoder();
  const sizes = Array.from({ length: 4 }, () => {
    const bytes = encoded(encoder, listOf(REQUEST));
    expect(pairsOf(decoded(decoder, bytes))).toEqual(REQUEST);
    return bytes.length;
  });
  expect(sizes[2]).toBe(REQUEST.length);
  expect(sizes[3]).toBe(REQUEST.length);
});

test('values that come once never enter the table', () => {
  const encoder = new Encoder();
  for (let at = 0; at < 100; at++) encoded(encoder, listOf([['x-request-id', `id-${at}`]]));
  expect(encoder.tableBytes).toBe(0);
});

test.each([
  { name: 'a field marked so', pairs: [['x-secret', 'abc']] as Pairs, bits: FIELD.neverIndexed },
  { name: 'authorization', pairs: [['authorization', 'Bearer abc']] as Pairs, bits: 0 },
  { name: 'a short cookie', pairs: [['cookie', 'a=1']] as Pairs, bits: 0 },
])('RFC 7541 §7.1.3: $name is written as never indexed, every time', ({ pairs: [[name, value] = ['', '']], bits }) => {
  const encoder = new Encoder();
  const list = new FieldList();
  list.addText(name, value, bits);
  for (let run = 0; run < 4; run++) {
    const bytes = encoded(encoder, list);
    expect((bytes[0] ?? 0) & 0xf0).toBe(0x10);
    expect(decoded(new Decoder(), bytes).meta(0) & FIELD.neverIndexed).toBe(FIELD.neverIndexed);
  }
  expect(encoder.tableBytes).toBe(0);
});

test('pseudo fields go first, wherever they were added', () => {
  const list = listOf([['a', '1'], [':status', '200'], ['b', '2']]);
  expect(pairsOf(decoded(new Decoder(), encoded(new Encoder(), list)))).toEqual([[':status', '200'], ['a', '1'], ['b', '2']]);
});

test('a removed field is not written, and a replaced one has its new value', () => {
  const list = listOf([[':path', '/old'], ['te', 'trailers'], ['x', 'y']]);
  list.replace(list.find(NAME.path), Uint8Array.from([0x2f, 0x6e]), 0, 2);
  list.removeAll(NAME.te);
  expect(pairsOf(decoded(new Decoder(), encoded(new Encoder(), list)))).toEqual([[':path', '/n'], ['x', 'y']]);
});

test('RFC 7541 §4.2: a smaller table of the peer is told at the start of the next block, the smallest first', () => {
  const encoder = new Encoder();
  const decoder = new Decoder();
  for (let run = 0; run < 3; run++) decoded(decoder, encoded(encoder, listOf(REQUEST)));
  encoder.limit(0);
  encoder.limit(100);
  decoder.limit(100);
  const bytes = encoded(encoder, listOf(REQUEST));
  expect([...bytes.subarray(0, 3)]).toEqual([0x20, 0x3f, 0x45]);
  expect(pairsOf(decoded(decoder, bytes))).toEqual(REQUEST);
  expect(encoder.tableBytes).toBeLessThanOrEqual(100);
});

test('a peer without a table gets literals only', () => {
  const encoder = new Encoder();
  encoder.limit(0);
  const decoder = new Decoder(0);
  for (let run = 0; run < 4; run++) expect(pairsOf(decoded(decoder, encoded(encoder, listOf(REQUEST))))).toEqual(REQUEST);
  expect(encoder.tableBytes).toBe(0);
});

test('2,000 random lists come back through one pair of tables whose size changes, and both tables stay equal', () => {
  const random = seededRandom(11);
  const pick = (count: number): number => Math.floor(random() * count);
  const encoder = new Encoder();
  const decoder = new Decoder();
  for (let run = 0; run < 2_000; run++) {
    if (run % 97 === 96) {
      const size = pick(4_097);
      encoder.limit(size);
      decoder.limit(size);
    }
    const pairs = Array.from({ length: 1 + pick(12) }, (): [string, string] => [`x-${pick(20)}`, 'v'.repeat(pick(300)) + String(pick(8))]);
    expect(pairsOf(decoded(decoder, encoded(encoder, listOf(pairs))))).toEqual(pairs);
    expect(encoder.tableBytes).toBe(decoder.tableBytes);
  }
});
