import { expect, test } from 'vitest';
import { Pending, PENDING_ROWS_EARLY, PENDING_ROWS_MAX, TICKS_PER_BATCH_MAX } from './pending.ts';
import { makeEdge, makeWindow } from './testing.ts';

const TIMES = { windowMs: 10_000, sealDelayMs: 2_000 };
const NOBODY: ReadonlySet<string> = new Set();
const names = (pending: Pending, nowMs: number, live = NOBODY): string[] | null =>
  pending.take(nowMs, live)?.windows.map(({ instance, sequence }) => `${instance}${sequence}`) ?? null;

test('a window is sealed two seconds after its end, and not before', () => {
  const pending = new Pending(TIMES);
  pending.add(makeWindow('a', 1, 5), 60_100);
  expect(names(pending, 61_999)).toBeNull();
  expect(names(pending, 62_000)).toEqual(['a1']);
  expect(names(pending, 90_000)).toBeNull();
});

test('a window is sealed at once when every live proxy has reported it', () => {
  const pending = new Pending(TIMES);
  pending.add(makeWindow('a', 1, 5), 60_100);
  expect(names(pending, 60_200, new Set(['a', 'b']))).toBeNull();
  pending.add(makeWindow('b', 1, 5), 60_300);
  expect(names(pending, 60_300, new Set(['a', 'b']))).toEqual(['a1', 'b1']);
});

test('a process that ends does not wait for the end of the tick, and nobody else is sealed early for it', () => {
  const pending = new Pending(TIMES);
  pending.add(makeWindow('a', 1, 4), 50_100);
  pending.add(makeWindow('a', 2, 5), 52_000);
  pending.add(makeWindow('b', 1, 5), 52_000);
  pending.leave('a');
  pending.leave('nobody');
  expect(names(pending, 52_000, new Set(['a', 'b']))).toEqual(['a1', 'a2']);
  expect(pending.take(52_100, new Set(['a', 'b']))).toBeNull();
  pending.add(makeWindow('a', 3, 5), 52_200);
  expect(pending.take(52_300, new Set(['b']))).toBeNull();
  expect(names(pending, 62_000)).toEqual(['b1', 'a3']);
});

test('late windows wait a little for company and then go under their own tick', () => {
  const pending = new Pending(TIMES);
  pending.add(makeWindow('a', 1, 1), 100_000);
  pending.add(makeWindow('a', 2, 2), 101_000);
  expect(names(pending, 101_900)).toBeNull();
  const batch = pending.take(102_000, NOBODY);
  expect(batch?.windows.map(({ tick }) => tick)).toEqual([1, 2]);
  expect(batch?.marks).toEqual({ a: 2 });
});

test('a window that is still open stays, and the mark does not name it', () => {
  const pending = new Pending(TIMES);
  pending.add(makeWindow('a', 1, 5), 60_100);
  pending.add(makeWindow('a', 2, 6), 61_000);
  expect(pending.take(62_000, NOBODY)?.marks).toEqual({ a: 1 });
  expect(pending.size).toBe(1);
});

test('a mark never passes over a window that was left out: earlier sequences go along', () => {
  const pending = new Pending(TIMES);
  pending.add(makeWindow('a', 1, 6), 61_000);
  pending.add(makeWindow('a', 2, 5), 61_100);
  const batch = pending.take(62_000, NOBODY);
  expect(batch?.marks).toEqual({ a: 2 });
  expect(batch?.windows.map(({ sequence }) => sequence)).toEqual([1, 2]);
});

test('windows of a time that the clock was set back from are not kept waiting', () => {
  const pending = new Pending(TIMES);
  pending.add(makeWindow('a', 1, 99), 60_000);
  expect(names(pending, 60_000)).toEqual(['a1']);
});

test('what the cloud has already is forgotten before the seal', () => {
  const pending = new Pending(TIMES);
  for (const sequence of [1, 2, 3]) pending.add(makeWindow('a', sequence, 5), 60_100);
  expect(pending.forget({ a: 2, b: 9 })).toBe(2);
  expect(names(pending, 62_000)).toEqual(['a3']);
});

test('a flood is sealed early, and beyond the limit it is turned away', () => {
  const pending = new Pending(TIMES);
  const edges = new Array(PENDING_ROWS_EARLY - 1).fill(makeEdge());
  expect(pending.add(makeWindow('a', 1, 6, edges), 60_500)).toBe(true);
  expect(pending.add(makeWindow('a', 2, 6, edges), 60_500)).toBe(true);
  expect(pending.rows).toBe(PENDING_ROWS_MAX);
  expect(pending.add(makeWindow('a', 3, 6), 60_500)).toBe(false);
  expect(names(pending, 60_500)).toEqual(['a1', 'a2']);
  expect(pending.rows).toBe(0);
});

test('a proxy that comes back after a long time is sealed in batches of bounded size, each with the marks of just its windows', () => {
  const pending = new Pending(TIMES);
  for (let sequence = 1; sequence <= 600; sequence++) pending.add(makeWindow('a', sequence, sequence), 90_000_000);
  const sizes: number[] = [];
  for (let batch = pending.take(90_010_000, NOBODY); batch; batch = pending.take(90_010_000, NOBODY)) {
    sizes.push(batch.windows.length);
    expect(batch.marks).toEqual({ a: sizes.reduce((sum, size) => sum + size) });
  }
  expect(sizes).toEqual([TICKS_PER_BATCH_MAX, TICKS_PER_BATCH_MAX, 600 - 2 * TICKS_PER_BATCH_MAX]);
});
