import { expect, test } from 'vitest';
import { Timer, TimerWheel } from './timer-wheel.ts';

const TICK_MS = 10;
const SLOTS = 16;

function bed(): { readonly wheel: TimerWheel; readonly expired: string[]; timer(name: string): Timer } {
  const expired: string[] = [];
  return { wheel: new TimerWheel(TICK_MS, SLOTS, 0), expired, timer: (name) => new Timer({ expired: () => void expired.push(name) }) };
}

test('a timer expires at its time, at most one tick late and never early', () => {
  for (const delayMs of [1, 9, 10, 11, 55, 149, 150, 160, 161, 999, 5_000]) {
    const { wheel, expired, timer } = bed();
    wheel.arm(timer('a'), 0, delayMs);
    for (let nowMs = 1; nowMs < delayMs; nowMs++) wheel.advance(nowMs);
    expect([delayMs, expired]).toEqual([delayMs, []]);
    wheel.advance(delayMs + TICK_MS);
    expect([delayMs, expired]).toEqual([delayMs, ['a']]);
    expect(wheel.size).toBe(0);
  }
});

test('a timer that is put off expires once, at its last time', () => {
  const { wheel, expired, timer } = bed();
  const put = timer('a');
  for (let nowMs = 0; nowMs < 500; nowMs += 5) {
    wheel.advance(nowMs);
    wheel.arm(put, nowMs, 50);
  }
  expect(expired).toEqual([]);
  for (let nowMs = 500; nowMs < 700; nowMs += 5) wheel.advance(nowMs);
  expect(expired).toEqual(['a']);
});

test('a timer can be brought forward, disarmed and removed', () => {
  const { wheel, expired, timer } = bed();
  const [forward, disarmed, removed] = [timer('forward'), timer('disarmed'), timer('removed')];
  for (const one of [forward, disarmed, removed]) wheel.arm(one, 0, 100);
  wheel.arm(forward, 0, 20);
  disarmed.disarm();
  wheel.remove(removed);
  wheel.advance(35);
  expect(expired).toEqual(['forward']);
  wheel.advance(500);
  expect(expired).toEqual(['forward']);
  expect(wheel.size).toBe(0);
});

test('nothing is lost when the wheel stood still for longer than it is round', () => {
  const { wheel, expired, timer } = bed();
  for (let at = 1; at <= 40; at++) wheel.arm(timer(String(at)), 0, at * 10);
  wheel.advance(10_000);
  expect(expired).toHaveLength(40);
  wheel.arm(timer('later'), 20_000, 30);
  wheel.advance(20_010);
  expect(expired).toHaveLength(40);
  wheel.advance(20_040);
  expect(expired.at(-1)).toBe('later');
});

test('a timer may arm itself and others while it expires', () => {
  const wheel = new TimerWheel(TICK_MS, SLOTS, 0);
  let count = 0;
  const again: Timer = new Timer({ expired: () => void (++count < 3 && wheel.arm(again, count * 100, 50)) });
  wheel.arm(again, 0, 50);
  for (let nowMs = 0; nowMs < 1_000; nowMs += 10) wheel.advance(nowMs);
  expect(count).toBe(3);
});
