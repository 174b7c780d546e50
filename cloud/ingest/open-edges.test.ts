import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ClusterWindow } from '../../agent/wire/rollup.ts';
import { connectAgent, makeCluster, signUpWithOrg, testCloud, testFrame, testHello, testWindow } from '../testing.ts';
import type { Caller, TestCloud, TestRow } from '../testing.ts';
import type { Topology, Workload, WorkloadRow } from '../wire/entities.ts';
import { openEdges, OPEN_EDGES_MAX } from './open-edges.ts';

let cloud: TestCloud;
let person: Caller;

beforeAll(async () => {
  cloud = await testCloud();
  person = await signUpWithOrg(cloud.url, 'open');
});
afterAll(async () => {
  await cloud.stop();
});

function openWindow(startMs: number, rows: readonly (TestRow & { readonly open: number })[]): ClusterWindow {
  const window = testWindow(startMs, rows);
  return { ...window, edges: { ...window.edges, open: rows.map(({ open }) => open) } };
}

const STORE = { direction: 'outbound', source: 'shop/deployment/cart', service: 'shop/store', destination: 'shop/deployment/store', protocol: 'opaque', requests: 0 } as const;

test('a connection shows while it is open although nothing ended on it, and no longer when it is closed', async () => {
  const { id, token } = await makeCluster(person, 'open', 'streams');
  const agent = await connectAgent(cloud.url, token);
  await agent.ask(testHello());
  const get = async <T>(path: string): Promise<T> => (await person.call('GET', `/api/v1/orgs/open/clusters/${id}/${path}`)).body as T;
  const start = Math.floor(Date.now() / 10_000) * 10_000 - 20_000;
  await agent.ask(testFrame(1, [openWindow(start, [{ ...STORE, open: 3 }, { ...STORE, direction: 'inbound', open: 3 }])]));

  const edge = (await get<Topology>('topology')).edges.find(({ protocol }) => protocol === 'opaque');
  expect(edge).toMatchObject({ source: 'shop/deployment/cart', target: 'shop/deployment/store', open: 3, golden: { connections: 0 } });
  expect((await get<{ workloads: WorkloadRow[] }>('workloads')).workloads.find(({ name }) => name === 'store')).toMatchObject({ open: 3 });
  expect((await get<Workload>('workloads/shop/deployment/cart')).callees).toMatchObject([{ workload: 'shop/deployment/store', open: 3 }]);
  const past = await get<Topology>(`topology?fromMs=${start - 7_200_000}&toMs=${start - 3_600_000}`);
  expect(past.edges).toEqual([]);

  await agent.ask(testFrame(2, [testWindow(start - 10_000, [{ ...STORE, requests: 1 }])]));
  expect((await get<Topology>('topology')).edges.map(({ open }) => open)).toContain(3);
  await agent.ask(testFrame(3, [testWindow(start + 10_000, [{ ...STORE, requests: 3 }])]));
  expect((await get<Topology>('topology')).edges.every(({ open }) => open === undefined)).toBe(true);
  agent.cut();
});

test('of too many edges the connections are kept before the requests', () => {
  const requests = Array.from({ length: OPEN_EDGES_MAX }, (_, at) => ({ ...STORE, protocol: 'http1' as const, source: `shop/deployment/w${at}`, open: 50 }));
  const kept = openEdges(openWindow(0, [...requests, { ...STORE, open: 1 }]));
  expect(kept).toHaveLength(OPEN_EDGES_MAX);
  expect(kept[0]).toMatchObject({ open: 1 });
});

test('a window of an agent that knows no such column opens nothing', () => {
  expect(openEdges(testWindow(0, [{ requests: 5 }]))).toEqual([]);
});
