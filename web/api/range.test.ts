import { expect, test } from 'vitest';
import { asOf, customRange, LIVE, pollMs, rangeOf, rangeQuery, readRangeSearch, searchOf, spanMsOf, type TimeRange } from './range.ts';

const RANGES: TimeRange[] = [LIVE, { kind: 'last', window: '6h' }, { kind: 'custom', fromMs: 1_000, toMs: 61_000 }, { kind: 'asof', window: null, atMs: 9_000 }, { kind: 'asof', window: '30d', atMs: 9_000 }];

test.each(RANGES)('a range survives the URL: %o', (range) => {
  expect(rangeOf(readRangeSearch(searchOf(range)))).toEqual(range);
});

test.each([{ t: '7y' }, { from: 5 }, { from: 9, to: 3 }, { from: 'x', to: 'y' }, { t: ['15m'] }, { t: 'constructor' }, { at: 'noon' }, { at: -4 }, {}])('a mangled link opens live: %o', (raw) => {
  expect(rangeOf(readRangeSearch(raw))).toEqual(LIVE);
});

test('a drag in either direction is the same range, in whole seconds and never too short to read', () => {
  expect(customRange(90_500, 10_400)).toEqual({ kind: 'custom', fromMs: 10_000, toMs: 91_000 });
  expect(customRange(90_500, 10_400)).toEqual(customRange(10_400, 90_500));
  expect(spanMsOf(customRange(50_000, 50_001))).toBe(30_000);
});

test('live asks every two seconds for five minutes; a range that has ended is not asked again', () => {
  expect([rangeQuery(LIVE), pollMs(LIVE)]).toEqual([{ windowSeconds: 300 }, 2_000]);
  expect(pollMs({ kind: 'custom', fromMs: 1, toMs: 2 })).toBe(false);
  expect(rangeQuery({ kind: 'custom', fromMs: 1, toMs: 2 })).toEqual({ fromMs: 1, toMs: 2 });
});

test('as of a past moment keeps the length of the stretch, and the present brings the first range back', () => {
  const then = asOf({ kind: 'last', window: '1h' }, 10_000_000);
  expect(rangeQuery(then)).toEqual({ fromMs: 6_400_000, toMs: 10_000_000 });
  expect(asOf(then, 20_000_000)).toEqual({ kind: 'asof', window: '1h', atMs: 20_000_000 });
  expect(asOf(then, null)).toEqual({ kind: 'last', window: '1h' });
  expect(asOf(asOf(LIVE, 5_000_000), null)).toEqual(LIVE);
  expect([pollMs(then), spanMsOf(asOf(LIVE, 5_000_000))]).toEqual([false, 300_000]);
});
