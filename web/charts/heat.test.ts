import { expect, test } from 'vitest';
import type { Heatmap } from '../../cloud/wire/history.ts';
import { logSplits } from './bounds.ts';
import { heatBounds, heatOf, shadeOf } from './heat.ts';

const map = (counts: number[][]): Heatmap => ({
  range: { fromMs: 0, toMs: 20_000, resolutionMs: 10_000 }, stepMs: 10_000, counts,
  buckets: [{ fromMs: 0, toMs: 1 }, { fromMs: 1, toMs: 8 }, { fromMs: 8, toMs: null }],
  points: counts.map((_, at) => ({ startMs: at * 10_000, gap: false, imported: false })),
});

test('only buckets with requests become cells, and one without an end gets one', () => {
  const heat = heatOf(map([[0, 3, 0], [0, 0, 9]]));
  expect(heat?.columns.map((column) => column.cells)).toEqual([[{ fromMs: 1, toMs: 8, count: 3 }], [{ fromMs: 8, toMs: 16, count: 9 }]]);
  expect(heat?.most).toBe(9);
});

test('without any request there is no map', () => {
  expect(heatOf(map([[0, 0, 0]]))).toBe(null);
  expect(heatOf(map([]))).toBe(null);
});

test('the quickest bucket has a place on a logarithmic axis', () => {
  const heat = heatOf(map([[4, 0, 0]]));
  expect(heat?.columns[0]?.cells[0]?.fromMs).toBeGreaterThan(0);
  expect(heat === null ? null : heatBounds(heat, [[null, 40]])[1]).toBeGreaterThan(40);
});

test('more requests are darker, and one of a million can still be seen', () => {
  const shades = [1, 1_000, 1e6].map((count) => shadeOf(count, 1e6));
  expect(shades).toEqual(shades.toSorted((a, b) => a - b));
  expect([(shades[0] ?? 0) > 0.05, (shades[2] ?? 2) <= 1]).toEqual([true, true]);
});

test.each([[[1, 1000], [1, 3, 10, 30, 100, 300, 1000]], [[4, 60], [5, 10, 20, 50]], [[0.02, 500], [0.1, 1, 10, 100]]] as const)('ticks of %o are round and few', (bounds, splits) => {
  expect(logSplits(bounds)).toEqual(splits);
});
