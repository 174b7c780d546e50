import { expect, test } from 'vitest';
import { floorGrowth, floorSlope, slopeOf } from './trend.ts';

/** A saw of 10 MB every 50 s on top of growth per hour. */
const saw = (perHour: number) => Array.from({ length: 240 }, (_, at) => {
  const atMs = at * 5_000;
  return { atMs, value: 20 + (atMs / 3_600_000) * perHour + (at % 10) };
});

test.each([-3, 0, 2, 60])('a line that grows by %d an hour is read as such', (perHour) => {
  const line = Array.from({ length: 50 }, (_, at) => ({ atMs: at * 1_000, value: 5 + (at / 3_600) * perHour }));
  expect(slopeOf(line).perHour).toBeCloseTo(perHour, 6);
  expect(slopeOf(line).error).toBeCloseTo(0, 6);
});

test.each([0, 6, 60, -30])('growth of %d an hour is seen below the saw of a garbage collector', (perHour) => {
  // From the middle of the first third to that of the last it is two thirds of the time, give or take a saw's tooth.
  const expected = perHour * (20 / 60) * (2 / 3);
  expect(Math.abs(floorGrowth(saw(perHour)) - expected)).toBeLessThan(0.3);
});

test.each([0, 1, 20])('a floor that grows by %d an hour is told from the saw above it, with an honest error', (perHour) => {
  const { perHour: seen, error } = floorSlope(saw(perHour));
  expect(Math.abs(seen - perHour)).toBeLessThan(1);
  expect(error).toBeLessThan(1);
  let seed = 3;
  const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const noisy = saw(perHour).map(({ atMs, value }) => ({ atMs, value: value + random() * 8 }));
  const blurred = floorSlope(noisy);
  expect(Math.abs(blurred.perHour - perHour)).toBeLessThan(3 * blurred.error);
});

test('nothing grows in no time', () => {
  for (const none of [[], [{ atMs: 1, value: 1 }]]) {
    expect([slopeOf(none), floorSlope(none), floorGrowth(none)]).toEqual([{ perHour: 0, error: 0 }, { perHour: 0, error: 0 }, 0]);
  }
});
