import { afterEach, expect, test } from 'vitest';
import type { ClusterWindow } from '../../agent/wire/rollup.ts';
import { createHistogram, addSparse } from '../../proxy/wire/histogram.ts';
import { COUNTERS } from '../ingest/packed.ts';
import { createEntityNames } from '../series/names.ts';
import { CLASSES, DAY_MS, HOUR_MS, isSummed, LEVELS, MINUTE_MS, rowsOf, SLICE_MS } from './chunk.ts';
import { claimDirtyHours, CLOSED_AFTER_MS, rollUpHour } from './roll.ts';
import { randomWindow, randomWindows, seeded, testStore } from './testing.ts';
import type { TestStore } from './testing.ts';

/** 05:00 of a day in the past. */
const HOUR = 20_000 * DAY_MS + 5 * HOUR_MS;
const CLOSED = HOUR + HOUR_MS + CLOSED_AFTER_MS;
let store: TestStore;
afterEach(() => store.close());

/** Frames of 30 windows each, a few of them cut so that windows arrive in two pieces. */
async function commitAll(windows: readonly ClusterWindow[], atMs: number): Promise<void> {
  for (let from = 0; from < windows.length; from += 30) await store.commit(windows.slice(from, from + 30), atMs);
}

interface Totals {
  readonly counters: Record<string, number>;
  readonly buckets: number[];
}

/** Totals of every subject over a level's points, by point of that level's length, summed over classes. */
async function totals(level: 'minute' | 'hour'): Promise<Map<string, Totals>> {
  const { table, pointMs } = LEVELS[level];
  const found = new Map<string, { counters: Record<string, number>; dense: Float64Array }>();
  await store.tenant.transaction(async (tx) => {
    const rows = await tx<{ start_ms: number; subject: string; data: Uint8Array }[]>`select start_ms, subject, data from ${tx(`tenant.${table}`)}`;
    for (const { start_ms, subject, data } of rows) {
      for (const row of rowsOf(data)) {
        const point = isSummed(subject) ? Math.floor(row.entity / CLASSES) : row.entity;
        const key = `${subject}@${Math.floor((start_ms + point * pointMs) / HOUR_MS)}`;
        const total = found.get(key) ?? { counters: {}, dense: createHistogram() };
        for (const name of COUNTERS) total.counters[name] = (total.counters[name] ?? 0) + row[name];
        addSparse(total.dense, row.latency);
        found.set(key, total);
      }
    }
  });
  return new Map([...found].map(([key, { counters, dense }]) => [key, { counters, buckets: [...dense] }]));
}

function requestsOf(windows: readonly ClusterWindow[], passes: (window: ClusterWindow, row: number) => boolean): number {
  return windows.reduce((sum, window) => sum + window.edges.requests.reduce((inner, count, row) => inner + (passes(window, row) ? count : 0), 0), 0);
}

test('minutes and hours hold exactly what the 10-second rows held, for every subject', async () => {
  store = await testStore(CLOSED);
  const windows = randomWindows(HOUR, HOUR + HOUR_MS, seeded(1));
  await commitAll(windows, HOUR + HOUR_MS);
  await store.roll(CLOSED);
  const [minutes, hours] = [await totals('minute'), await totals('hour')];
  expect(store.counters).toMatchObject({ hours: 1, failed: 0 });
  expect([...minutes.keys()].sort()).toEqual([...hours.keys()].sort());
  for (const [subject, total] of minutes) expect(hours.get(subject), subject).toEqual(total);
  const of = (subject: string): number => minutes.get(`${subject}@${HOUR / HOUR_MS}`)?.counters['requests'] ?? 0;
  expect(of('c')).toBe(requestsOf(windows, (window, row) => window.edges.direction[row] === 0));
  expect(of('w:shop/deployment/cart')).toBe(requestsOf(windows, (window, row) => window.edges.direction[row] === 0 && window.strings[window.edges.destination[row] ?? 0] === 'shop/deployment/cart'));
  expect(of('s:shop/gone')).toBe(requestsOf(windows, (window, row) => window.strings[window.edges.service[row] ?? 0] === 'shop/gone'));
  const edges = [...minutes].filter(([subject]) => subject.startsWith('e:')).reduce((sum, [, { counters }]) => sum + (counters['requests'] ?? 0), 0);
  expect(edges).toBe(requestsOf(windows, () => true));
  const buckets = [...minutes].filter(([subject]) => subject.startsWith('e:')).reduce((sum, [, total]) => sum + total.buckets.reduce((a, b) => a + b, 0), 0);
  expect(buckets).toBe(edges);
  expect([...minutes.keys()].some((subject) => subject.startsWith('r:'))).toBe(true);
});

test('the cluster’s chunks say which seconds were covered, also where nothing was counted', async () => {
  store = await testStore(CLOSED);
  const empty = { ...randomWindow(HOUR, () => 0.99), edges: randomWindow(HOUR, () => 0.99).edges };
  await store.commit([empty, randomWindow(HOUR + 60_000, seeded(3)), randomWindow(HOUR + 70_000, seeded(4))], HOUR + 200_000);
  await store.roll(CLOSED);
  const covered = await store.tenant.transaction(async (tx) => [
    (await tx<{ covered_s: number[] }[]>`select covered_s from tenant.minute_chunk where subject = 'c'`)[0]?.covered_s,
    (await tx<{ covered_s: number[] }[]>`select covered_s from tenant.hour_chunk where subject = 'c'`)[0]?.covered_s,
  ]);
  expect(covered[0]?.slice(0, 3)).toEqual([10, 20, 0]);
  expect(covered[1]?.[5]).toBe(30);
});

test('a late window makes its hour dirty, and the roll-up replaces that hour only', async () => {
  store = await testStore(CLOSED);
  const random = seeded(5);
  await commitAll(randomWindows(HOUR, HOUR + 2 * HOUR_MS, random), HOUR + 2 * HOUR_MS);
  await store.roll(CLOSED + HOUR_MS);
  const before = await store.dump('minute_chunk');
  const hourBefore = await totals('hour');
  const late = randomWindow(HOUR + 1_230_000, random);
  await store.commit([late], CLOSED + HOUR_MS + 60_000);
  expect(await store.dump('minute_chunk')).toEqual(before);
  await store.roll(CLOSED + HOUR_MS + 120_000);
  const untouched = (rows: readonly string[]): string[] => rows.filter((row) => row.includes(` ${HOUR + HOUR_MS} `));
  expect(untouched(await store.dump('minute_chunk'))).toEqual(untouched(before));
  const key = (hour: number): string => `c@${hour / HOUR_MS}`;
  const after = await totals('hour');
  expect(after.get(key(HOUR + HOUR_MS))).toEqual(hourBefore.get(key(HOUR + HOUR_MS)));
  expect((after.get(key(HOUR))?.counters['requests'] ?? 0) - (hourBefore.get(key(HOUR))?.counters['requests'] ?? 0)).toBe(requestsOf([late], (window, row) => window.edges.direction[row] === 0));
});

test('an open hour is sliced, a late window takes its slices back, and the closed hour replaces them', async () => {
  store = await testStore(CLOSED);
  const windows = randomWindows(HOUR, HOUR + 3 * SLICE_MS, seeded(6));
  await commitAll(windows, HOUR + 3 * SLICE_MS);
  await store.roll(HOUR + 3 * SLICE_MS + CLOSED_AFTER_MS - 1);
  const state = async (): Promise<unknown> => (await store.tenant.transaction((tx) => tx`select sliced_to_ms, dirty_since is null as clean from tenant.rollup_hour where hour_ms = ${HOUR}`))[0];
  expect(await state()).toEqual({ sliced_to_ms: HOUR + 2 * SLICE_MS, clean: false });
  await store.roll(HOUR + 3 * SLICE_MS + CLOSED_AFTER_MS);
  expect(await state()).toEqual({ sliced_to_ms: HOUR + 3 * SLICE_MS, clean: false });
  expect(await store.dump('hour_chunk')).toEqual([]);
  const late = randomWindow(HOUR + SLICE_MS + 10_000, seeded(7));
  await store.commit([late], HOUR + 3 * SLICE_MS + CLOSED_AFTER_MS + 1000);
  expect(await state()).toEqual({ sliced_to_ms: HOUR + SLICE_MS, clean: false });
  await store.roll(HOUR + 3 * SLICE_MS + CLOSED_AFTER_MS + 60_000);
  const all = requestsOf([...windows, late], (window, row) => window.edges.direction[row] === 0);
  expect((await totals('minute')).get(`c@${HOUR / HOUR_MS}`)?.counters['requests']).toBe(all);
  await store.roll(CLOSED);
  expect(await state()).toEqual({ sliced_to_ms: null, clean: true });
  expect((await totals('minute')).get(`c@${HOUR / HOUR_MS}`)?.counters['requests']).toBe(all);
  expect(new Set((await store.dump('minute_chunk')).map((row) => row.split(' ')[1]))).toEqual(new Set([String(HOUR)]));
});

test('rolling up twice, or by two workers at once, doubles nothing', async () => {
  store = await testStore(CLOSED);
  const hours = 3;
  await commitAll(randomWindows(HOUR, HOUR + hours * HOUR_MS, seeded(8)), HOUR + hours * HOUR_MS);
  const at = CLOSED + hours * HOUR_MS;
  const due = await claimDirtyHours(store.sql, at, 10);
  expect(due.map((hour) => hour.hourMs)).toEqual([HOUR, HOUR + HOUR_MS, HOUR + 2 * HOUR_MS]);
  expect(await claimDirtyHours(store.sql, at, 10)).toEqual([]);
  // Hours of one day, all at once, each twice: as after an expired claim.
  const outcomes = await Promise.all([...due, ...due].map((hour) => rollUpHour(store.sql, createEntityNames(), hour, at)));
  expect(outcomes.map((outcome) => outcome.kind).sort()).toEqual(['hour', 'hour', 'hour', 'nothing', 'nothing', 'nothing']);
  const [minutes, day] = [await totals('minute'), await totals('hour')];
  expect(minutes).toEqual(day);
  expect(new Set([...day.keys()].map((key) => key.split('@')[1])).size).toBe(hours);
});

test('a crash at any statement changes nothing, and the next try finishes', async () => {
  store = await testStore(CLOSED);
  await commitAll(randomWindows(HOUR, HOUR + 600_000, seeded(9)), HOUR + HOUR_MS);
  await store.roll(CLOSED);
  const late = randomWindow(HOUR + 30_000, seeded(10));
  await store.commit([late], CLOSED + 60_000);
  const before = [await store.dump('minute_chunk'), await store.dump('hour_chunk')];
  const hour = { orgId: store.tenant.orgId, clusterId: store.clusterId, hourMs: HOUR };
  let tries = 0;
  for (let statement = 0; ; statement++) {
    if (await rollUpHour(breakingAfter(store.sql, statement), createEntityNames(), hour, CLOSED + 60_000).then((rolled) => rolled.kind === 'hour', () => false)) break;
    tries++;
    expect([await store.dump('minute_chunk'), await store.dump('hour_chunk')]).toEqual(before);
  }
  expect(tries).toBeGreaterThan(8);
  expect(await store.dump('minute_chunk')).not.toEqual(before[0]);
  expect(await totals('minute')).toEqual(await totals('hour'));
});

/** A client whose transactions fail when they begin their n-th statement. */
function breakingAfter(sql: TestStore['sql'], statements: number): TestStore['sql'] {
  let left = statements;
  const count = (target: object): object => new Proxy(target, {
    apply: (fn, self, args: unknown[]) => {
      // Not for names and lists of values, which are no statements.
      if (Array.isArray(args[0]) && 'raw' in args[0] && left-- <= 0) throw new Error('the process died here');
      return Reflect.apply(fn as (...all: unknown[]) => unknown, self, args);
    },
  });
  return new Proxy(sql, {
    get: (target, key) => key !== 'begin' ? Reflect.get(target, key) as unknown
      : (isolation: string, work: (tx: object) => Promise<unknown>) => target.begin(isolation, (tx) => work(count(tx)) as never),
  });
}

test('windows that are past their retention leave what was rolled up of them as it is', async () => {
  store = await testStore(CLOSED);
  await commitAll(randomWindows(HOUR, HOUR + 600_000, seeded(11)), HOUR + HOUR_MS);
  await store.roll(CLOSED);
  const before = await store.dump('hour_chunk');
  await store.tenant.transaction((tx) => tx`update tenant.rollup_hour set dirty_since = now()`);
  await store.tenant.transaction((tx) => tx`delete from tenant.window_part`);
  const [hour] = await claimDirtyHours(store.sql, Date.now() + DAY_MS, 1);
  if (!hour) throw new Error('nothing is due');
  expect(await rollUpHour(store.sql, store.names, hour, HOUR + 4 * DAY_MS)).toEqual({ kind: 'expired' });
  expect(await store.dump('hour_chunk')).toEqual(before);
  expect(MINUTE_MS * LEVELS.minute.points).toBe(LEVELS.minute.chunkMs);
});

test('late windows of an hour that has no slices give it none', async () => {
  store = await testStore(CLOSED);
  await store.commit([randomWindow(HOUR, seeded(12))], HOUR + HOUR_MS);
  await store.commit([randomWindow(HOUR + 2 * SLICE_MS, seeded(13))], HOUR + HOUR_MS);
  expect(await store.tenant.transaction((tx) => tx`select sliced_to_ms from tenant.rollup_hour`)).toEqual([{ sliced_to_ms: null }]);
});
