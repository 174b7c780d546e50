import { expect, test } from 'vitest';
import { ApiError } from '../context.ts';
import { POINTS_MAX, resolveRange, stepOf } from './range.ts';

const NOW = 1_000_000_000_000 + 4_321;

test.each([
  ['the default is the last 5 minutes, up to the newest window', {}, NOW - 14_321, [NOW - 314_321, NOW - 14_321]],
  ['without a fresh window it ends at the last whole window', {}, NOW - 500_000, [NOW - 4_321 - 300_000, NOW - 4_321]],
  ['a cluster without windows reads up to now', { windowSeconds: 60 }, null, [NOW - 4_321 - 60_000, NOW - 4_321]],
  ['a length is rounded up to whole windows', { windowSeconds: 15 }, null, [NOW - 4_321 - 20_000, NOW - 4_321]],
  ['given ends are widened to whole windows', { fromMs: 12_345, toMs: 23_456 }, null, [10_000, 30_000]],
] as const)('%s', (_, query, newest, [fromMs, toMs]) => {
  expect(resolveRange(query, NOW, 10_000, newest)).toEqual({ fromMs, toMs });
});

test.each([
  [{ fromMs: 5 }, ['query.toMs']],
  [{ toMs: 5 }, ['query.fromMs']],
  [{ fromMs: 9, toMs: 5 }, ['query.toMs']],
  [{ fromMs: 1, toMs: 40 * 86_400_000 }, ['query.fromMs']],
  [{ fromMs: 1, windowSeconds: 60 }, ['query.windowSeconds', 'query.toMs']],
])('the range %o is refused with its faults', (query, paths) => {
  const faults = (): unknown => {
    try {
      return resolveRange(query, NOW, 10_000, null);
    } catch (error) {
      return error instanceof ApiError ? [error.code, error.faults?.map((fault) => fault.path)] : error;
    }
  };
  expect(faults()).toEqual(['invalid_request', paths]);
});

test.each([
  [300_000, undefined, 10_000], [3_600_000, undefined, 60_000], [3_600_000, 10, 10_000], [7 * 86_400_000, undefined, 7_200_000], [30 * 86_400_000, undefined, 21_600_000], [86_400_000, 10, 60_000], [86_430_000, undefined, 720_000], [86_400_000, undefined, 720_000], [300_000, 25, 30_000], [300_000, 1, 10_000],
])('a range of %i ms with a step of %s s has points of %i ms', (lengthMs, asked, stepMs) => {
  expect(stepOf({ fromMs: 0, toMs: lengthMs }, 10_000, asked)).toBe(stepMs);
});

test('no range has more points than a chart can take', () => {
  const span = { fromMs: 0, toMs: 31 * 86_400_000 };
  expect((span.toMs - span.fromMs) / stepOf(span, 10_000, 1)).toBeLessThanOrEqual(POINTS_MAX);
});
