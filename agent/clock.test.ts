import { expect, test } from 'vitest';
import { Clock } from './clock.ts';

function makeClock(wallMs: number): { clock: Clock; advance: (ms: number) => void } {
  let monotonicMs = 500;
  const clock = new Clock({ monotonicMs: () => monotonicMs, wallMs: () => wallMs }, 10_000);
  return { clock, advance: (ms) => void (monotonicMs += ms) };
}

test('the cloud’s clock is taken at the middle of the round trip', () => {
  const { clock } = makeClock(1_000_000);
  expect(clock.correct(1_005_000, 200)).toEqual({ kind: 'moved', byMs: 5_100 });
  expect(clock.nowMs()).toBe(1_005_100);
});

test('a difference within the round trip changes nothing', () => {
  const { clock } = makeClock(1_000_000);
  expect(clock.correct(999_950, 200)).toEqual({ kind: 'kept' });
  expect(clock.nowMs()).toBe(1_000_000);
});

test('a clock a little ahead stands still until time has caught up, and never goes back', () => {
  const { clock, advance } = makeClock(1_000_000);
  expect(clock.nowMs()).toBe(1_000_000);
  expect(clock.correct(997_000, 0)).toEqual({ kind: 'moved', byMs: -3_000 });
  advance(2_000);
  expect(clock.nowMs()).toBe(1_000_000);
  advance(2_000);
  expect(clock.nowMs()).toBe(1_001_000);
});

test('a clock ten minutes ahead is set back at once', () => {
  const { clock, advance } = makeClock(1_000_000);
  clock.nowMs();
  expect(clock.correct(400_000, 0)).toEqual({ kind: 'stepped', byMs: -600_000 });
  advance(1_000);
  expect(clock.nowMs()).toBe(401_000);
});
