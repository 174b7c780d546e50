import { expect, test } from 'vitest';
import { floor, slopePerHour } from './trend.ts';

const MINUTE_MS = 60_000;
/** A saw of 10 MB every 50 s on top of growth per hour. */
const saw = (perHour: number) => Array.from({ length: 240 }, (_, at) => {
  const atMs = at * 5_000;
  return { atMs, value: 20 + (atMs / 3_600_000) * perHour + (at % 10) };
});

test.each([-3, 0, 2, 60])('a line that grows by %d an hour is read as such', (perHour) => {
  const line = Array.from({ length: 50 }, (_, at) => ({ atMs: at * 1_000, value: 5 + (at / 3_600) * perHour }));
  expect(slopePerHour(line)).toBeCloseTo(perHour, 6);
});

test.each([0, 2, 60])('growth of %d an hour is seen below the saw of a garbage collector', (perHour) => {
  const slope = slopePerHour(floor(saw(perHour), MINUTE_MS));
  expect(slope).toBeGreaterThan(perHour - 0.5);
  expect(slope).toBeLessThan(perHour + 0.5);
});

test('nothing grows in no time', () => {
  expect([slopePerHour([]), slopePerHour([{ atMs: 1, value: 1 }])]).toEqual([0, 0]);
});
