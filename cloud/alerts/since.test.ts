import { expect, test } from 'vitest';
import { failingSinceMs, lastFailingRun, slices } from './since.ts';
import type { WindowTotals } from './transition.ts';

function totals(requests: number, failuresApp: number): WindowTotals {
  return { requests, failuresApp, failuresMesh: 0, failuresClient: 0 };
}
const GOOD = totals(100, 0);
const BAD = totals(100, 50);
const NONE = totals(0, 0);

test.each([
  [[GOOD, GOOD, BAD, BAD], 2],
  [[BAD, GOOD, GOOD, BAD], 3],
  [[BAD, BAD, BAD], 0],
  [[GOOD, BAD, NONE, BAD], 1],
  [[GOOD, BAD, GOOD], 1],
  [[NONE, NONE, BAD], 2],
  [[BAD, GOOD, BAD, GOOD], 2],
  [[GOOD, GOOD], null],
  [[], null],
])('of %j the last failing run begins at %s', (series, expected) => {
  expect(lastFailingRun(series, 0.9)).toBe(expected);
});

test('slices cover the range without a hole, in whole windows counted from its end', () => {
  for (const seconds of [10, 60, 90, 120, 130, 3_600, 86_400]) {
    const cut = slices(1_000_000, 1_000_000 + seconds * 1_000, 10_000);
    expect(cut.length).toBeLessThanOrEqual(12);
    expect(cut[0]?.fromMs).toBe(1_000_000);
    expect(cut.at(-1)?.toMs).toBe(1_000_000 + seconds * 1_000);
    for (const [index, slice] of cut.entries()) if (index > 0) expect(slice.fromMs).toBe(cut[index - 1]?.toMs);
  }
});

test('the begin is found to the window, and a long range is read little more than once', async () => {
  for (const seconds of [60, 300, 3_600, 86_400]) {
    const toMs = 100_000_000;
    const onsetMs = toMs - Math.floor(seconds / 30) * 10_000;
    let readMs = 0;
    const read = (slice: { fromMs: number; toMs: number }): Promise<WindowTotals> => {
      readMs += slice.toMs - slice.fromMs;
      const bad = Math.max(0, slice.toMs - Math.max(onsetMs, slice.fromMs)) / 10_000;
      return Promise.resolve(totals((slice.toMs - slice.fromMs) / 100, bad * 100));
    };
    expect(await failingSinceMs({ fromMs: toMs - seconds * 1_000, toMs }, 10_000, 0.999, read)).toBe(onsetMs);
    expect(readMs).toBeLessThan(seconds * 1_000 * 1.3);
  }
});
