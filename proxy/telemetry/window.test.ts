import { expect, test } from 'vitest';
import { RING_BYTES_MAX, RING_MS_MAX, WINDOW_MS, type ProxyWindow } from '../wire/report.ts';
import { seededRandom } from '../test/random.ts';
import { Series } from './series.ts';
import { edgeKey, exchangeEnd } from './testing.ts';
import { OPEN_WHILE_WAITING_MAX, tickAt, WindowRing } from './window.ts';

const TICK_MS = 10_000;

function setUp(nowMs = 1_000) {
  const series = new Series();
  const ring = new WindowRing('0123456789abcdef', () => series.seal(), nowMs);
  const count = (times = 1, service = 'shop/cart') => {
    for (let turn = 0; turn < times; turn++) series.ended(series.edge(edgeKey({ service })), exchangeEnd());
  };
  return { series, ring, count };
}

function windows(ring: WindowRing, after = 0): ProxyWindow[] {
  return ring.sendable(after).map(({ message }) => (JSON.parse(message) as { window: ProxyWindow }).window);
}

const names = (ring: WindowRing) => windows(ring).map(({ sequence, tick }) => [sequence, tick]);

test.each([
  [0, 500],
  [9_999, 500],
  [10_000, 501],
  [-1, 499],
  [-10_000, 499],
  [-10_001, 498],
  [95_000, 509],
])('%i ms after the anchor it is tick %i', (afterMs, tick) => {
  expect(tickAt({ tick: 500, tickMs: TICK_MS, beganMs: 7_777 }, 7_777 + afterMs)).toBe(tick);
});

test('a window has the name of the tick in which it began', () => {
  const { ring, count } = setUp();
  ring.announce(500, TICK_MS, 0, 1_000);
  count(3);
  ring.announce(501, TICK_MS, 4, 11_004);
  expect(windows(ring)).toMatchObject([
    { instance: '0123456789abcdef', sequence: 1, tick: 500, edges: [{ requests: 3 }], routes: [{ requests: 3 }], dropped: { windows: 0, folded: 0 } },
  ]);
});

test('windows without traffic are not sent and take no sequence', () => {
  const { ring, count } = setUp();
  ring.announce(500, TICK_MS, 0, 1_000);
  for (let turn = 1; turn < 5; turn++) ring.announce(500 + turn, TICK_MS, 0, 1_000 + turn * TICK_MS);
  count();
  ring.announce(505, TICK_MS, 0, 1_000 + 5 * TICK_MS);
  expect(names(ring)).toEqual([[1, 504]]);
});

test('windows from before the first tick wait for their name and then get the one of their time', () => {
  const { ring, count } = setUp(0);
  expect(ring.dueMs()).toBe(WINDOW_MS);
  for (const endMs of [10_000, 20_000, 30_000]) {
    count();
    ring.flush(endMs);
  }
  count();
  expect(ring.sendable(0)).toEqual([]);
  expect(ring.waiting).toBe(3);
  ring.announce(700, TICK_MS, 2_000, 37_000);
  // Tick 700 began at 35,000: the windows began at 0, 10,000, 20,000 and 30,000.
  expect(names(ring)).toEqual([[1, 696], [2, 697], [3, 698], [4, 699]]);
});

test('while nobody acknowledges, what is only open takes no place of what is counted', () => {
  const { series } = setUp();
  const ring = new WindowRing('0123456789abcdef', (withOpen) => series.seal(withOpen), 0);
  ring.announce(500, TICK_MS, 0, 0);
  series.began(series.edge(edgeKey({ protocol: 'opaque' })));
  for (let tick = 1; tick <= 50; tick++) ring.flush(tick * TICK_MS);
  expect(ring.waiting).toBe(OPEN_WHILE_WAITING_MAX + 1);
  ring.acknowledge(ring.sequence);
  expect(ring.flush(51 * TICK_MS)).toBe(true);
  expect(windows(ring)[0]?.edges).toMatchObject([{ open: 1, requests: 0 }]);
});

test('while the link is away windows are named by counting on', () => {
  const { ring, count } = setUp(0);
  ring.announce(500, TICK_MS, 1_000, 1_000);
  for (let turn = 0; turn < 4; turn++) {
    count();
    expect(ring.dueMs()).toBe((turn + 1) * TICK_MS);
    ring.flush(ring.dueMs() + 3);
  }
  expect(names(ring)).toEqual([[1, 500], [2, 501], [3, 502], [4, 503]]);
});

test('names stay as they were given when the link is back with a corrected clock', () => {
  const { ring, count } = setUp(0);
  ring.announce(500, TICK_MS, 0, 0);
  count();
  ring.flush(10_000);
  ring.announce(900, TICK_MS, 0, 12_000);
  expect(names(ring)).toEqual([[1, 500]]);
  count();
  ring.announce(901, TICK_MS, 0, 22_000);
  expect(names(ring)).toEqual([[1, 500], [2, 900]]);
});

test('a tick that comes again or late changes nothing', () => {
  const { ring, count } = setUp(0);
  ring.announce(500, TICK_MS, 0, 0);
  count();
  ring.announce(500, TICK_MS, 3_000, 3_000);
  expect(ring.waiting).toBe(0);
  ring.flush(10_000);
  count();
  ring.announce(501, TICK_MS, 40, 10_045);
  ring.announce(501, TICK_MS, 900, 10_900);
  ring.announce(502, TICK_MS, 0, 20_000);
  expect(names(ring)).toEqual([[1, 500], [2, 501]]);
});

test('a clock that is a little fast or slow costs no window and no name', () => {
  const { ring, count } = setUp(0);
  ring.announce(500, TICK_MS, 0, 0);
  const random = seededRandom(21);
  for (let tick = 501; tick < 560; tick++) {
    count();
    const boundaryMs = (tick - 500) * TICK_MS;
    const early = random() < 0.5;
    if (early) ring.flush(Math.max(boundaryMs, ring.dueMs()));
    ring.announce(tick, TICK_MS, 0, boundaryMs + (random() * 200 - (early ? 0 : 100)));
  }
  expect(names(ring).map(([, tick]) => tick)).toEqual(Array.from({ length: 59 }, (_, at) => 500 + at));
});

test('a clock corrected back starts a new window at once', () => {
  const { ring, count } = setUp(0);
  ring.announce(500, TICK_MS, 0, 0);
  count();
  ring.announce(100, TICK_MS, 0, 3_000);
  count();
  ring.announce(101, TICK_MS, 0, 13_000);
  expect(names(ring)).toEqual([[1, 500], [2, 100]]);
});

test('windows are sent again, the same to the byte, until they are acknowledged', () => {
  const { ring, count } = setUp(0);
  ring.announce(500, TICK_MS, 0, 0);
  for (let turn = 1; turn <= 5; turn++) {
    count(turn);
    ring.announce(500 + turn, TICK_MS, 0, turn * TICK_MS);
  }
  const first = ring.sendable(0);
  expect(first.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
  ring.acknowledge(2);
  expect(ring.sendable(0)).toEqual(first.slice(2));
  expect(ring.sendable(4)).toEqual(first.slice(4));
  ring.acknowledge(1);
  expect(ring.waiting).toBe(3);
  ring.acknowledge(5);
  expect(ring.waiting).toBe(0);
  expect(ring.bytes).toBe(0);
});

test('an acknowledgement of what was never sealed is counted and changes nothing', () => {
  const { ring, count } = setUp(0);
  ring.announce(500, TICK_MS, 0, 0);
  count();
  ring.flush(10_000);
  ring.acknowledge(2);
  expect(ring.waiting).toBe(1);
  expect(ring.badAcknowledgements).toBe(1);
});

test('windows older than 15 minutes are dropped, and the next one says how many', () => {
  const { ring, count } = setUp(0);
  ring.announce(0, TICK_MS, 0, 0);
  for (let turn = 1; turn <= 100; turn++) {
    count();
    ring.flush(turn * TICK_MS);
  }
  const kept = windows(ring);
  expect(kept.length).toBe(RING_MS_MAX / TICK_MS + 1);
  expect(kept[0]?.sequence).toBe(100 - kept.length + 1);
  const reported = kept.reduce((sum, window) => sum + window.dropped.windows, 0);
  expect(reported + kept.length).toBe(100);
  expect(ring.droppedTotal).toBe(reported);
});

test('the ring never holds more than its bytes, and no loss goes unreported', () => {
  const { ring, series } = setUp(0);
  ring.announce(0, 1_000, 0, 0);
  const random = seededRandom(11);
  let sealedWindows = 0;
  for (let turn = 1; turn <= 200; turn++) {
    const services = Math.floor(random() * 120);
    for (let at = 0; at < services; at++) series.ended(series.edge(edgeKey({ service: `shop/service-number-${at}` })), exchangeEnd({ route: null }));
    if (ring.flush(turn * 1_000)) sealedWindows += 1;
    expect(ring.bytes).toBeLessThanOrEqual(RING_BYTES_MAX);
  }
  const kept = windows(ring);
  expect(kept.length).toBeLessThan(sealedWindows);
  ring.acknowledge(kept.at(-1)?.sequence ?? 0);
  expect(ring.bytes).toBe(0);
  ring.flush(201_000);
  const told = [...kept, ...windows(ring)].reduce((sum, window) => sum + window.dropped.windows, 0);
  expect(kept.length + told).toBe(sealedWindows);
  expect(ring.droppedTotal).toBe(told);
});

test('a loss is told even when there is no traffic any more', () => {
  const { ring, count } = setUp(0);
  ring.announce(0, TICK_MS, 0, 0);
  count();
  ring.flush(TICK_MS);
  expect(ring.flush(TICK_MS + RING_MS_MAX + 1)).toBe(true);
  expect(windows(ring)).toMatchObject([{ sequence: 2, edges: [], dropped: { windows: 1, folded: 0 } }]);
});
