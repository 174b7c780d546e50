import { expect, test } from 'vitest';
import { addSparse, createHistogram, histogramCount, toSparse } from '../../proxy/wire/histogram.ts';
import { LIMITS } from './caps.ts';
import { mergeSteps, mergeWindows } from './merge.ts';
import { ROWS_PER_STEP, sorted, finish } from './steps.ts';
import { makeCounters, makeEdge, makeRoute, makeWindow } from './testing.ts';

const LENGTH_MS = 10_000;
const total = (values: readonly number[] | undefined): number => (values ?? []).reduce((sum, value) => sum + value, 0);

test('rows of the same name add up field by field, whatever proxy they came from', () => {
  const counters = { requests: 3, failuresApp: 1, failuresMesh: 2, failuresClient: 4, retries: 5, bytesIn: 6, bytesOut: 7, durationSumUs: 8, appSumUs: 9, queueSumUs: 10 };
  const row = { ...makeEdge(), ...makeCounters(counters, [100, 100, 5000]) };
  const [window] = mergeWindows([makeWindow('a', 1, 7, [row]), makeWindow('b', 1, 7, [row])], LENGTH_MS).windows;
  expect(window).toMatchObject({ startMs: 70_000, lengthMs: LENGTH_MS, proxies: 2 });
  for (const [name, count] of Object.entries(counters)) expect(window?.edges).toHaveProperty(name, [count * 2]);
  const histogram = createHistogram();
  addSparse(histogram, window?.edges.latency[0] ?? []);
  expect(histogramCount(histogram)).toBe(6);
});

test.each([
  { part: 'direction', over: { direction: 'inbound' } },
  { part: 'source', over: { source: '' } },
  { part: 'service', over: { service: 'shop/other' } },
  { part: 'destination', over: { destination: '' } },
  { part: 'protocol', over: { protocol: 'opaque' } },
  { part: 'tls', over: { tls: 'plain' } },
] as const)('edges that differ in $part stay apart', ({ over }) => {
  const [window] = mergeWindows([makeWindow('a', 1, 7, [makeEdge(), makeEdge(over)])], LENGTH_MS).windows;
  expect(window?.edges.requests).toEqual([1, 1]);
});

test('what is under way at many proxies is their sum, and there is no such column where nothing is', () => {
  const open = makeWindow('a', 1, 7, [makeEdge({ open: 2, requests: 0 }), makeEdge({ protocol: 'opaque' })]);
  const [window] = mergeWindows([open, makeWindow('b', 1, 7, [makeEdge({ open: 1 })]), makeWindow('c', 1, 7, [makeEdge()])], LENGTH_MS).windows;
  expect(window?.edges).toMatchObject({ requests: [2, 1], open: [3, 0] });
  const [quiet] = mergeWindows([makeWindow('a', 1, 7, [makeEdge()])], LENGTH_MS).windows;
  expect(JSON.stringify(quiet)).not.toContain('open');
});

test('the two views of a request are never added', () => {
  const windows = [makeWindow('a', 1, 7, [makeEdge()], [makeRoute()]), makeWindow('b', 1, 7, [makeEdge({ direction: 'inbound' })], [makeRoute({ direction: 'inbound' })])];
  const [window] = mergeWindows(windows, LENGTH_MS).windows;
  expect(window?.edges.direction).toEqual([0, 1]);
  expect(window?.routes.direction).toEqual([0, 1]);
});

test('the result is the same in whatever order the windows came', () => {
  const windows = ['c', 'a', 'b'].map((instance, at) => makeWindow(instance, 1, 7, [makeEdge({ source: `shop/host/${instance}` }), makeEdge({ requests: at })]));
  expect(mergeWindows(windows, LENGTH_MS)).toEqual(mergeWindows([...windows].reverse(), LENGTH_MS));
});

test('each tick becomes a window of its own, in the order of time', () => {
  const merged = mergeWindows([makeWindow('a', 2, 9), makeWindow('a', 1, 8), makeWindow('b', 1, 9)], LENGTH_MS);
  expect(merged.windows.map(({ startMs, proxies }) => [startMs, proxies])).toEqual([[80_000, 1], [90_000, 2]]);
});

test('names stand once in the dictionary and the empty name is its first', () => {
  const [window] = mergeWindows([makeWindow('a', 1, 7, [makeEdge({ source: '' }), makeEdge()])], LENGTH_MS).windows;
  expect(window?.strings).toEqual(['', 'shop/host/web', 'shop/cart', 'shop/host/cart']);
  expect(window?.edges.source).toEqual([0, 1]);
});

test('sources over the cap of a service become one row named other, the quietest first, and no request is lost', () => {
  const rows = Array.from({ length: 205 }, (_, at) => makeEdge({ source: `shop/host/s${at}`, requests: at + 1 }));
  const { windows: [window], folded } = mergeWindows([makeWindow('a', 1, 7, rows)], LENGTH_MS);
  const sources = window?.edges.source.map((index) => window.strings[index]) ?? [];
  expect(sources).toHaveLength(201);
  expect(sources).toContain('other');
  expect(sources).not.toContain('shop/host/s4');
  expect(folded).toBe(1 + 2 + 3 + 4 + 5);
  expect(total(window?.edges.requests)).toBe((205 * 206) / 2);
});

test('templates over the cap of a service become one row named other', () => {
  const rows = Array.from({ length: 103 }, (_, at) => makeRoute({ route: `GET /r${at}`, requests: at + 1 }));
  const { windows: [window], folded } = mergeWindows([makeWindow('a', 1, 7, [], rows)], LENGTH_MS);
  expect(window?.routes.requests).toHaveLength(101);
  expect(folded).toBe(1 + 2 + 3);
  expect(total(window?.routes.requests)).toBe((103 * 104) / 2);
});

test('what a proxy folded already takes no place and is not counted again', () => {
  const rows = [makeEdge({ source: 'other', requests: 1 }), makeEdge({ source: 'a', requests: 2 }), makeEdge({ source: 'b', requests: 3 })];
  const { windows: [window], folded } = mergeWindows([makeWindow('a', 1, 7, rows)], LENGTH_MS, { ...LIMITS, sourcesPerService: 2 });
  expect(window?.edges.requests).toHaveLength(3);
  expect(folded).toBe(0);
});

test('a cluster never has more rows than its caps, with everything counted', () => {
  const edges = Array.from({ length: 500 }, (_, at) => makeEdge({ service: `shop/e${at}`, requests: at + 1, direction: at % 2 ? 'inbound' : 'outbound' }));
  const routes = Array.from({ length: 500 }, (_, at) => makeRoute({ service: `shop/e${at}`, requests: at + 1 }));
  const { windows: [window], folded } = mergeWindows([makeWindow('a', 1, 7, edges, routes)], LENGTH_MS, { ...LIMITS, edges: 100, routes: 50 });
  expect(window?.edges.requests).toHaveLength(100);
  expect(window?.routes.requests.length).toBeLessThanOrEqual(50);
  expect(total(window?.edges.requests)).toBe(125_250);
  expect(total(window?.routes.requests)).toBe(125_250);
  expect(folded).toBeGreaterThan(0);
});

test('a sum that no reader would take stays at the highest number', () => {
  const row = makeEdge({ bytesIn: Number.MAX_SAFE_INTEGER, latency: [1, 0, Number.MAX_SAFE_INTEGER] });
  const [window] = mergeWindows([makeWindow('a', 1, 7, [row]), makeWindow('b', 1, 7, [row])], LENGTH_MS).windows;
  expect([window?.edges.bytesIn, window?.edges.latency]).toEqual([[Number.MAX_SAFE_INTEGER], [[1, 0, Number.MAX_SAFE_INTEGER]]]);
});

test('the histograms of many rows merge to the sum of their buckets', () => {
  let seed = 7;
  const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
  for (let round = 0; round < 100; round++) {
    const parts = Array.from({ length: 1 + (round % 5) }, () => createHistogram().map(() => (random() < 0.1 ? Math.ceil(random() * 9) : 0)));
    const sum = createHistogram();
    for (const part of parts) for (const [bucket, count] of part.entries()) sum[bucket] = (sum[bucket] ?? 0) + count;
    const windows = parts.map((part, at) => makeWindow(`p${at}`, 1, 7, [makeEdge({ latency: toSparse(part) })]));
    expect(mergeWindows(windows, LENGTH_MS).windows[0]?.edges.latency).toEqual([toSparse(sum)]);
  }
});

test('merging many rows gives way every few hundred of them, from the first to the last', () => {
  const rows = (proxy: number) => Array.from({ length: 100 }, (_, at) => makeEdge({ service: `shop/e${proxy}`, destination: `shop/host/d${at}` }));
  const windows = Array.from({ length: 200 }, (_, proxy) => makeWindow(`p${proxy}`, 1, 7, rows(proxy)));
  const steps = mergeSteps(windows, LENGTH_MS, { ...LIMITS, edges: 1_000 });
  let count = 0;
  while (steps.next().done !== true) count += 1;
  // Each row is folded, sorted, summed up, looked at by three caps and folded again.
  expect(count).toBeGreaterThan((20_000 / ROWS_PER_STEP) * 8);
});

test.each([0, 1, ROWS_PER_STEP, ROWS_PER_STEP + 1, 7 * ROWS_PER_STEP + 3])('%i items are sorted as the language sorts them, equal ones in their order', (length) => {
  const items = Array.from({ length }, (_, at) => ({ key: (at * 7919) % 101, at }));
  const compare = (a: { key: number }, b: { key: number }): number => a.key - b.key;
  expect(finish(sorted(items, compare))).toEqual(items.toSorted(compare));
});
