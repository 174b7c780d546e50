import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TopologySnapshot } from '../../../agent/wire/topology.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../rollup/chunk.ts';
import { randomWindow, randomWindows, seeded } from '../../rollup/testing.ts';
import { asOrg, connectAgent, eventually, invited, makeCluster, signUpWithOrg, testCloud, testFrame, testHello, testWindow } from '../../testing.ts';
import type { Answer, Caller, TestCloud } from '../../testing.ts';
import { calls } from '../../wire/calls.ts';
import type { Health, Series, Topology } from '../../wire/entities.ts';
import { HistoryExport, HistoryImport } from '../../wire/history.ts';
import type { Gaps, History, HistoryWindow, Marks, TopologyChanges } from '../../wire/history.ts';

const NOW = Math.floor(Date.now() / HOUR_MS) * HOUR_MS + 40 * MINUTE_MS;
const HOUR = NOW - 40 * MINUTE_MS - 30 * HOUR_MS;
let cloud: TestCloud;
let owner: Caller;

beforeAll(async () => {
  cloud = await testCloud({ now: () => NOW });
  owner = await signUpWithOrg(cloud.url, 'past');
});
afterAll(() => cloud.stop());

let made = 0;
const newCluster = (): Promise<{ id: string; token: string }> => makeCluster(owner, 'past', `cluster-${(made += 1)}`);
const at = (id: string, path: string): string => `/api/v1/orgs/past/clusters/${id}/${path}`;

async function get<T>(call: keyof typeof calls, path: string): Promise<T> {
  const answer = await owner.call('GET', path);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return calls[call].response?.parse(answer.body) as T;
}

function historyWindow(startMs: number, lengthMs: HistoryWindow['lengthMs'], random: () => number): HistoryWindow {
  const { strings, edges, routes } = randomWindow(startMs, random);
  return { startMs, lengthMs, strings: [...strings], edges, routes };
}

/** Two hours of minutes, and one hour before them as a whole. */
function someHistory(seed: number, source = 'generated history'): History {
  const random = seeded(seed);
  const minutes = Array.from({ length: 120 }, (_, at) => historyWindow(HOUR + at * MINUTE_MS, 60_000, random)).filter(() => random() < 0.95);
  return { source, windows: [historyWindow(HOUR - HOUR_MS, 3_600_000, random), ...minutes], entities: [] };
}

const put = (id: string, history: unknown, who = owner): Promise<Answer> => who.call('POST', at(id, 'history'), history);
const imported = async (id: string, history: History): Promise<HistoryImport> => HistoryImport.parse((await put(id, history)).body);

function inboundOf(windows: readonly HistoryWindow[]): number {
  return windows.reduce((sum, { edges }) => sum + edges.requests.reduce((inner, count, row) => inner + (edges.direction[row] === 0 && (edges.protocol[row] ?? 0) < 3 ? count : 0), 0), 0);
}

async function series(id: string, fromMs: number, toMs: number, subject = 'cluster'): Promise<Series> {
  return get<Series>('getSeries', at(id, `series?fromMs=${fromMs}&toMs=${toMs}&subject=${encodeURIComponent(subject)}`));
}

/** Every stored chunk of a cluster, by names instead of ids, so that two clusters can be compared. */
async function stored(id: string): Promise<unknown> {
  const range = `fromMs=${HOUR - HOUR_MS}&toMs=${HOUR + 2 * HOUR_MS}`;
  const { edges } = await get<Topology>('getTopology', at(id, `topology?${range}`));
  const of = async (subject: string): Promise<unknown> => (await series(id, HOUR - HOUR_MS, HOUR + 2 * HOUR_MS, subject)).points;
  const minutes = (await series(id, HOUR, HOUR + 2 * HOUR_MS, 'workload:shop/deployment/cart')).points.map((point) => ({ ...point, imported: true }));
  return { edges, cluster: await of('cluster'), service: await of('service:bank/ledger'), minutes };
}

test('what was imported is in every answer with its source, and the same body again changes nothing', async () => {
  const { id } = await newCluster();
  const history = someHistory(1);
  expect(await imported(id, history)).toEqual({ hours: { imported: 3, unchanged: 0 }, entities: { imported: 0, unchanged: 0 }, refused: [] });
  const before = await stored(id);
  expect(await imported(id, history)).toMatchObject({ hours: { imported: 0, unchanged: 3 }, refused: [] });
  expect(await stored(id)).toEqual(before);
  const all = await series(id, HOUR - HOUR_MS, HOUR + 2 * HOUR_MS);
  expect(all.range).toMatchObject({ resolutionMs: 3_600_000, imported: ['generated history'] });
  expect(all.total.requests).toBe(inboundOf(history.windows));
  expect(all.points.every((point) => point.imported)).toBe(true);
  const minutes = await series(id, HOUR, HOUR + HOUR_MS);
  expect(minutes.range.resolutionMs).toBe(60_000);
  expect(minutes.points.map((point) => point.gap)).toEqual(minutes.points.map((point) => !history.windows.some((window) => window.lengthMs === 60_000 && window.startMs === point.startMs)));
  const health = await get<Health>('getHealth', `/api/v1/orgs/past/health?fromMs=${HOUR}&toMs=${HOUR + 2 * HOUR_MS}`);
  const strip = health.clusters.find((cluster) => cluster.id === id)?.strip;
  expect(strip?.imported).toEqual(['generated history']);
  expect(strip?.points.filter((point) => point.imported)).toHaveLength(12);
  expect(strip?.points.reduce((sum, point) => sum + point.requests, 0)).toBe(inboundOf(history.windows));
  const audit = await asOrg(cloud.database, 'past', (tx) => tx`select details from tenant.audit where action = 'history.import' and target = ${id}`);
  expect(audit).toEqual([{ details: { source: 'generated history', hours: 3, entities: 0, refused: 0 } }]);
});

test('an hour with other content or of another source is refused, and the rest is taken', async () => {
  const { id } = await newCluster();
  const history = someHistory(2);
  await imported(id, { ...history, windows: history.windows.filter((window) => window.startMs < HOUR + HOUR_MS) });
  const before = await series(id, HOUR - HOUR_MS, HOUR + HOUR_MS);
  const other = await imported(id, { ...someHistory(3), source: 'another' });
  expect(other.hours).toEqual({ imported: 1, unchanged: 0 });
  expect(other.refused.map(({ startMs, reason }) => [startMs, reason])).toEqual([[HOUR - HOUR_MS, 'other_import'], [HOUR, 'other_import']]);
  expect(await series(id, HOUR - HOUR_MS, HOUR + HOUR_MS)).toEqual(before);
  const gaps = await get<Gaps>('listGaps', at(id, `gaps?fromMs=${HOUR - HOUR_MS}&toMs=${HOUR + 2 * HOUR_MS}`));
  expect(gaps.imports).toEqual([{ fromMs: HOUR - HOUR_MS, toMs: HOUR + HOUR_MS, source: 'generated history' }, { fromMs: HOUR + HOUR_MS, toMs: HOUR + 2 * HOUR_MS, source: 'another' }]);
});

test('measured hours are never replaced, and measured windows never go into imported hours', async () => {
  const { id, token } = await newCluster();
  await imported(id, { ...someHistory(4), windows: someHistory(4).windows.filter((window) => window.startMs >= HOUR + HOUR_MS) });
  const agent = await connectAgent(cloud.url, token);
  await agent.ask(testHello());
  const measured = randomWindows(HOUR, HOUR + 300_000, seeded(5));
  await agent.ask(testFrame(1, [...measured, testWindow(HOUR + HOUR_MS + 10_000, [{ requests: 1000 }])]));
  const before = await series(id, HOUR, HOUR + 2 * HOUR_MS);
  const again = await imported(id, { ...someHistory(4), windows: someHistory(4).windows.filter((window) => window.startMs >= HOUR && window.startMs < HOUR + HOUR_MS) });
  expect(again).toMatchObject({ hours: { imported: 0 }, refused: [{ startMs: HOUR, reason: 'measured' }] });
  expect(await series(id, HOUR, HOUR + 2 * HOUR_MS)).toEqual(before);
  const gaps = await get<Gaps>('listGaps', at(id, `gaps?fromMs=${NOW - 600_000}&toMs=${NOW + 600_000}`));
  expect(gaps.gaps.filter((gap) => gap.reason !== 'uncovered')).toMatchObject([{ reason: 'hour_imported', count: 1, text: '1 window fell into hours that were imported and was not taken' }]);
  agent.cut();
});

test('hours that have not ended, or are past what is kept, are refused', async () => {
  const { id } = await newCluster();
  const random = seeded(6);
  const open = Math.floor(NOW / HOUR_MS) * HOUR_MS;
  const old = open - 500 * DAY_MS;
  const answer = await imported(id, { source: 'x', windows: [historyWindow(open, 3_600_000, random), historyWindow(old, 3_600_000, random)], entities: [] });
  expect(answer.refused.map(({ startMs, reason }) => [startMs, reason])).toEqual([[old, 'too_old'], [open, 'open']]);
});

test('a body that can’t be taken is refused with its faults, and nothing of it is stored', async () => {
  const { id } = await newCluster();
  const random = seeded(7);
  const minute = historyWindow(HOUR, 60_000, random);
  const bad: [string, unknown][] = [
    ['mixed lengths', { source: 'x', entities: [], windows: [minute, historyWindow(HOUR, 3_600_000, random)] }],
    ['one time twice', { source: 'x', entities: [], windows: [minute, minute] }],
    ['no source', { source: ' ', entities: [], windows: [] }],
    ['a begin within its minute', { source: 'x', entities: [], windows: [{ ...minute, startMs: HOUR + 1000 }] }],
    ['columns of different lengths', { source: 'x', entities: [], windows: [{ ...minute, edges: { ...minute.edges, requests: [1] } }] }],
    ['a name that is not there', { source: 'x', entities: [], windows: [{ ...minute, edges: { ...minute.edges, source: minute.edges.source.map(() => 999) } }] }],
    ['a negative count', { source: 'x', entities: [], windows: [{ ...minute, edges: { ...minute.edges, requests: minute.edges.requests.map(() => -1) } }] }],
    ['a histogram of another layout', { source: 'x', entities: [], windows: [{ ...minute, edges: { ...minute.edges, latency: minute.edges.latency.map(() => [2, 1, 1]) } }] }],
    ['a version that ends before it begins', { source: 'x', windows: [], entities: [{ kind: 'service', key: 'a/b', validFromMs: 10, validToMs: 5, attributes: { key: 'a/b', ports: [], workloads: [] } }] }],
    ['more than 8 MiB', { source: 'x', entities: [], windows: [], filler: 'x'.repeat(9 * 1024 * 1024) }],
  ];
  for (const [name, body] of bad) {
    const answer = await put(id, body);
    expect([answer.status, (answer.body as { code: string }).code], name).toEqual([400, 'invalid_request']);
  }
  expect((await series(id, HOUR, HOUR + HOUR_MS)).points.every((point) => point.gap)).toBe(true);
});

test('only an owner may import: an admin is told so', async () => {
  const { id } = await newCluster();
  const admin = await invited(cloud.url, owner, 'past', 'admin');
  const answer = await put(id, someHistory(8), admin);
  expect([answer.status, (answer.body as { code: string }).code]).toEqual([403, 'forbidden']);
});

test('what was exported imports elsewhere to the same numbers', async () => {
  const [from, to] = [await newCluster(), await newCluster()];
  const agent = await connectAgent(cloud.url, from.token);
  await agent.ask(testHello());
  // Measured and not yet rolled up, beside what was imported.
  await agent.ask(testFrame(1, randomWindows(HOUR + 2 * HOUR_MS, HOUR + 2 * HOUR_MS + 600_000, seeded(9))));
  await imported(from.id, someHistory(10));
  agent.cut();
  const shares: HistoryExport[] = [];
  for (let fromMs: number | null = HOUR - HOUR_MS; fromMs !== null;) {
    const share = HistoryExport.parse((await owner.call('GET', at(from.id, `history?fromMs=${fromMs}&toMs=${NOW}`))).body);
    shares.push(share);
    fromMs = share.nextMs;
  }
  for (const { source, windows, entities } of shares) expect(await imported(to.id, { source, windows, entities })).toMatchObject({ refused: [] });
  const both = async (id: string): Promise<unknown> => {
    const { points, total } = await series(id, HOUR - HOUR_MS, HOUR + 3 * HOUR_MS);
    const minutes = await series(id, HOUR + 2 * HOUR_MS, HOUR + 2 * HOUR_MS + 900_000, 'service:shop/cart');
    return { total, points: points.map((point) => ({ ...point, imported: true })), minutes: minutes.total };
  };
  expect(await both(to.id)).toEqual(await both(from.id));
  expect(await stored(to.id)).toEqual(await stored(from.id));
});

test('versions of the past are taken once, tell the topology of their time, and never overlap what is known', async () => {
  const { id, token } = await newCluster();
  const workload = (key: string) => ({ key, serviceAccount: 'default', identity: null, meshed: true, instances: 2 });
  const proxy = (instance: string, version: string) => ({ instance, name: 'cart-1', workload: 'shop/deployment/cart', version, identity: null, ready: true, connected: true, certificateNotAfter: null });
  const entities: History['entities'] = [
    { kind: 'workload', key: 'shop/deployment/cart', validFromMs: HOUR, validToMs: null, attributes: workload('shop/deployment/cart') },
    { kind: 'workload', key: 'shop/deployment/old', validFromMs: HOUR, validToMs: HOUR + 2 * HOUR_MS, attributes: workload('shop/deployment/old') },
    { kind: 'proxy', key: 'aa', validFromMs: HOUR, validToMs: HOUR + HOUR_MS, attributes: proxy('aa', '0.1.0') },
    { kind: 'proxy', key: 'bb', validFromMs: HOUR + HOUR_MS, validToMs: null, attributes: proxy('bb', '0.2.0') },
  ];
  const history = { source: 'x', windows: [], entities };
  expect((await imported(id, history)).entities).toEqual({ imported: 4, unchanged: 0 });
  expect((await imported(id, history)).entities).toEqual({ imported: 0, unchanged: 4 });
  const agent = await connectAgent(cloud.url, token);
  await agent.ask(testHello());
  const snapshot: TopologySnapshot = { takenAtMs: NOW, workloads: [workload('shop/deployment/cart')], services: [], proxies: [], trustDomain: 'test', trustAnchorNotAfter: null };
  agent.send({ kind: 'topology', snapshot });
  await eventually(async () => expect((await get<Health>('getHealth', '/api/v1/orgs/past/health')).clusters.find((cluster) => cluster.id === id)?.proxies.total).toBe(0));
  agent.cut();
  expect((await imported(id, history)).entities).toEqual({ imported: 0, unchanged: 4 });
  const clash: History = { source: 'x', windows: [], entities: [{ kind: 'workload', key: 'shop/deployment/cart', validFromMs: HOUR - HOUR_MS, validToMs: HOUR + 1, attributes: workload('shop/deployment/cart') }] };
  expect((await imported(id, clash)).refused).toMatchObject([{ reason: 'overlap' }]);
  const names = async (toMs: number): Promise<string[]> => (await get<Topology>('getTopology', at(id, `topology?fromMs=${toMs - 300_000}&toMs=${toMs}`))).nodes.map((node) => node.name);
  expect(await names(HOUR + HOUR_MS)).toEqual(['cart', 'old']);
  expect(await names(HOUR + 3 * HOUR_MS)).toEqual(['cart']);
  const changes = await get<TopologyChanges>('getTopologyChanges', at(id, `topology/changes?fromMs=${HOUR + 600_000}&toMs=${HOUR + 3 * HOUR_MS}`));
  expect(changes.changes).toMatchObject([
    { change: 'gone', kind: 'workload', key: 'shop/deployment/old', atMs: HOUR + 2 * HOUR_MS },
    { change: 'changed', kind: 'proxy', name: 'cart-1', atMs: HOUR + HOUR_MS, version: { before: '0.1.0', after: '0.2.0' }, text: 'proxy cart-1: version 0.1.0 → 0.2.0, and 1 more' },
  ]);
  expect(changes.sentence).toBe('1 workload is gone, 1 proxy changed.');
  const marks = await get<Marks>('listMarks', at(id, `marks?fromMs=${HOUR}&toMs=${HOUR + 4 * HOUR_MS}`));
  expect(marks.marks.map((mark) => [mark.atMs, mark.kind, mark.text])).toEqual([
    [HOUR + HOUR_MS, 'version', 'shop/cart proxies 0.1.0 → 0.2.0'], [HOUR + 2 * HOUR_MS, 'workload', 'shop/old left'],
  ]);
});
