import { expect, test } from 'vitest';
import { createEstimate, DECAY_US, DEFAULT_RTT_US, estimateAt, observe } from './ewma.ts';

test('an endpoint that was never tried costs the default, however long it waits', () => {
  expect(estimateAt(createEstimate(), 1e15)).toBe(DEFAULT_RTT_US);
});

test('a peak counts whole and at once', () => {
  const estimate = { rttUs: 1_000, atUs: 0, sampled: true };
  observe(estimate, 10, 900_000);
  expect(estimate).toEqual({ rttUs: 900_000, atUs: 10, sampled: true });
});

test.each([
  { name: 'no time at all', agedUs: 0, expected: 100_000 },
  { name: 'one decay time', agedUs: DECAY_US, expected: 100_000 / Math.E + 1_000 * (1 - 1 / Math.E) },
  { name: 'a very long time', agedUs: DECAY_US * 100, expected: 1_000 },
])('a lower sample after $name counts as much as time has passed', ({ agedUs, expected }) => {
  const estimate = { rttUs: 100_000, atUs: 5, sampled: true };
  observe(estimate, 5 + agedUs, 1_000);
  expect(estimate.rttUs).toBeCloseTo(expected, 3);
});

test('an unused estimate falls to 1/e in a decay time and never rises', () => {
  const estimate = { rttUs: 50_000, atUs: 0, sampled: true };
  expect(estimateAt(estimate, DECAY_US)).toBeCloseTo(50_000 / Math.E, 6);
  expect(estimateAt(estimate, -5)).toBe(50_000);
});

test('the first sample takes the place of the default, whichever is less', () => {
  const estimate = createEstimate();
  observe(estimate, 10, 400);
  expect(estimateAt(estimate, 10)).toBe(400);
});
