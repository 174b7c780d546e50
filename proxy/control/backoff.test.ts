import { expect, test } from 'vitest';
import { BACKOFF_MS_MAX, BACKOFF_MS_MIN, backoffMs, REDIAL_MS_MAX, REDIAL_MS_MIN, redialMs } from './backoff.ts';

test.each([1, 2, 3, 8, 20, 1_000, 1e9])('after %i failures the wait lies between 0.1 and 30 s', (failures) => {
  expect(backoffMs(failures, () => 0)).toBe(BACKOFF_MS_MIN);
  expect(backoffMs(failures, () => 0.999_999)).toBeLessThanOrEqual(BACKOFF_MS_MAX);
});

test('the ceiling doubles and then stays', () => {
  const ceilings = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((failures) => Math.round(backoffMs(failures, () => 1)));
  expect(ceilings).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000, 30_000]);
});

test('a link is dialled anew within 30 to 60 minutes', () => {
  expect(redialMs(() => 0)).toBe(REDIAL_MS_MIN);
  expect(redialMs(() => 1)).toBe(REDIAL_MS_MAX);
});
