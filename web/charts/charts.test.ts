import { expect, test } from 'vitest';
import type { Point } from '../../cloud/wire/entities.ts';
import { latencyTick, percentTick, rateTick } from './axis.ts';
import { successBounds, zeroBounds } from './bounds.ts';
import { gapsOf, lastFilled, latencyColumns, lonely, rateColumns, successColumns } from './columns.ts';
import { firings, rollingSuccess, summed } from './rolling.ts';

const STEP = 10_000;

function point(at: number, requests: number, failures = 0, extra: Partial<Point> = {}): Point {
  return {
    startMs: at * STEP, requests, failuresApp: failures, failuresMesh: 0, failuresClient: 0, retries: 0, requestsPerSecond: requests / 10,
    successRate: requests === 0 ? null : 1 - failures / requests, p50: requests === 0 ? null : 10, p95: 20, p99: 30, gap: false, imported: false, ...extra,
  };
}

test('a gap is nothing to draw, no traffic is a rate of 0 without a success rate', () => {
  const points = [point(0, 100, 5), point(1, 0), point(2, 0, 0, { gap: true })];
  expect(successColumns(points)).toEqual([[0, 10, 20], [95, null, null]]);
  expect(rateColumns(points, STEP)).toEqual([[0, 10, 20], [10, 0, null], [0.5, 0, null]]);
  expect(latencyColumns(points)[1]).toEqual([10, null, null]);
});

test('neighbouring gaps are one stretch', () => {
  const gap = { gap: true };
  expect(gapsOf([point(0, 0, 0, gap), point(1, 0, 0, gap), point(2, 5), point(3, 0, 0, gap)], STEP)).toEqual([{ fromMs: 0, toMs: 20_000 }, { fromMs: 30_000, toMs: 40_000 }]);
});

test('the newest value is found behind gaps', () => {
  expect([lastFilled([1, 2, null]), lastFilled([null]), lastFilled([])]).toEqual([1, null, null]);
});

test.each([[[100, 99.2], 99], [[98.9], 95], [[95], 90], [[91, null], 90], [[40], 0], [[0], 0], [[], 99]] as const)('success of %o begins at %s %%', (values, floor) => {
  const [low, high] = successBounds(values);
  expect(low).toBe(floor);
  expect(high).toBeGreaterThan(100);
});

test('a threshold is always inside the chart', () => {
  expect(successBounds([100], 99)[0]).toBeLessThanOrEqual(99);
  expect(successBounds([100], 60)[0]).toBe(50);
});

test.each([[[0.2], 1], [[9.9], 20], [[41], 50], [[980], 1000], [[1234], 2000]] as const)('values of %o reach to %s', (values, high) => {
  expect(zeroBounds([values])).toEqual([0, high]);
});

test('every value fits its bounds', () => {
  for (let value = 0.001; value < 1e9; value *= 1.37) expect(zeroBounds([[value]])[1]).toBeGreaterThanOrEqual(value);
});

const RULE = { threshold: 0.9, windowMs: 2 * STEP, minRequests: 20 };

test('a rule judges the whole window only, and not below its least traffic', () => {
  const points = [point(0, 100), point(1, 100, 40), point(2, 5, 5), point(3, 5), point(4, 20)];
  expect(rollingSuccess(points, STEP, RULE)).toEqual([null, 0.8, 1 - 45 / 105, null, 1]);
});

test('requests that the client gave up are no failures of the service', () => {
  const points = [point(0, 50, 0, { failuresClient: 50 }), point(1, 50, 5)];
  expect(rollingSuccess(points, STEP, RULE)).toEqual([null, 0.9]);
});

test('a rule fires from the end of the first bad window to the end of the first good one; no judgement changes nothing', () => {
  const points = Array.from({ length: 6 }, (_, at) => point(at, 1));
  expect(firings(points, [1, 0.5, null, 0.95, 0.5, null], STEP, 0.9)).toEqual([{ fromMs: 20_000, toMs: 40_000 }, { fromMs: 50_000, toMs: null }]);
});

test('a sum of series counts every request once and has no quantiles', () => {
  const all = summed([[point(0, 10, 1), point(1, 10)], [point(0, 30, 3, { gap: true })]]);
  expect(all.map(({ startMs, requests, failuresApp, successRate, gap, p50 }) => ({ startMs, requests, failuresApp, successRate, gap, p50 }))).toEqual([
    { startMs: 0, requests: 40, failuresApp: 4, successRate: 0.9, gap: false, p50: null },
    { startMs: STEP, requests: 10, failuresApp: 0, successRate: 1, gap: false, p50: null },
  ]);
});

test('ticks are as short as their values', () => {
  expect([0, 50, 99.5, 100, 106].map(percentTick)).toEqual(['0\u00a0%', '50\u00a0%', '99.5\u00a0%', '100\u00a0%', '']);
  expect([0, 0.25, 40, 1000, 2500, 3e6].map(rateTick)).toEqual(['0/s', '0.25/s', '40/s', '1k/s', '2.5k/s', '3M/s']);
  expect([0, 0.5, 200, 1500].map(latencyTick)).toEqual(['0', '0.5\u00a0ms', '200\u00a0ms', '1.5\u00a0s']);
});

test('a value between two gaps is found, a line of values has none', () => {
  expect(lonely([1, null, 2, 3, null, 4])).toEqual([0, 5]);
  expect(lonely([1, 2, 3])).toEqual([]);
});
