import { expect, test } from 'vitest';
import { ATTEMPTS_MAX, RETRY_WAITS_MS, retryAfterMs, retryWaitMs } from './backoff.ts';

test('the waits add up to about 75 hours and then the delivery is given up', () => {
  const hours = RETRY_WAITS_MS.reduce((sum, wait) => sum + wait, 0) / 3_600_000;
  expect(hours).toBeGreaterThan(75);
  expect(hours).toBeLessThan(76);
  expect(retryWaitMs(ATTEMPTS_MAX - 1, 0.5, null)).toBe(24 * 3_600_000);
  expect(retryWaitMs(ATTEMPTS_MAX, 0.5, null)).toBeNull();
});

test('jitter spreads a wait a fifth to both sides', () => {
  expect(retryWaitMs(1, 0, null)).toBe(4_000);
  expect(retryWaitMs(1, 0.5, null)).toBe(5_000);
  expect(retryWaitMs(1, 0.999_999, null)).toBe(6_000);
});

test('a receiver may ask for a longer wait but not for more than an hour, and never for a shorter one', () => {
  expect(retryWaitMs(1, 0.5, 60_000)).toBe(60_000);
  expect(retryWaitMs(1, 0.5, 86_400_000)).toBe(3_600_000);
  expect(retryWaitMs(2, 0.5, 1_000)).toBe(300_000);
});

test.each([
  [null, null],
  ['120', 120_000],
  ['Wed, 21 Oct 2015 07:28:10 GMT', 10_000],
  ['Wed, 21 Oct 2015 07:27:00 GMT', 0],
  ['soon', null],
  ['-5', null],
])('Retry-After %s is read as %s', (header, expected) => {
  const now = Date.parse('Wed, 21 Oct 2015 07:28:00 GMT');
  expect(retryAfterMs(header, now)).toBe(expected);
});
