import { expect, test } from 'vitest';
import { importedRuns, stripBars } from './strip-bars.ts';

test('colour tells failure, height traffic, and a gap is no bar', () => {
  const { bars, worst } = stripBars([
    { requests: 400, failures: 0, gap: false }, { requests: 100, failures: 5, gap: false }, { requests: 100, failures: 50, gap: false },
    { requests: 0, failures: 0, gap: true }, { requests: 0, failures: 0, gap: false },
  ]);
  expect(bars.map((bar) => bar.tone)).toEqual(['ok', 'degraded', 'failing', 'none', 'none']);
  expect(bars.map((bar) => bar.height)).toEqual([1, 0.5, 0.5, 0, 0]);
  expect(worst).toBe(0.5);
});

test('one failed request of two is no alarm, and no traffic has no worst', () => {
  expect(stripBars([{ requests: 2, failures: 1, gap: false }])).toMatchObject({ bars: [{ tone: 'ok' }], worst: null });
  expect(stripBars([]).bars).toEqual([]);
});

test('imported bars are found as stretches', () => {
  const points = [true, true, false, true].map((imported) => ({ imported }));
  expect(importedRuns(points)).toEqual([{ at: 0, length: 2 }, { at: 3, length: 1 }]);
  expect(importedRuns([{ imported: false }])).toEqual([]);
});
