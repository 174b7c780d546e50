import { expect, test } from 'vitest';
import { testWindow } from '../testing.ts';
import { latencyOf, PART_ROWS_MAX, unpackRows } from './packed.ts';
import { edgeRows, partsOf } from './rows.ts';

const START = 1_700_000_000_000;

function rows(count: number): ReturnType<typeof edgeRows> {
  return edgeRows(testWindow(START, Array.from({ length: count }, (_, at) => ({ source: `n/d/w${at}`, requests: at + 1, failuresApp: 1, latencyMs: 1 + at }))));
}

test('rows go into parts of at most 256, in order of their ids, and none is lost', () => {
  const all = rows(600);
  const parts = partsOf(all, new Map(all.map((row, at) => [row.key, 10_000 - at])));
  expect(parts.map((part) => part.rows)).toEqual([PART_ROWS_MAX, PART_ROWS_MAX, 88]);
  const entities = parts.flatMap((part) => [...unpackRows(part.data, false).entity]);
  expect(entities).toEqual(entities.toSorted((a, b) => a - b));
  expect(parts.reduce((sum, part) => sum + part.requests, 0)).toBe((600 * 601) / 2);
  expect(parts.reduce((sum, part) => sum + part.failures, 0)).toBe(600);
});

test('a window without rows is one empty part', () => {
  expect(partsOf([], new Map()).map((part) => part.rows)).toEqual([0]);
});

test('rows with one id become one row, however many they are', () => {
  const all = rows(5000);
  const [part, ...more] = partsOf(all, new Map(all.map((row) => [row.key, 7])));
  expect(more).toEqual([]);
  const unpacked = unpackRows(part?.data ?? new Uint8Array(), true);
  expect([unpacked.rows, unpacked.counters.requests[0], unpacked.counters.failuresApp[0]]).toEqual([1, (5000 * 5001) / 2, 5000]);
  const counts = latencyOf(unpacked, 0).filter((_, at) => at > 0 && at % 2 === 0);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe((5000 * 5001) / 2);
});

test('only inbound requests count for the cluster’s own numbers', () => {
  const all = edgeRows(testWindow(START, [{ requests: 1 }, { requests: 10, direction: 'outbound' }, { requests: 100, protocol: 'opaque' }, { requests: 1000, protocol: 'grpc', failuresMesh: 7 }]));
  const [part] = partsOf(all, new Map(all.map((row, at) => [row.key, at])));
  expect([part?.requests, part?.failures]).toEqual([1001, 7]);
});
