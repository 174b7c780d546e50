import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AgentTap, AgentTapReport } from '../../agent/wire/tap.ts';
import { TAPS_PER_CLUSTER_MAX } from '../actions/tap/start.ts';
import { asOrg, connectAgent, eventually, makeCluster, signUpWithOrg, testCloud, testHello } from '../testing.ts';
import type { Caller, TestAgent, TestCloud } from '../testing.ts';
import type { Tap, TapPage } from '../wire/tap.ts';

let cloud: TestCloud;
let person: Caller;

beforeAll(async () => {
  cloud = await testCloud();
  person = await signUpWithOrg(cloud.url, 'taps');
});
afterAll(async () => {
  await cloud.stop();
});

let made = 0;
async function online(): Promise<{ readonly base: string; readonly agent: TestAgent }> {
  const { id, token } = await makeCluster(person, 'taps', `cluster-${(made += 1)}`);
  const agent = await connectAgent(cloud.url, token);
  await agent.ask(testHello());
  return { base: `/api/v1/orgs/taps/clusters/${id}/taps`, agent };
}

async function start(base: string, body: object = {}): Promise<Tap> {
  const answer = await person.call('POST', base, body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body;
}

const page = async (base: string, id: string, after = ''): Promise<TapPage> => (await person.call('GET', `${base}/${id}?after=${after}`)).body;

function report(session: string, paths: readonly string[]): AgentTapReport {
  const event = {
    agoMs: 100, direction: 'inbound', protocol: 'http1', tls: 'mtls', source: 'shop/host/web', service: 'shop/cart', destination: 'shop/host/cart', method: 'GET', route: 'GET /:id',
    status: 200, grpcStatus: null, fault: null, code: null, latencyUs: 1_500, durationUs: 2_000, bytesIn: 10, bytesOut: 20, retries: 0, traceId: null,
  } as const;
  return { session, workload: 'shop/host/cart', proxy: 'cart-1', events: paths.map((path) => ({ ...event, path })), matched: paths.length + 3, dropped: 3 };
}

test('the agent is told of a tap with its filter, the page sees what proxies tell, and stopping tells the agent as well', async () => {
  const { base, agent } = await online();
  const tap = await start(base, { workload: 'shop/host/cart', method: 'get', pathPrefix: '/items', statusClass: 5, perSecondMax: 50, seconds: 60 });
  expect(tap).toMatchObject({ state: 'waiting', workload: 'shop/host/cart', matched: 0, told: 0 });
  const told = (await agent.next()) as AgentTap;
  expect(told).toMatchObject({ kind: 'tap', sessions: [{ id: tap.id, workload: 'shop/host/cart', filter: { method: 'GET', pathPrefix: '/items', statusClass: 5 }, perSecondMax: 50 }] });
  expect(told.sessions[0]?.endsInMs).toBeLessThanOrEqual(60_000);
  agent.send({ kind: 'tapped', reports: [report(tap.id, ['/items/1', '/items/2'])] });
  agent.send({ kind: 'tapped', reports: [report(tap.id, ['/items/3'])] });
  const first = await eventually(async () => {
    const seen = await page(base, tap.id);
    expect(seen.events).toHaveLength(3);
    return seen;
  });
  expect(first.events.map(({ path }) => path)).toEqual(['/items/1', '/items/2', '/items/3']);
  expect(first.events[0]).toMatchObject({ latencyMs: 1.5, durationMs: 2, proxy: 'cart-1', workload: 'shop/host/cart' });
  expect(first.tap).toMatchObject({ state: 'live', matched: 9, told: 3 });
  expect((await page(base, tap.id, first.next)).events).toEqual([]);
  expect((await person.call('DELETE', `${base}/${tap.id}`)).status).toBe(204);
  expect(await agent.next()).toEqual({ kind: 'tap', sessions: [] });
  expect((await page(base, tap.id)).tap.state).toBe('over');
  agent.cut();
});

test('what comes for a tap that is over, or that is another cluster’s, is left out', async () => {
  const { base, agent } = await online();
  const other = await online();
  const tap = await start(base);
  await agent.next();
  other.agent.send({ kind: 'tapped', reports: [report(tap.id, ['/stranger'])] });
  agent.send({ kind: 'tapped', reports: [report('tap_unknown', ['/unknown']), report(tap.id, ['/own'])] });
  await eventually(async () => expect((await page(base, tap.id)).events.map(({ path }) => path)).toEqual(['/own']));
  agent.cut();
  other.agent.cut();
});

test('a tap that nobody reads ends, and the agent is told', async () => {
  const { base, agent } = await online();
  const tap = await start(base);
  await agent.next();
  await asOrg(cloud.database, 'taps', (tx, orgId) => tx`update tenant.tap set read_at = now() - interval '1 minute' where org_id = ${orgId} and id = ${tap.id}`);
  expect(await agent.next()).toEqual({ kind: 'tap', sessions: [] });
  agent.cut();
});

test('who looked at what is recorded, at its start and at its end', async () => {
  const { base, agent } = await online();
  const tap = await start(base, { direction: 'inbound' });
  await person.call('DELETE', `${base}/${tap.id}`);
  await person.call('DELETE', `${base}/${tap.id}`);
  const rows = await asOrg(cloud.database, 'taps', (tx, orgId) => tx<{ action: string }[]>`select action from tenant.audit where org_id = ${orgId} and target = ${tap.id} order by at`);
  expect(rows.map(({ action }) => action)).toEqual(['tap.start', 'tap.stop']);
  agent.cut();
});

test('a cluster has a bounded number of taps at a time', async () => {
  const { base, agent } = await online();
  for (let at = 0; at < TAPS_PER_CLUSTER_MAX; at += 1) await start(base);
  expect(await person.call('POST', base, {})).toMatchObject({ status: 422, body: { code: 'limit_reached' } });
  agent.cut();
});

test.each([
  [{ statusClass: 6 }], [{ pathPrefix: 'no-slash' }], [{ perSecondMax: 0 }], [{ perSecondMax: 5_000 }], [{ seconds: 86_400 }], [{ direction: 'sideways' }], [{ method: 'GET /' }],
])('the filter %o is refused', async (body) => {
  const { base, agent } = await online();
  expect((await person.call('POST', base, body)).status).toBe(400);
  agent.cut();
});

test('nobody taps a cluster of another organization, nor reads its taps', async () => {
  const { base, agent } = await online();
  const tap = await start(base);
  const stranger = await signUpWithOrg(cloud.url, 'strangers');
  for (const slug of ['taps', 'strangers']) {
    const theirs = base.replace('/orgs/taps/', `/orgs/${slug}/`);
    expect((await stranger.call('POST', theirs, {})).status).toBe(404);
    expect((await stranger.call('GET', `${theirs}/${tap.id}`)).status).toBe(404);
    expect((await stranger.call('DELETE', `${theirs}/${tap.id}`)).status).toBe(404);
  }
  agent.cut();
});
