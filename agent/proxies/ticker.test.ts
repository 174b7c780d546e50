import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Ticker } from './ticker.ts';

let nowMs: number;
let ticks: number[];
let ticker: Ticker;

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  nowMs = 1_003_000;
  ticks = [];
  ticker = new Ticker({ nowMs: () => nowMs, windowMs: 10_000, onTick: () => ticks.push(ticker.tick().tick) });
});
afterEach(() => {
  ticker.stop();
  vi.useRealTimers();
});

/** Time passes for timers and for the mesh clock, which may be slower. */
function pass(ms: number, meshRate = 1): void {
  for (let left = ms; left > 0; left -= 5) {
    nowMs += 5 * meshRate;
    vi.advanceTimersByTime(5);
  }
}

test('a tick is told when its window begins, and no other time', () => {
  ticker.start();
  pass(6_990);
  expect(ticks).toEqual([]);
  pass(20);
  expect(ticks).toEqual([101]);
  pass(20_000);
  expect(ticks).toEqual([101, 102, 103]);
});

test('a tick says how long its window is open already', () => {
  expect(ticker.tick()).toEqual({ kind: 'tick', tick: 100, tickMs: 10_000, elapsedMs: 3_000 });
});

test('a clock that jumps ahead tells the new window at once', () => {
  ticker.start();
  nowMs += 600_000;
  ticker.start();
  expect(ticks).toEqual([160]);
});

test('a clock that stands still tells nothing twice', () => {
  ticker.start();
  pass(30_000, 0);
  expect(ticks).toEqual([]);
  pass(7_010);
  expect(ticks).toEqual([101]);
});
