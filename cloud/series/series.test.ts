import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TopologySnapshot } from '../../agent/wire/topology.ts';
import { connectAgent, eventually, makeCluster, signUpWithOrg, testCloud, testFrame, testHello, testWindow } from '../testing.ts';
import type { Caller, TestAgent, TestCloud, TestRow } from '../testing.ts';
import { calls } from '../wire/calls.ts';
import type { Connection, Health, Series, Topology, Workload, WorkloadRow } from '../wire/entities.ts';
import { edgeKey } from './edge.ts';

const NOW = Math.floor(Date.now() / 10_000) * 10_000;
let cloud: TestCloud;
let person: Caller;
let shop: Awaited<ReturnType<typeof makeCluster>>;
let agent: TestAgent;

/** web → cart → ledger, meshed; web also calls postgres over an opaque port and a service without endpoints; one caller from outside. */
const ROWS: TestRow[] = [
  { direction: 'inbound', source: '', service: 'shop/web', destination: 'shop/deployment/web', tls: 'plain', requests: 300, failuresApp: 60, latencyMs: 50 },
  { direction: 'outbound', source: 'shop/deployment/web', service: 'shop/cart', destination: 'shop/deployment/cart', requests: 300, failuresApp: 58, failuresMesh: 1, latencyMs: 40 },
  { direction: 'inbound', source: 'shop/deployment/web', service: 'shop/cart', destination: 'shop/deployment/cart', requests: 299, failuresApp: 58, latencyMs: 39 },
  { direction: 'outbound', source: 'shop/deployment/cart', service: 'bank/ledger', destination: 'bank/deployment/ledger', requests: 300, failuresApp: 57, latencyMs: 30 },
  { direction: 'inbound', source: 'shop/deployment/cart', service: 'bank/ledger', destination: 'bank/deployment/ledger', requests: 300, failuresApp: 57, latencyMs: 29 },
  { direction: 'outbound', source: 'shop/deployment/web', service: 'shop/postgres', destination: 'shop/statefulset/postgres', protocol: 'opaque', requests: 7, latencyMs: 9000 },
  { direction: 'outbound', source: 'shop/deployment/web', service: 'shop/gone', destination: '', tls: 'plain', requests: 10, failuresMesh: 10 },
];

const SNAPSHOT: TopologySnapshot = {
  takenAtMs: NOW,
  workloads: ['shop/deployment/web', 'shop/deployment/cart', 'bank/deployment/ledger', 'shop/deployment/idle'].map((key) => ({ key, serviceAccount: 'default', identity: `default.${key.split('/')[0]}.serviceaccount.identity.sidelight.test`, meshed: true, instances: 2 })),
  services: [{ key: 'shop/cart', ports: [{ port: 80, protocol: 'http1' }], workloads: ['shop/deployment/cart'] }, { key: 'shop/cart-canary', ports: [], workloads: ['shop/deployment/cart'] }],
  proxies: [
    { instance: 'aa', name: 'cart-1', workload: 'shop/deployment/cart', version: '0.1.0', identity: null, ready: true, connected: true, certificateNotAfter: '2031-01-01T00:00:00Z' },
    { instance: 'bb', name: 'web-1', workload: 'shop/deployment/web', version: '0.1.1', identity: null, ready: false, connected: true, certificateNotAfter: '2030-01-01T00:00:00Z' },
  ],
  trustDomain: 'test',
  trustAnchorNotAfter: '2035-01-01T00:00:00Z',
};

beforeAll(async () => {
  cloud = await testCloud();
  person = await signUpWithOrg(cloud.url, 'shop');
  shop = await makeCluster(person, 'shop');
  agent = await connectAgent(cloud.url, shop.token);
  await agent.ask(testHello());
  agent.send({ kind: 'topology', snapshot: SNAPSHOT });
  // Half a minute of traffic, with a hole of one window in it.
  await agent.ask(testFrame(1, [testWindow(NOW - 40_000, ROWS), testWindow(NOW - 20_000, ROWS)]));
  await agent.ask(testFrame(2, [testWindow(NOW - 40_000, [{ ...ROWS[0], requests: 100, failuresApp: 0, latencyMs: 50 }])]));
});
afterAll(async () => {
  agent.cut();
  await cloud.stop();
});

/** A GET of the cluster's, whose answer fits the call's schema. */
async function get<T>(call: keyof typeof calls, path: string): Promise<T> {
  const answer = await person.call('GET', path);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return calls[call].response?.parse(answer.body) as T;
}
const at = (path: string): string => `/api/v1/orgs/shop/clusters/${shop.id}/${path}`;

test('the overview tells status, numbers, proxies, certificates and the sentence', async () => {
  const health = await get<Health>('getHealth', '/api/v1/orgs/shop/health');
  const [cluster] = health.clusters;
  const inbound = { requests: 700 + 598 + 600, failures: 120 + 116 + 114 };
  expect(cluster).toMatchObject({
    name: 'eu-west', status: 'failing', workloads: 4, openIncidents: 0, agent: { connected: true, version: '0.1.0' },
    proxies: { total: 2, ready: 1, versions: ['0.1.0', '0.1.1'] }, certificateNotAfter: '2030-01-01T00:00:00.000Z',
    worst: { workload: 'shop/deployment/web', origin: 'bank/deployment/ledger' },
  });
  expect(cluster?.successRate).toBeCloseTo(1 - inbound.failures / inbound.requests, 12);
  expect(cluster?.requestsPerSecond).toBeCloseTo(inbound.requests / 20, 9);
  expect(cluster?.mtlsShare).toBeCloseTo(1198 / inbound.requests, 12);
  expect(health.sentence).toMatch(/^The only cluster needs attention: web in eu-west fails 17 % of requests since \S+ UTC, starting at ledger\.$/);
});

test('the strip covers a day in quarters, with gaps where nothing is known', async () => {
  const [cluster] = (await get<Health>('getHealth', '/api/v1/orgs/shop/health')).clusters;
  const points = cluster?.strip.points ?? [];
  expect(points).toHaveLength(96);
  expect(points.reduce((sum, point) => sum + point.requests, 0)).toBe(1898);
  expect(points.reduce((sum, point) => sum + point.failures, 0)).toBe(350);
  expect(points.filter((point) => !point.gap).length).toBeLessThanOrEqual(2);
  expect((cluster?.strip.startMs ?? 0) + 96 * 900_000).toBeGreaterThanOrEqual(NOW - 20_000);
});

test('the overview without a slug is the same', async () => {
  const [only, named] = [await get<Health>('getOnlyHealth', '/api/v1/health'), await get<Health>('getHealth', '/api/v1/orgs/shop/health')];
  expect(only.clusters.map((cluster) => cluster.successRate)).toEqual(named.clusters.map((cluster) => cluster.successRate));
});

test('the graph has each edge once: the caller’s view where it is meshed, else the callee’s', async () => {
  const topology = await get<Topology>('getTopology', at('topology'));
  const edges = topology.edges.map((edge) => `${edge.source} → ${edge.target} ${edge.protocol} ${edge.tls} ${edge.golden.requests}/${edge.golden.connections}`);
  expect(edges.toSorted()).toEqual([
    'outside → shop/deployment/web http1 plain 700/0',
    'shop/deployment/cart → bank/deployment/ledger http1 mtls 600/0',
    'shop/deployment/web → service:shop/gone http1 plain 20/0',
    'shop/deployment/web → shop/deployment/cart http1 mtls 600/0',
    'shop/deployment/web → shop/statefulset/postgres opaque mtls 0/14',
  ]);
  const kinds = Object.fromEntries(topology.nodes.map((node) => [node.key, [node.kind, node.status, node.golden?.requests ?? null, node.meshed]]));
  expect(kinds).toEqual({
    outside: ['outside', 'nodata', null, false],
    'service:shop/gone': ['service', 'nodata', null, false],
    'shop/deployment/web': ['workload', 'failing', 700, true],
    'shop/deployment/cart': ['workload', 'failing', 598, true],
    'bank/deployment/ledger': ['workload', 'failing', 600, true],
    'shop/deployment/idle': ['workload', 'nodata', null, true],
    'shop/statefulset/postgres': ['workload', 'nodata', null, false],
  });
  expect(topology.sentence).toMatch(/^5 workloads, 5 edges, .* requests\/s: outside → web fails 17 %, the worst of \d troubled edges\.$/);
});

test('the graph of a namespace has the edges that touch it', async () => {
  const topology = await get<Topology>('getTopology', at('topology?namespace=bank'));
  expect(topology.edges.map((edge) => edge.target)).toEqual(['bank/deployment/ledger']);
  expect(topology.nodes.map((node) => node.key)).toEqual(['bank/deployment/ledger', 'shop/deployment/cart']);
});

test('workloads are listed with their inbound view, idle ones too', async () => {
  const { workloads } = await get<{ workloads: WorkloadRow[] }>('listWorkloads', at('workloads'));
  expect(workloads.map((row) => [row.key, row.golden.requests, row.instances])).toEqual([
    ['bank/deployment/ledger', 600, 2], ['shop/deployment/cart', 598, 2], ['shop/deployment/idle', 0, 2], ['shop/deployment/web', 700, 2],
  ]);
});

test('a workload’s page names who suffers, whom it depends on and where its failures start', async () => {
  const page = await get<Workload>('getWorkload', at('workloads/shop/deployment/cart'));
  expect(page.workload.golden).toMatchObject({ requests: 598, failures: { app: 116, mesh: 0, client: 0 } });
  expect(page.callers).toMatchObject([{ workload: 'shop/deployment/web', golden: { requests: 600, failures: { app: 116, mesh: 2, client: 0 } }, failureShare: 1 }]);
  expect(page.callees).toMatchObject([{ workload: 'bank/deployment/ledger', service: 'bank/ledger', failureShare: 1, status: 'failing' }]);
  expect(page.services).toEqual(['shop/cart', 'shop/cart-canary']);
  expect(page.proxies).toMatchObject([{ instance: 'aa', ready: true }]);
  expect(page.identity).toBe('default.shop.serviceaccount.identity.sidelight.test');
  expect(page.sentence).toMatch(/^cart fails 19 % of 29.9 requests\/s, all of them the app’s faults, starting at ledger\.$/);
  const web = await get<Workload>('getWorkload', at('workloads/shop/deployment/web'));
  expect(web.callers).toMatchObject([{ workload: null, tls: 'plain' }]);
  expect(web.callees.map((callee) => [callee.service, callee.workload])).toEqual([['shop/cart', 'shop/deployment/cart'], ['shop/gone', null], ['shop/postgres', 'shop/statefulset/postgres']]);
  const nobody = await person.call('GET', at('workloads/shop/deployment/nobody'));
  expect(nobody.status).toBe(404);
});

test.each([
  ['cluster', 1898], ['workload:shop/deployment/cart', 598], ['service:shop/cart', 600],
  [`edge:${edgeKey({ direction: 'outbound', source: 'shop/deployment/cart', service: 'bank/ledger', destination: 'bank/deployment/ledger', protocol: 'http1', tls: 'mtls' })}`, 600],
  ['workload:nobody', 0],
])('the series of %s adds up to its total', async (subject, requests) => {
  const series = await get<Series>('getSeries', at(`series?subject=${encodeURIComponent(subject)}&fromMs=${NOW - 60_000}&toMs=${NOW}&stepSeconds=10`));
  expect(series.total.requests).toBe(requests);
  expect(series.points.reduce((sum, point) => sum + point.requests, 0)).toBe(requests);
  expect(series.points.map((point) => point.gap)).toEqual([true, true, false, true, false, true]);
  if (requests > 0) expect(series.total.requestsPerSecond).toBeCloseTo(requests / 20, 9);
});

test('a subject that is none is told which there are', async () => {
  for (const subject of ['nonsense', 'edge:x|y', 'workload:']) {
    const answer = await person.call('GET', at(`series?subject=${encodeURIComponent(subject)}`));
    expect([answer.status, (answer.body as { faults: { path: string }[] }).faults[0]?.path]).toEqual([400, 'query.subject']);
  }
});

test('quantiles come from the merged histograms of all windows', async () => {
  const series = await get<Series>('getSeries', at(`series?subject=${encodeURIComponent('workload:shop/deployment/web')}&fromMs=${NOW - 60_000}&toMs=${NOW}`));
  for (const q of ['p50', 'p95', 'p99'] as const) expect(Math.abs((series.total.latencyMs[q] ?? 0) - 50)).toBeLessThan(2.5);
});

test('the checklist of the connect page ticks itself off', async () => {
  const connection = await get<Connection>('getConnection', at('connection'));
  expect(connection.complete).toBe(true);
  expect(connection.cluster).toMatchObject({ platform: 'host', agent: { connected: true }, trust: { domain: 'test', anchorNotAfter: '2035-01-01T00:00:00.000Z' } });
  const fresh = await makeCluster(person, 'shop', 'fresh');
  const states = async (): Promise<string[]> => (await get<Connection>('getConnection', `/api/v1/orgs/shop/clusters/${fresh.id}/connection`)).steps.map((step) => step.state);
  expect(await states()).toEqual(['current', 'waiting', 'waiting', 'waiting']);
  const other = await connectAgent(cloud.url, fresh.token);
  expect(await states()).toEqual(['done', 'current', 'waiting', 'waiting']);
  await other.ask(testHello());
  expect(await states()).toEqual(['done', 'done', 'current', 'waiting']);
  other.send({ kind: 'topology', snapshot: SNAPSHOT });
  await eventually(async () => expect(await states()).toEqual(['done', 'done', 'done', 'current']));
  await other.ask(testFrame(1, [testWindow(NOW - 20_000, ROWS)]));
  expect(await states()).toEqual(['done', 'done', 'done', 'done']);
  other.cut();
  await eventually(async () => expect((await get<Connection>('getConnection', `/api/v1/orgs/shop/clusters/${fresh.id}/connection`)).cluster.agent.connected).toBe(false));
  const health = await get<Health>('getHealth', '/api/v1/orgs/shop/health');
  expect(health.clusters.find((cluster) => cluster.id === fresh.id)?.status).toBe('stale');
});
