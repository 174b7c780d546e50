import { expect, test } from 'vitest';
import type { Point } from '../../cloud/wire/entities.ts';
import { aligned, earlier, readComparison, shiftMsOf } from './comparison.ts';

const point = (startMs: number, requests: number, gap = false): Point => ({
  startMs, requests, failuresApp: 0, failuresMesh: 0, failuresClient: 0, retries: 0, successRate: 1, requestsPerSecond: requests, p50: 1, p95: 2, p99: 3, gap, imported: false,
});

test.each([[{ vs: 'week' }, { vs: 'week' }], [{ vs: 'toString' }, {}], [{ vs: 4 }, {}], [{}, {}]])('%o is read as %o', (raw, read) => {
  expect(readComparison(raw)).toEqual(read);
});

test('the previous period ends where the range begins; the other choices keep the hour of the day', () => {
  const range = { fromMs: 1e12, toMs: 1e12 + 3_600_000 };
  expect(earlier(range, shiftMsOf('previous', range)).toMs).toBe(range.fromMs);
  expect(earlier(range, shiftMsOf('week', range)).fromMs).toBe(range.fromMs - 7 * 86_400_000);
});

test('each point meets the earlier one of the same moment, even when that is longer', () => {
  const now = [0, 10, 20, 30, 40].map((at) => point(1000 + at, at));
  const before = [point(0, 7), point(20, 8)];
  expect(aligned(now, before, 20, 1000).map((each) => each?.requests ?? null)).toEqual([7, 7, 8, 8, null]);
});

test('gaps and time before the first point have nothing to meet', () => {
  const now = [0, 10, 20].map((at) => point(1000 + at, at));
  expect(aligned(now, [point(10, 5), point(20, 6, true)], 10, 1000).map((each) => each?.requests ?? null)).toEqual([null, 5, null]);
  expect(aligned(now, [], 10, 1000)).toEqual([null, null, null]);
});
