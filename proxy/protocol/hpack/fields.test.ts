import { expect, test } from 'vitest';
import { ascii } from '../bytes.ts';
import { listOf, pairsOf } from '../http2/testing.ts';
import { FIELD, FieldList } from './fields.ts';
import { NAME, NAME_BYTES, STATIC_TABLE, lookUp } from './names.ts';

test('every known name is found by its bytes, and gives its number', () => {
  for (const [name, number] of Object.entries(NAME)) {
    if (number === NAME.other) continue;
    const bytes = NAME_BYTES[number] ?? new Uint8Array(0);
    expect([name, lookUp(bytes, 0, bytes.length)]).toEqual([name, number]);
  }
  expect(lookUp(ascii('x-unknown'), 0, 9)).toBe(NAME.other);
  expect(lookUp(ascii('Host'), 0, 4)).toBe(NAME.other);
});

test('numbers of names are those of the static table', () => {
  for (const [name, number] of Object.entries(NAME)) {
    if (number === NAME.other || number > STATIC_TABLE.length) continue;
    expect(STATIC_TABLE[number - 1]?.[0].replace(':', '')).toBe(name);
  }
  for (const [name, number] of [['protocol', NAME.protocol], ['te', NAME.te], ['grpc-status', NAME['grpc-status']], ['l5d-proxy-error', NAME['l5d-proxy-error']], ['http2-settings', NAME.http2Settings]] as const) {
    expect(lookUp(ascii(name === 'protocol' ? ':protocol' : name), 0, name === 'protocol' ? 9 : name.length)).toBe(number);
  }
});

test('a list grows beyond its first memory and keeps everything', () => {
  const list = new FieldList(8, 1);
  const pairs = Array.from({ length: 200 }, (_, at): [string, string] => [`name-${at}`, 'v'.repeat(at)]);
  for (const [name, value] of pairs) list.addText(name, value);
  expect(pairsOf(list)).toEqual(pairs);
});

test('a copy is independent of the list that it was made from', () => {
  const list = listOf([[':status', '200'], ['a', '1']]);
  list.addText('secret', 'x', FIELD.neverIndexed);
  const copy = new FieldList(1, 1);
  copy.copyFrom(list);
  list.clear();
  list.addText('other', 'fields');
  expect(pairsOf(copy)).toEqual([[':status', '200'], ['a', '1'], ['secret', 'x']]);
  expect(copy.meta(2) & FIELD.neverIndexed).toBe(FIELD.neverIndexed);
});

test('a removed field is not found any more, the next of its name is', () => {
  const list = listOf([['via', 'a'], ['x', '1'], ['via', 'b']]);
  list.remove(list.find(NAME.via));
  expect(list.text(NAME.via)).toBe('b');
  list.removeAll(NAME.via);
  expect(list.text(NAME.via)).toBeNull();
  expect(list.findName(ascii('x'))).toBe(1);
  expect(list.findName(ascii('y'))).toBe(-1);
});

test.each([['200', 200], ['099', 0], ['20', 0], ['2000', 0], ['2x0', 0], ['999', 999]] as const)('status %s is read as %i', (text, status) => {
  expect(listOf([[':status', text]]).status()).toBe(status);
});

test('one field of another list is taken with its bits', () => {
  const from = new FieldList();
  from.addText('a', '1');
  from.addText('b', '2', FIELD.neverIndexed);
  const list = new FieldList();
  list.addFrom(from, 1);
  list.addKnown(NAME.te, ascii('trailers'), 0, 8);
  expect(pairsOf(list)).toEqual([['b', '2'], ['te', 'trailers']]);
  expect(list.meta(0) & FIELD.neverIndexed).toBe(FIELD.neverIndexed);
});
