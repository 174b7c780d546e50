import { expect, test } from 'vitest';
import { markNear, momentAt, nextMark, placeOf, readReach, scaleOf, shareOf } from './moments.ts';

const HOUR = 3_600_000;
const NOW = 1_000_000 * HOUR + 12_345;
const mark = (fromMs: number, toMs = fromMs): { label: string; fromMs: number; toMs: number } => ({ label: String(fromMs), fromMs, toMs });

test('the end of the scale is the present, and each step a moment of its own', () => {
  const scale = scaleOf('24h', [null], NOW);
  expect(scale.toMs).toBeGreaterThanOrEqual(NOW);
  expect(scale.toMs - NOW).toBeLessThan(scale.stepMs);
  expect(momentAt(scale.toMs, scale)).toBe(null);
  expect(momentAt(placeOf(NOW - HOUR, scale), scale)).toBe(NOW - HOUR);
  expect(placeOf(null, scale)).toBe(scale.toMs);
});

test.each([
  ['24h', [null, null], '24h'], ['24h', [NOW - 2 * HOUR], '24h'], ['24h', [NOW - 30 * HOUR], '7d'], ['7d', [NOW - HOUR], '7d'], [null, [null, NOW - 200 * HOUR], '30d'], ['24h', [1], '30d'],
] as const)('chosen %s, with %o the scale reaches %s back', (chosen, moments, key) => {
  expect(scaleOf(chosen, moments, NOW).key).toBe(key);
});

test('a moment before every scale stands at its begin', () => {
  const scale = scaleOf('30d', [1], NOW);
  expect([placeOf(1, scale), shareOf(1, scale), shareOf(NOW * 2, scale)]).toEqual([scale.fromMs, 0, 1]);
});

test('one can step from mark to mark in both directions and ends at the last', () => {
  const marks = [mark(300), mark(100), mark(200)];
  expect([nextMark(marks, 200, 'before'), nextMark(marks, 200, 'after'), nextMark(marks, 100, 'before'), nextMark(marks, 301, 'after')]).toEqual([100, 300, null, null]);
});

test('a moment is told with the mark that it lies in or close to', () => {
  const scale = scaleOf('24h', [], NOW);
  expect(markNear([mark(0), mark(NOW - 2 * HOUR, NOW - HOUR)], NOW - 1.5 * HOUR, scale)?.fromMs).toBe(NOW - 2 * HOUR);
  expect(markNear([mark(NOW - 2 * HOUR)], NOW - HOUR, scale)).toBe(null);
});

test.each([['7d', '7d'], ['9d', null], [undefined, null], ['toString', null]])('a reach of %s is read as %s', (text, key) => {
  expect(readReach(text)).toBe(key);
});
