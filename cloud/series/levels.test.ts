import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ClusterWindow } from '../../agent/wire/rollup.ts';
import type { OrgContext } from '../context.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../rollup/chunk.ts';
import { CLOSED_AFTER_MS } from '../rollup/roll.ts';
import { randomWindow, randomWindows, seeded, testStore } from '../rollup/testing.ts';
import type { TestStore } from '../rollup/testing.ts';
import { readFleet } from './fleet.ts';
import { readTopology, readWorkload, readWorkloads } from './pages.ts';
import { readEdgeTotals } from './read.ts';
import { readHeatmap, readSeries } from './series.ts';

/** Windows of 5 hours and a half, from 21:00, so that two days' chunks and an open hour take part. */
const FROM = 20_000 * DAY_MS + 21 * HOUR_MS;
const TO = FROM + 5.5 * HOUR_MS;
const NOW = TO + CLOSED_AFTER_MS;
let store: TestStore;
let windows: ClusterWindow[];

beforeAll(async () => {
  store = await testStore(NOW);
  windows = randomWindows(FROM, TO, seeded(42));
  for (let from = 0; from < windows.length; from += 60) await store.commit(windows.slice(from, from + 60), TO);
});
afterAll(() => store.close());

function context(nowMs = NOW): OrgContext {
  return { tenant: store.tenant, org: { slug: 'test', name: 'Test' }, actor: { kind: 'system', reason: 'test' }, role: 'owner', now: () => nowMs };
}

const SPANS = [
  ['all of it', FROM, TO], ['a whole hour', FROM + HOUR_MS, FROM + 2 * HOUR_MS], ['from within a minute to within another', FROM + 1_230_000, FROM + 3 * HOUR_MS + 70_000],
  ['over midnight', FROM + 2.5 * HOUR_MS, FROM + 3.5 * HOUR_MS], ['a few minutes', FROM + 600_000, FROM + 900_000], ['the open hour', TO - 25 * MINUTE_MS, TO], ['one window', FROM + 10_000, FROM + 20_000],
] as const;
const SUBJECTS = ['cluster', 'workload:shop/deployment/cart', 'service:shop/cart', 'service:shop/gone', 'edge:outbound|shop/deployment/web|shop/store|shop/statefulset/store|opaque|mtls'];

/** Every answer about a span. Steps and sentences are the same, as they come from the numbers. */
async function answers(fromMs: number, toMs: number): Promise<Record<string, unknown>> {
  const [me, names, query] = [context(), store.names, { fromMs, toMs }];
  const all: Record<string, unknown> = {
    edges: (await store.tenant.snapshot((tx) => readEdgeTotals(tx, store.tenant.orgId, store.clusterId, fromMs, toMs, names))).sort(byText),
    topology: await readTopology(me, names, store.clusterId, query),
    workloads: await readWorkloads(me, names, store.clusterId, query),
    workload: await readWorkload(me, names, store.clusterId, 'shop/deployment/cart', query),
    fleet: await readFleet(me, names, query),
  };
  for (const subject of SUBJECTS) {
    all[subject] = await readSeries(me, names, store.clusterId, { ...query, subject });
    all[`heat ${subject}`] = await readHeatmap(me, names, store.clusterId, { ...query, subject });
  }
  return all;
}

const byText = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

test('every answer is the same from windows, from slices and from chunks', async () => {
  const before = new Map<string, Record<string, unknown>>();
  for (const [name, fromMs, toMs] of SPANS) before.set(name, await answers(fromMs, toMs));
  await store.roll(NOW);
  expect(store.counters).toMatchObject({ hours: 5, slices: 1, failed: 0 });
  for (const [name, fromMs, toMs] of SPANS) {
    const after = await answers(fromMs, toMs);
    for (const [call, answer] of Object.entries(after)) expect(answer, `${call} of ${name}`).toEqual(before.get(name)?.[call]);
  }
});

test('a late window is in every answer at once, and still when its hour was rolled up again', async () => {
  const late = randomWindow(FROM + 2 * HOUR_MS + 20_000, seeded(7));
  const requests = late.edges.requests.reduce((sum, count, row) => sum + (late.edges.direction[row] === 0 && late.edges.protocol[row] === 0 ? count : 0), 0);
  const total = async (): Promise<number> => (await readSeries(context(), store.names, store.clusterId, { fromMs: FROM, toMs: TO, subject: 'cluster' })).total.requests;
  const before = await total();
  await store.commit([late], NOW);
  expect(await total()).toBe(before + requests);
  await store.roll(NOW + 60_000);
  expect(await total()).toBe(before + requests);
});

test('steps say what they know, and finer ones than are stored are not made up', async () => {
  const series = async (fromMs: number, toMs: number, stepSeconds?: number, nowMs = NOW): Promise<number> =>
    (await readSeries(context(nowMs), store.names, store.clusterId, { fromMs, toMs, subject: 'cluster', stepSeconds })).range.resolutionMs;
  expect(await series(FROM, FROM + 600_000)).toBe(10_000);
  expect(await series(FROM, FROM + HOUR_MS)).toBe(60_000);
  expect(await series(FROM, FROM + HOUR_MS, 10)).toBe(10_000);
  expect(await series(FROM, FROM + HOUR_MS, 10, NOW + 5 * DAY_MS)).toBe(60_000);
  expect(await series(FROM, FROM + HOUR_MS, 10, NOW + 40 * DAY_MS)).toBe(3_600_000);
});

test('the numbers of long ago are those of today', async () => {
  const total = async (nowMs: number): Promise<unknown> => (await readSeries(context(nowMs), store.names, store.clusterId, { fromMs: FROM, toMs: FROM + 5 * HOUR_MS, subject: 'workload:shop/deployment/cart' })).total;
  const now = await total(NOW);
  expect(await total(NOW + 5 * DAY_MS)).toEqual(now);
  expect(await total(NOW + 100 * DAY_MS)).toEqual(now);
});

test('quantiles of a range are within 5 % of the exact ones at every level', async () => {
  const row = { direction: 'inbound' as const, source: 'a/host/x', service: 'q/s', destination: 'q/host/s' };
  const { testWindow } = await import('../testing.ts');
  const random = seeded(11);
  const day = FROM + 10 * HOUR_MS;
  const latencies: number[] = [];
  const made: ClusterWindow[] = [];
  for (let startMs = day; startMs < day + HOUR_MS; startMs += 10_000) {
    const latencyMs = 5 * Math.exp(3 * random());
    latencies.push(latencyMs);
    made.push(testWindow(startMs, [{ ...row, requests: 1, latencyMs }]));
  }
  latencies.sort((a, b) => a - b);
  await store.commit(made, day + HOUR_MS);
  await store.roll(day + HOUR_MS + CLOSED_AFTER_MS);
  for (const nowMs of [day + 2 * HOUR_MS, day + 5 * DAY_MS, day + 50 * DAY_MS]) {
    const { total } = await readSeries(context(nowMs), store.names, store.clusterId, { fromMs: day, toMs: day + HOUR_MS, subject: 'workload:q/host/s' });
    for (const [q, got] of [[0.5, total.latencyMs.p50], [0.95, total.latencyMs.p95], [0.99, total.latencyMs.p99]] as const) {
      const exact = latencies[Math.ceil(q * latencies.length) - 1] ?? 0;
      expect(Math.abs((got ?? 0) / exact - 1), `${q} at ${nowMs}`).toBeLessThan(0.05);
    }
  }
});
