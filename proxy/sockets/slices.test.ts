import { expect, test } from 'vitest';
import { Slices } from './slices.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Takes at most `each` bytes per offer until nothing is left; returns the pieces. */
function drain(slices: Slices, scratchBytes: number, each: number): string[] {
  const pieces: string[] = [];
  while (slices.length > 0) {
    slices.offer(new Uint8Array(scratchBytes), (array, start, length) => {
      const taken = Math.min(each, length);
      pieces.push(Buffer.from(array.subarray(start, start + taken)).toString());
      return taken;
    });
  }
  return pieces;
}

test('neighbouring ranges of one array leave as one, without a copy', () => {
  const slices = new Slices();
  const array = bytes('head: 1\r\n\r\nbody');
  slices.write(array, 0, 5);
  slices.write(array, 5, 11);
  slices.write(array, 11, 11);
  slices.write(array, 11, 15);
  const offered: Uint8Array[] = [];
  slices.offer(new Uint8Array(64), (from, start, length) => {
    offered.push(from);
    expect([start, length]).toEqual([0, 15]);
    return length;
  });
  expect(offered).toEqual([array]);
  expect(offered[0]).toBe(array);
});

test('several small ranges leave in one piece', () => {
  const slices = new Slices();
  for (const text of ['a', 'bc', 'def']) slices.write(bytes(text), 0, text.length);
  expect(drain(slices, 64, 64)).toEqual(['abcdef']);
});

test('what was not taken is offered again, in order, whatever the sizes', () => {
  for (const scratch of [4, 8, 64]) {
    for (const each of [1, 2, 3, 7, 100]) {
      const slices = new Slices();
      const texts = ['a', 'bcdefghijk', 'lm', 'n', 'opqrstuvwxyz0123456789', '!'];
      for (const text of texts) slices.write(bytes(`<<${text}>>`), 2, text.length + 2);
      expect(slices.length).toBe(texts.join('').length);
      expect(drain(slices, scratch, each).join('')).toBe(texts.join(''));
    }
  }
});

test('an offer says whether all of it was taken', () => {
  const slices = new Slices();
  slices.write(bytes('abc'), 0, 3);
  expect(slices.offer(new Uint8Array(8), () => 2)).toBe(false);
  expect(slices.length).toBe(1);
  expect(slices.offer(new Uint8Array(8), (_array, _start, length) => length)).toBe(true);
  expect(slices.length).toBe(0);
});

test('all can be moved elsewhere', () => {
  const [from, to] = [new Slices(), new Slices()];
  from.write(bytes('ab'), 0, 2);
  from.write(bytes('cd'), 0, 2);
  from.moveTo(to);
  expect(from.length).toBe(0);
  expect(drain(to, 16, 16)).toEqual(['abcd']);
});
