import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseEdgeKey } from '../../cloud/series/edge.ts';
import { signUpWithOrg, testCloud } from '../../cloud/testing.ts';
import type { TestCloud } from '../../cloud/testing.ts';
import { History } from '../../cloud/wire/history.ts';
import { type ApiClient, openApi } from '../api.ts';
import { DEMO_CLUSTERS } from '../demo/clusters.ts';
import { pastOf } from '../demo/past.ts';
import { importPast } from './import.ts';
import { normalShare, pour, shapeOf } from './latency.ts';
import { flowsOf, serviceIn } from './model.ts';
import { type Past, bodies, pastEntities, pastTroubles } from './past.ts';
import { rhythm } from './rhythm.ts';
import { makeWindow, planWindows } from './windows.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = Math.floor(Date.now() / HOUR_MS) * HOUR_MS + 123_456;
const [EU_WEST] = DEMO_CLUSTERS;
if (!EU_WEST) throw new Error('the demo has no cluster');
const PAST = pastOf(EU_WEST, NOW);
/** A short one: the last hours, of which two come as hours and one as minutes. */
const SHORT: Past = { ...PAST, fromMs: PAST.toMs - 3 * HOUR_MS, minutesFromMs: PAST.toMs - HOUR_MS };

function requestsOf(past: Past, atMs: number, source: string): number {
  const window = makeWindow(planWindows({ model: past.model, seed: past.seed, endMs: past.toMs, troubles: pastTroubles(past) }), atMs, 3_600_000);
  return window.edges.requests.reduce((sum, count, row) => sum + (window.strings[window.edges.source[row] ?? 0] === source ? count : 0), 0);
}

describe('the generated past', () => {
  test('is the same for the same seed, and another for another', () => {
    const [first, again, other] = [SHORT, SHORT, { ...SHORT, seed: 1 }].map((past) => JSON.stringify([...bodies(past)]));
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  test('an hour is the same wherever the past begins and whatever stands around it', () => {
    const plan = planWindows({ model: PAST.model, seed: PAST.seed, endMs: PAST.toMs, troubles: pastTroubles(PAST) });
    const alone = makeWindow(plan, PAST.toMs - HOUR_MS, 60_000);
    makeWindow(plan, PAST.toMs - 2 * HOUR_MS, 60_000);
    expect(makeWindow(plan, PAST.toMs - HOUR_MS, 60_000)).toEqual(alone);
  });

  test('has days, nights and a weekly dip, and ends at the load that the mesh has now', () => {
    const thursday = 20_000 * DAY_MS - ((20_000 * DAY_MS) % (7 * DAY_MS));
    expect(rhythm(thursday + 14 * HOUR_MS)).toBeGreaterThan(2 * rhythm(thursday + 2 * HOUR_MS));
    expect(rhythm(thursday + 2 * DAY_MS + 14 * HOUR_MS)).toBeLessThan(0.7 * rhythm(thursday + 14 * HOUR_MS));
    const last = requestsOf(PAST, PAST.toMs - HOUR_MS, '');
    expect(last / 3600 / EU_WEST.load.requestsPerSecond).toBeGreaterThan(0.75);
    expect(last / 3600 / EU_WEST.load.requestsPerSecond).toBeLessThan(1.35);
  });

  test('no hour of the week is a step: none differs by a quarter from the one before', () => {
    for (let atMs = 0; atMs < 7 * DAY_MS; atMs += HOUR_MS) {
      const ratio = rhythm(atMs + HOUR_MS) / rhythm(atMs);
      expect(ratio, `hour ${atMs / HOUR_MS}`).toBeGreaterThan(0.8);
      expect(ratio, `hour ${atMs / HOUR_MS}`).toBeLessThan(1.25);
    }
  });

  test('has three incidents, each with the fault that it says', () => {
    const plan = planWindows({ model: PAST.model, seed: PAST.seed, endMs: PAST.toMs, troubles: pastTroubles(PAST) });
    for (const { service, fromMs, toMs, trouble } of pastTroubles(PAST)) {
      expect(fromMs).toBeGreaterThan(PAST.fromMs);
      expect(toMs).toBeLessThan(PAST.toMs);
      const { edges, strings } = makeWindow(plan, fromMs, 60_000);
      const mine = edges.requests.flatMap((requests, row) => (strings[edges.service[row] ?? 0] === service && edges.direction[row] === 1 ? [{ requests, app: edges.failuresApp[row] ?? 0, mesh: edges.failuresMesh[row] ?? 0 }] : []));
      const [requests, app, mesh] = [mine.reduce((sum, row) => sum + row.requests, 0), mine.reduce((sum, row) => sum + row.app, 0), mine.reduce((sum, row) => sum + row.mesh, 0)];
      expect((trouble.kind === 'mesh' ? mesh : app) / requests).toBeGreaterThan(0.5 * trouble.share);
      expect(trouble.kind === 'mesh' ? app : mesh).toBeLessThan(0.05 * requests);
      const calm = makeWindow(plan, fromMs - 30 * 60_000, 60_000);
      expect(calm.edges.failuresApp.reduce((sum, count) => sum + count, 0)).toBeLessThan(0.05 * calm.edges.requests.reduce((sum, count) => sum + count, 0));
    }
  });

  test('both views of an edge agree: the callee sees what reached it', () => {
    const plan = planWindows({ model: PAST.model, seed: PAST.seed, endMs: PAST.toMs, troubles: pastTroubles(PAST) });
    const window = makeWindow(plan, pastTroubles(PAST)[1]?.fromMs ?? 0, 60_000);
    const rows = new Map<string, number>();
    window.edges.requests.forEach((requests, row) => {
      const [source, destination] = [window.strings[window.edges.source[row] ?? 0], window.strings[window.edges.destination[row] ?? 0]];
      rows.set(`${window.edges.direction[row]} ${source} ${destination} ${window.strings[window.edges.service[row] ?? 0]}`, requests);
    });
    for (const [key, requests] of rows) if (key.startsWith('1 ') && !key.includes('  ')) expect(rows.get(`0 ${key.slice(2)}`), key).toBe(requests);
    expect([...rows.keys()].some((key) => key.includes('  ') && key.startsWith('1 '))).toBe(true);
  });

  test('every body fits one call and the schema, and no hour is split', () => {
    const hours = new Set<number>();
    for (const body of bodies({ ...PAST, fromMs: PAST.toMs - DAY_MS, minutesFromMs: PAST.toMs - DAY_MS })) {
      expect(JSON.stringify(body).length).toBeLessThan(8 * 1024 * 1024);
      History.parse(body);
      for (const hour of new Set(body.windows.map((window) => Math.floor(window.startMs / HOUR_MS)))) {
        expect(hours.has(hour)).toBe(false);
        hours.add(hour);
      }
    }
    expect(hours.size).toBe(24);
  });

  test('two rollouts replace proxies without a hole between old and new', () => {
    const proxies = pastEntities(PAST).filter((entity) => entity.kind === 'proxy');
    const byWorkload = Map.groupBy(proxies, (entity) => entity.attributes.workload);
    expect([...byWorkload.values()].map((list) => list.length).sort()).toEqual([...EU_WEST.services.slice(1).map(() => 2), 3]);
    for (const list of byWorkload.values()) list.forEach((entity, at) => expect(entity.validToMs).toBe(list[at + 1]?.validFromMs ?? null));
  });
});

test('poured latencies are as many as asked for, about the median that was asked for', () => {
  for (const [count, median, sigma] of [[1, 5, 0.5], [1000, 20, 0.3], [100_000, 3, 1]] as const) {
    const { histogram, sumUs } = pour(count, shapeOf(median, sigma), 0.37);
    const counts = histogram.filter((_, at) => at > 0 && at % 2 === 0);
    expect(counts.reduce((sum, n) => sum + n, 0)).toBe(count);
    if (count > 100) expect(sumUs / count / 1000 / (median * Math.exp((sigma * sigma) / 2))).toBeCloseTo(1, 1);
  }
  expect([normalShare(0), normalShare(1.96), normalShare(-1.96)].map((share) => share.toFixed(4))).toEqual(['0.5000', '0.9750', '0.0250']);
});

test('a model names services that exist, and none of its calls go round', () => {
  for (const cluster of DEMO_CLUSTERS) {
    const { model } = pastOf(cluster, NOW);
    expect(flowsOf(model).length).toBeGreaterThan(model.services.length);
    expect(() => serviceIn(model, 'no/service')).toThrow('no/service is called');
    const [first, ...rest] = model.services;
    if (first) expect(() => flowsOf({ ...model, services: [{ ...first, calls: [{ to: first.service, share: 1, route: '' }] }, ...rest] })).toThrow('go round');
  }
});

describe('imported', () => {
  let cloud: TestCloud;
  let api: ApiClient;
  let clusterId: string;
  beforeAll(async () => {
    cloud = await testCloud({ now: () => NOW });
    const person = await signUpWithOrg(cloud.url, 'past');
    api = openApi(cloud.url, { kind: 'cookie', cookie: person.headers['cookie'] ?? '' });
    clusterId = (await api.call('createCluster', { params: { slug: 'past' }, body: { name: 'eu-west' } })).cluster.id;
  });
  afterAll(() => cloud.stop());

  test('it is in the answers, request by request, and a second time changes nothing', async () => {
    expect(await importPast(api, 'past', clusterId, SHORT)).toMatchObject({ hours: 3, refused: 0 });
    expect(await importPast(api, 'past', clusterId, SHORT)).toMatchObject({ hours: 0, refused: 0 });
    const windows = [...bodies(SHORT)].flatMap((body) => body.windows);
    const entering = windows.reduce((sum, { edges, strings }) => sum + edges.requests.reduce((inner, count, row) => inner + (strings[edges.source[row] ?? 0] === '' ? count : 0), 0), 0);
    const topology = await api.call('getTopology', { params: { slug: 'past', clusterId }, query: { fromMs: SHORT.fromMs, toMs: SHORT.toMs } });
    const outside = topology.edges.filter((edge) => parseEdgeKey(edge.id)?.source === '');
    expect(outside.reduce((sum, edge) => sum + edge.golden.requests, 0)).toBe(entering);
    expect(topology.range.imported).toEqual(['generated history']);
    expect(topology.nodes.filter((node) => node.kind === 'workload' && node.meshed && node.instances === 1).length).toBe(EU_WEST.services.length);
  });
});
