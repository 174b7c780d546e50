import { beforeEach, expect, test } from 'vitest';
import { Metrics } from '../admin/metrics.ts';
import { Pending } from '../aggregate/pending.ts';
import type { Batch, Marks } from '../aggregate/pending.ts';
import { makeEdge, makeWindow } from '../aggregate/testing.ts';
import type { Told } from '../proxies/absences.ts';
import { MARK_TTL_MS, MARKS_MAX, Sealer } from './sealer.ts';

const TIMES = { windowMs: 10_000, sealDelayMs: 2_000 };
let nowMs: number;
let diskFails: boolean;
let stored: Batch[];
let sealedMarks: Marks[];
let metrics: Metrics;
let sealer: Sealer;
let lost: Told[];

beforeEach(() => {
  [nowMs, diskFails, stored, sealedMarks, metrics, lost] = [60_000, false, [], [], new Metrics(), []];
  sealer = makeSealer({});
});

function makeSealer(recovered: Marks): Sealer {
  const store = async (batch: Batch): Promise<void> => {
    if (diskFails) throw new Error('no space left');
    stored.push(batch);
  };
  return new Sealer({ pending: new Pending(TIMES), store, nowMs: () => nowMs, live: () => new Set(), takeLost: () => lost.shift() ?? null, onSealed: (marks) => sealedMarks.push(marks), metrics, log: () => {} }, recovered);
}

const sealed = (): string[][] => stored.map(({ windows }) => windows.map(({ instance, sequence }) => `${instance}${sequence}`));

test('each window is taken once: repeated while it waits, while it is sealed, and after a restart', async () => {
  expect(sealer.take(makeWindow('a', 1, 5))).toBe('taken');
  expect(sealer.take(makeWindow('a', 1, 5))).toBe('duplicate');
  nowMs = 62_000;
  const sealing = sealer.seal();
  expect(sealer.take(makeWindow('a', 1, 5))).toBe('duplicate');
  await sealing;
  expect(sealer.take(makeWindow('a', 1, 5))).toBe('duplicate');
  expect(makeSealer({ a: 1 }).take(makeWindow('a', 1, 5))).toBe('duplicate');
  expect(makeSealer({ a: 1 }).take(makeWindow('a', 2, 5))).toBe('taken');
  expect(sealed()).toEqual([['a1']]);
});

test('while the disk fails nothing counts as sealed; the same batch is tried until it is, then the next', async () => {
  sealer.take(makeWindow('a', 1, 5));
  nowMs = 62_000;
  diskFails = true;
  await sealer.seal();
  sealer.take(makeWindow('b', 1, 5));
  await sealer.seal();
  expect([sealedMarks, sealer.sealedOf('a'), metrics.get('spool_write_errors_total')]).toEqual([[], 0, 2]);
  diskFails = false;
  nowMs = 64_000;
  await sealer.seal();
  await sealer.seal();
  expect(sealed()).toEqual([['a1'], ['b1']]);
  expect(sealedMarks).toEqual([{ a: 1 }, { a: 1, b: 1 }]);
});

test('a frame carries the marks of all proxies, and forgets those that went long ago', async () => {
  const old = makeSealer({ gone: 4, recent: 9 });
  nowMs += MARK_TTL_MS - 1_000;
  old.take(makeWindow('recent', 10, 5));
  nowMs += 3_000;
  await old.seal();
  expect(stored[0]?.marks).toEqual({ recent: 10 });
  sealer.take(makeWindow('a', 1, 5));
  sealer.take(makeWindow('b', 1, 5));
  await sealer.seal();
  nowMs += 10_000;
  sealer.take(makeWindow('a', 2, Math.floor(nowMs / 10_000)));
  nowMs += 12_000;
  await sealer.seal();
  expect(stored.at(-1)?.marks).toEqual({ a: 2, b: 1 });
});

test('a frame has a bounded number of marks, and those in use stay', async () => {
  const many = makeSealer(Object.fromEntries(Array.from({ length: MARKS_MAX + 50 }, (_, at) => [`old${at}`, 1])));
  nowMs = 61_000;
  many.take(makeWindow('a', 1, 5));
  nowMs = 62_000;
  await many.seal();
  const marks = stored[0]?.marks ?? {};
  expect(Object.keys(marks)).toHaveLength(MARKS_MAX);
  expect(marks['a']).toBe(1);
  expect(metrics.get('marks_forgotten_total')).toBe(51);
});

test('what the cloud has is not sealed again, and counts as durable', async () => {
  sealer.take(makeWindow('a', 1, 5));
  sealer.take(makeWindow('a', 2, 5));
  sealer.raise({ a: 1, b: 3 });
  nowMs = 62_000;
  await sealer.seal();
  expect(sealed()).toEqual([['a2']]);
  expect([sealer.sealedOf('b'), sealer.take(makeWindow('b', 3, 5)), sealer.take(makeWindow('b', 4, 5))]).toEqual([3, 'duplicate', 'taken']);
});

test('a stop seals all that waits, however much it is', async () => {
  for (let sequence = 1; sequence <= 600; sequence++) sealer.take(makeWindow('a', sequence, sequence));
  await sealer.stop();
  expect(stored.flatMap(({ windows }) => windows)).toHaveLength(600);
  expect(sealer.sealedOf('a')).toBe(600);
});

test('late, lost and repeated windows are counted', async () => {
  nowMs = 200_000;
  sealer.take({ ...makeWindow('a', 1, 5, [makeEdge()]), dropped: { windows: 3, folded: 0 } });
  sealer.take(makeWindow('a', 1, 5));
  await sealer.stop();
  const counts = ['windows_late_total', 'windows_lost_total', 'windows_duplicate_total', 'windows_merged_total', 'frames_sealed_total'] as const;
  expect(counts.map((name) => metrics.get(name))).toEqual([1, 3, 1, 1, 1]);
});

test('a loss is told once: by the next frame that reaches the disk, by one of its own when nothing else waits', async () => {
  let told = 0;
  lost = [{ windows: 3, instances: ['x', 'y'], done: () => (told += 1) }];
  diskFails = true;
  await sealer.seal();
  expect([stored, told]).toEqual([[], 0]);
  diskFails = false;
  await sealer.seal();
  await sealer.seal();
  expect(stored).toEqual([{ windows: [], marks: {}, lost: 3, lostOf: ['x', 'y'] }]);
  expect([told, metrics.get('windows_lost_total')]).toEqual([1, 3]);
  lost = [{ windows: 1, instances: ['z'], done: () => (told += 1) }];
  sealer.take(makeWindow('a', 1, 5));
  nowMs = 62_000;
  await sealer.seal();
  expect(stored.at(-1)).toMatchObject({ windows: [{ instance: 'a' }], marks: { a: 1 }, lost: 1, lostOf: ['z'] });
});
