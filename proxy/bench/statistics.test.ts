import { expect, test } from 'vitest';
import { median, quantileOf } from './statistics.ts';

test.each([
  [[3], 3], [[1, 3], 2], [[3, 1, 2], 2], [[4, 1, 3, 2], 2.5], [[10, 9, 1], 9],
])('the median of %j is %d', (values, expected) => {
  expect(median(values)).toBe(expected);
});

test('a quantile is a sample that so many do not exceed', () => {
  const samples = Float64Array.from({ length: 100 }, (_, at) => 100 - at);
  expect(quantileOf(samples, 0.5)).toBe(50);
  expect(quantileOf(samples, 0.99)).toBe(99);
  expect(quantileOf(samples, 1)).toBe(100);
  expect(quantileOf(Float64Array.of(7), 0.01)).toBe(7);
  expect(quantileOf(new Float64Array(), 0.5)).toBeNaN();
});
