import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WINDOW_MS } from '../wire/report.ts';
import { Series } from './series.ts';
import { edgeKey, exchangeEnd } from './testing.ts';
import { TICK_GRACE_MS, WindowClock } from './window-clock.ts';
import { WindowRing } from './window.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

function setUp() {
  const series = new Series();
  const ring = new WindowRing('0123456789abcdef', () => series.seal(), 0);
  const around = { linked: false, sealed: 0 };
  const clock = new WindowClock(ring, Date.now, () => around.linked, () => void (around.sealed += 1));
  clock.arm();
  const count = () => series.ended(series.edge(edgeKey()), exchangeEnd());
  const ticks = () => ring.sendable(0).map(({ message }) => (JSON.parse(message) as { window: { tick: number } }).window.tick);
  return { ring, clock, around, count, ticks };
}

test('before any tick is known windows end every ten seconds, those without traffic unseen', () => {
  const { ring, clock, around, count } = setUp();
  count();
  vi.advanceTimersByTime(WINDOW_MS + 5);
  vi.advanceTimersByTime(WINDOW_MS * 3);
  count();
  vi.advanceTimersByTime(WINDOW_MS + 5);
  expect(around.sealed).toBe(2);
  expect(ring.waiting).toBe(2);
  clock.stop();
});

test('with the link away a window ends at its tick, by the own clock', () => {
  const { ring, clock, count, ticks } = setUp();
  ring.announce(500, 1_000, 400, Date.now());
  clock.arm();
  for (let turn = 0; turn < 5; turn++) {
    count();
    vi.advanceTimersByTime(1_000);
  }
  expect(ticks()).toEqual([500, 501, 502, 503, 504]);
  clock.stop();
});

test('with the link up its tick message is waited for, but not for long', () => {
  const { ring, clock, around, count } = setUp();
  around.linked = true;
  ring.announce(500, 10_000, 0, Date.now());
  clock.arm();
  count();
  vi.advanceTimersByTime(10_000 + TICK_GRACE_MS - 10);
  expect(around.sealed).toBe(0);
  vi.advanceTimersByTime(20);
  expect(around.sealed).toBe(1);
  clock.stop();
});

test('after the stop it ends no window any more', () => {
  const { clock, around, count } = setUp();
  count();
  clock.stop();
  vi.advanceTimersByTime(WINDOW_MS * 5);
  expect(around.sealed).toBe(0);
});
