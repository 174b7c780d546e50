import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { AgentFrame } from '../../agent/wire/up.ts';
import { UPLINK_PATH } from '../../agent/wire/version.ts';
import { asOrg, connectAgent, eventually, makeCluster, signUpWithOrg, testCloud, testFrame, testHello, testWindow } from '../testing.ts';
import type { Caller, TestCloud } from '../testing.ts';

let cloud: TestCloud;
let person: Caller;
const START = Math.floor(Date.now() / 10_000) * 10_000 - 60_000;

beforeAll(async () => {
  cloud = await testCloud();
  person = await signUpWithOrg(cloud.url, 'shop');
});
afterAll(async () => {
  await cloud.stop();
});

let made = 0;
function cluster(): ReturnType<typeof makeCluster> {
  return makeCluster(person, 'shop', `cluster-${(made += 1)}`);
}

interface Total { total: { requests: number; failures: { app: number; mesh: number; client: number }; successRate: number | null } }

async function totals(clusterId: string): Promise<Total['total']> {
  const answer = await person.call('GET', `/api/v1/orgs/shop/clusters/${clusterId}/series?fromMs=${START - 600_000}&toMs=${START + 120_000}`);
  expect(answer.status).toBe(200);
  return (answer.body as Total).total;
}

/** A frame of one window whose request count tells it apart from the others. */
function numbered(sequence: number, more: Partial<AgentFrame> = {}): AgentFrame {
  return testFrame(sequence, [testWindow(START + (sequence % 6) * 10_000, [{ requests: 2 ** (sequence % 40) }])], more);
}

test('what was sent is what the API answers', async () => {
  const { id, token } = await cluster();
  const agent = await connectAgent(cloud.url, token);
  expect(await agent.ask(testHello())).toMatchObject({ kind: 'welcome', epoch: 1, positions: [], marks: {}, cluster: { id } });
  expect(await agent.ask(testFrame(1, [testWindow(START, [{ requests: 40, failuresApp: 3, failuresMesh: 1, failuresClient: 2 }])]))).toEqual({ kind: 'acknowledge', epoch: 1, sequence: 1 });
  expect(await totals(id)).toMatchObject({ requests: 40, failures: { app: 3, mesh: 1, client: 2 }, successRate: 1 - 4 / 38 });
  agent.cut();
});

test('a duplicate is acknowledged again and counted once', async () => {
  const { id, token } = await cluster();
  const agent = await connectAgent(cloud.url, token);
  await agent.ask(testHello());
  for (let at = 0; at < 3; at++) expect(await agent.ask(numbered(1))).toEqual({ kind: 'acknowledge', epoch: 1, sequence: 1 });
  expect((await totals(id)).requests).toBe(2);
  agent.cut();
});

test('a hole asks for the frames after the last one that is there, unless the spool says that they are gone', async () => {
  const { id, token } = await cluster();
  const agent = await connectAgent(cloud.url, token);
  await agent.ask(testHello());
  await agent.ask(numbered(1));
  expect(await agent.ask(numbered(3))).toEqual({ kind: 'resend', epoch: 1, after: 1 });
  expect(await agent.ask(numbered(9, { previous: 0 }))).toEqual({ kind: 'acknowledge', epoch: 1, sequence: 9 });
  expect(await agent.ask(numbered(3))).toEqual({ kind: 'acknowledge', epoch: 1, sequence: 9 });
  expect((await totals(id)).requests).toBe(2 + 2 ** 9);
  agent.cut();
});

test('frames that were duplicated, reordered and cut off by dying sockets are all there once', async () => {
  const { id, token } = await cluster();
  const frames = Array.from({ length: 30 }, (_, at) => numbered(at + 1));
  let seed = 7;
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  let position = 0;
  while (position < frames.length) {
    const agent = await connectAgent(cloud.url, token);
    const welcome = await agent.ask(testHello());
    if (welcome.kind !== 'welcome') throw new Error(welcome.kind);
    position = welcome.positions[0]?.sequence ?? 0;
    // Some ahead, some twice, some out of order; then the socket dies with answers and perhaps commits under way.
    const pick = frames.slice(Math.max(0, position - 2), position + 6).filter(() => random() < 0.8);
    for (const frame of pick.toSorted(() => random() - 0.5)) agent.send(frame);
    for (const frame of frames.slice(position, position + 4)) agent.send(frame);
    await new Promise((resolve) => setTimeout(resolve, random() * 40));
    agent.cut();
  }
  expect((await totals(id)).requests).toBe(frames.reduce((sum, frame) => sum + (frame.windows[0]?.edges.requests[0] ?? 0), 0));
});

test('an agent that dies between the commit and its acknowledgement learns the position at the next hello', async () => {
  const { id, token } = await cluster();
  const agent = await connectAgent(cloud.url, token);
  await agent.ask(testHello());
  agent.send(numbered(1, { marks: { '00aa': 5 } }));
  agent.cut();
  await eventually(async () => expect((await totals(id)).requests).toBe(2));
  const again = await connectAgent(cloud.url, token);
  expect(await again.ask(testHello())).toMatchObject({ positions: [{ epoch: 1, sequence: 1 }], marks: { '00aa': 5 } });
  expect(await again.ask(numbered(1))).toMatchObject({ kind: 'acknowledge', sequence: 1 });
  expect((await totals(id)).requests).toBe(2);
  again.cut();
});

test('marks never go back', async () => {
  const { token } = await cluster();
  const agent = await connectAgent(cloud.url, token);
  await agent.ask(testHello());
  await agent.ask(numbered(1, { marks: { '00aa': 9, '00bb': 1 } }));
  await agent.ask(numbered(2, { marks: { '00aa': 4, '00bb': 2 } }));
  agent.cut();
  const again = await connectAgent(cloud.url, token);
  expect(await again.ask(testHello())).toMatchObject({ marks: { '00aa': 9, '00bb': 2 } });
  again.cut();
});

test('a newer agent closes the older one, which is fenced when it comes back', async () => {
  const { token } = await cluster();
  const older = await connectAgent(cloud.url, token);
  await older.ask(testHello({ epoch: 1 }));
  const newer = await connectAgent(cloud.url, token);
  expect(await newer.ask(testHello({ epoch: 2 }))).toMatchObject({ kind: 'welcome', epoch: 2 });
  expect(await older.next()).toMatchObject({ kind: 'refused', code: 'replaced' });
  expect(await older.closed).toBe(1008);
  const back = await connectAgent(cloud.url, token);
  expect(await back.ask(testHello({ epoch: 1 }))).toMatchObject({ kind: 'refused', code: 'fenced' });
  expect(await newer.ask(numbered(1, { epoch: 2 }))).toMatchObject({ kind: 'acknowledge', epoch: 2 });
  newer.cut();
});

test('frames of an earlier epoch are taken from the newest agent’s recovered spool, and none of a later epoch', async () => {
  const { id, token } = await cluster();
  const first = await connectAgent(cloud.url, token);
  await first.ask(testHello({ epoch: 1 }));
  await first.ask(numbered(1));
  first.cut();
  const second = await connectAgent(cloud.url, token);
  expect(await second.ask(testHello({ epoch: 2 }))).toMatchObject({ positions: [{ epoch: 1, sequence: 1 }] });
  expect(await second.ask(numbered(2, { epoch: 1 }))).toEqual({ kind: 'acknowledge', epoch: 1, sequence: 2 });
  expect(await second.ask(numbered(1, { epoch: 2 }))).toEqual({ kind: 'acknowledge', epoch: 2, sequence: 1 });
  expect((await totals(id)).requests).toBe(2 + 4 + 2);
  expect(await second.ask(numbered(1, { epoch: 3 }))).toMatchObject({ kind: 'refused', code: 'frame_invalid' });
});

test('a spool without an epoch is given the next one', async () => {
  const { token } = await cluster();
  for (const epoch of [1, 2]) {
    const agent = await connectAgent(cloud.url, token);
    expect(await agent.ask(testHello({ epoch: null }))).toMatchObject({ kind: 'welcome', epoch });
    agent.cut();
  }
});

test('a connection that another process has replaced can write nothing more', async () => {
  const { id, token } = await cluster();
  const other = await testCloud({ beside: cloud });
  const older = await connectAgent(cloud.url, token);
  await older.ask(testHello());
  const newer = await connectAgent(other.url, token);
  await newer.ask(testHello());
  expect(await older.ask(numbered(1))).toMatchObject({ kind: 'refused', code: 'replaced' });
  expect((await totals(id)).requests).toBe(0);
  newer.cut();
  await other.stop();
});

test('windows out of time are left out, counted with their reason, and don’t hold up the rest', async () => {
  const { id, token } = await cluster();
  const agent = await connectAgent(cloud.url, token);
  await agent.ask(testHello());
  const day = 86_400_000;
  const windows = [testWindow(START - 3 * day, [{ requests: 1 }]), testWindow(START + day, [{ requests: 1 }]), testWindow(START, [{ requests: 5 }])];
  const dropped = { proxyWindows: 3, frames: 2, folded: 0 };
  expect(await agent.ask(testFrame(1, windows, { dropped }))).toMatchObject({ kind: 'acknowledge', sequence: 1 });
  expect((await totals(id)).requests).toBe(5);
  const gaps = await asOrg(cloud.database, 'shop', (tx) => tx`select reason, count::int from tenant.uplink_gap where cluster_id = ${id} order by reason`);
  expect([...gaps]).toEqual([{ reason: 'proxy_windows', count: 3 }, { reason: 'spool_frames', count: 2 }, { reason: 'too_far_ahead', count: 1 }, { reason: 'too_late', count: 1 }]);
  agent.cut();
});

test('a frame is stored whole or not at all, and is not acknowledged when it is not', async () => {
  const { id, token } = await cluster();
  const owner = postgres(cloud.database.ownerUrl, { max: 1 });
  await owner`alter table tenant.uplink_mark add constraint poison check (instance <> 'poison')`;
  const agent = await connectAgent(cloud.url, token);
  await agent.ask(testHello());
  expect(await agent.ask(numbered(1, { marks: { poison: 1 } }))).toMatchObject({ kind: 'refused', code: 'overloaded' });
  expect((await totals(id)).requests).toBe(0);
  await owner`alter table tenant.uplink_mark drop constraint poison`;
  await owner.end();
  const again = await connectAgent(cloud.url, token);
  expect(await again.ask(testHello())).toMatchObject({ positions: [] });
  expect(await again.ask(numbered(1, { marks: { poison: 1 } }))).toMatchObject({ kind: 'acknowledge' });
  expect((await totals(id)).requests).toBe(2);
  again.cut();
});

test('a window of more rows than a part holds, and one without any, are stored', async () => {
  const { id, token } = await cluster();
  const agent = await connectAgent(cloud.url, token);
  await agent.ask(testHello());
  const rows = Array.from({ length: 700 }, (_, at) => ({ source: `shop/deployment/caller-${at}`, requests: at + 1 }));
  await agent.ask(testFrame(1, [testWindow(START, rows), testWindow(START + 10_000, [])]));
  expect((await totals(id)).requests).toBe((700 * 701) / 2);
  const answer = await person.call('GET', `/api/v1/orgs/shop/clusters/${id}/series?fromMs=${START - 10_000}&toMs=${START + 20_000}&stepSeconds=10`);
  const points = (answer.body as { points: { requests: number; gap: boolean }[] }).points;
  expect(points.map(({ requests, gap }) => [requests > 0, gap])).toEqual([[false, true], [true, false], [false, false]]);
  agent.cut();
});

test('many frames at once are answered one after the other', async () => {
  const { token } = await cluster();
  const agent = await connectAgent(cloud.url, token);
  await agent.ask(testHello());
  for (let sequence = 1; sequence <= 40; sequence++) agent.send(numbered(sequence));
  for (let sequence = 1; sequence <= 40; sequence++) expect(await agent.next()).toEqual({ kind: 'acknowledge', epoch: 1, sequence });
  agent.cut();
});

test.each([
  ['a frame before the hello', numbered(1), 'frame_invalid'],
  ['a newer wire version', testHello({ wire: 99 }), 'wire_version'],
  ['a platform that does not exist', { ...testHello(), platform: 'moon' as 'host' }, 'frame_invalid'],
])('%s is refused with a code', async (_, message, code) => {
  const { token } = await cluster();
  const agent = await connectAgent(cloud.url, token);
  expect(await agent.ask(message)).toMatchObject({ kind: 'refused', code });
  expect(await agent.closed).toBe(1008);
});

test('bytes that are no message are refused', async () => {
  const { token } = await cluster();
  const agent = await connectAgent(cloud.url, token);
  agent.sendBytes(new Uint8Array([1, 1, 200, 3, 4]));
  expect(await agent.next()).toMatchObject({ kind: 'refused', code: 'frame_invalid' });
});

test('agents of several clusters make names at once, and each cluster keeps its own numbers', async () => {
  const made = await Promise.all([cluster(), cluster(), cluster()]);
  const sums = await Promise.all(made.map(async ({ token }, at) => {
    const agent = await connectAgent(cloud.url, token);
    await agent.ask(testHello());
    for (let sequence = 1; sequence <= 8; sequence++) {
      const rows = Array.from({ length: 40 }, (_, row) => ({ source: `n${sequence}/deployment/w${row}`, requests: at + 1 }));
      expect(await agent.ask(testFrame(sequence, [testWindow(START, rows)]))).toMatchObject({ kind: 'acknowledge', sequence });
    }
    agent.cut();
    return 8 * 40 * (at + 1);
  }));
  expect(await Promise.all(made.map(async ({ id }) => (await totals(id)).requests))).toEqual(sums);
});

test('an agent writes to the organization of its token and to no other', async () => {
  const stranger = await signUpWithOrg(cloud.url, 'stranger');
  const [mine, theirs] = [await cluster(), await makeCluster(stranger, 'stranger', 'theirs')];
  const agent = await connectAgent(cloud.url, theirs.token);
  expect(await agent.ask(testHello())).toMatchObject({ cluster: { id: theirs.id } });
  await agent.ask(numbered(3));
  expect((await totals(mine.id)).requests).toBe(0);
  expect((await person.call('GET', `/api/v1/orgs/shop/clusters/${theirs.id}`)).status).toBe(404);
  expect(await asOrg(cloud.database, 'shop', (tx) => tx`select 1 from tenant.window_part where cluster_id = ${theirs.id}`)).toHaveLength(0);
  agent.cut();
});

test('a wrong token gets 401 at the upgrade, and one in the address none', async () => {
  const { token } = await cluster();
  const api = (await person.call('POST', '/api/v1/orgs/shop/tokens', { name: 'api' })).body as { token: string };
  const cases = [[UPLINK_PATH, `Bearer ${token.slice(0, -1)}x`], [UPLINK_PATH, `Bearer ${api.token}`], [`${UPLINK_PATH}?token=${token}`, '']] as const;
  for (const [address, authorization] of cases) {
    const socket = new WebSocket(cloud.url.replace('http', 'ws') + address, { headers: authorization === '' ? {} : { authorization } });
    const status = await new Promise((resolve) => {
      socket.on('unexpected-response', (_, response) => { resolve(response.statusCode); socket.terminate(); });
      socket.on('error', () => undefined);
    });
    expect(status).toBe(401);
  }
});

test('a revoked token closes its open socket within 5 s, and opens no other', async () => {
  const { token, tokenId } = await cluster();
  const agent = await connectAgent(cloud.url, token);
  await agent.ask(testHello());
  const started = Date.now();
  expect((await person.call('DELETE', `/api/v1/orgs/shop/tokens/${tokenId}`)).status).toBe(204);
  expect(await agent.next()).toMatchObject({ kind: 'refused', code: 'token_revoked' });
  await agent.closed;
  expect(Date.now() - started).toBeLessThan(5_000);
  await expect(connectAgent(cloud.url, token)).rejects.toThrow('401');
});

test('a deleted cluster closes its socket within 5 s', async () => {
  const { id, token } = await cluster();
  const agent = await connectAgent(cloud.url, token);
  await agent.ask(testHello());
  await agent.ask(numbered(1));
  const started = Date.now();
  expect((await person.call('DELETE', `/api/v1/orgs/shop/clusters/${id}`)).status).toBe(204);
  expect(await agent.next()).toMatchObject({ kind: 'refused', code: 'cluster_deleted' });
  expect(Date.now() - started).toBeLessThan(5_000);
});

test('a cloud that stops finishes the frame in hand and says that it restarts', async () => {
  const { id, token } = await cluster();
  const other = await testCloud({ beside: cloud });
  const agent = await connectAgent(other.url, token);
  await agent.ask(testHello());
  const acknowledged = agent.ask(numbered(1)).catch(() => null);
  await new Promise((resolve) => setTimeout(resolve, 5));
  await other.stop();
  expect(await agent.closed).toBe(1012);
  const stored = (await totals(id)).requests;
  const answered = await Promise.race([acknowledged, Promise.resolve(null)]);
  expect(stored).toBe(answered === null ? 0 : 2);
});

test('the cloud works again by itself after Postgres dropped every connection', async () => {
  const { id, token } = await cluster();
  const agent = await connectAgent(cloud.url, token);
  await agent.ask(testHello());
  const killer = postgres(cloud.database.serverUrl, { max: 1 });
  await killer`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and usename = current_user`;
  await killer.end();
  let link = agent;
  await eventually(async () => {
    const answer = await link.ask(numbered(1));
    if (answer.kind !== 'acknowledge') {
      link = await connectAgent(cloud.url, token);
      await link.ask(testHello());
    }
    expect(answer.kind).toBe('acknowledge');
  });
  expect((await totals(id)).requests).toBe(2);
  link.cut();
});

test('a credential opens the cluster’s next connection, of two tokens either, and none once its token is revoked', async () => {
  const { id, token, tokenId } = await cluster();
  const second = (await person.call('POST', `/api/v1/orgs/shop/clusters/${id}/tokens`)).body as { token: string };
  const credentialFor = async (secret: string): Promise<string> => {
    const agent = await connectAgent(cloud.url, secret);
    await agent.ask(testHello());
    const credential = await eventually(async () => {
      expect(agent.credentials).toHaveLength(1);
      return agent.credentials[0] ?? '';
    });
    agent.cut();
    return credential;
  };
  const [first, other] = [await credentialFor(token), await credentialFor(second.token)];
  const agent = await connectAgent(cloud.url, first);
  expect(await agent.ask(testHello())).toMatchObject({ kind: 'welcome', cluster: { id } });
  const revokedAt = Date.now();
  expect((await person.call('DELETE', `/api/v1/orgs/shop/tokens/${tokenId}`)).status).toBe(204);
  await agent.closed;
  expect(Date.now() - revokedAt).toBeLessThan(5_000);
  await expect(connectAgent(cloud.url, first)).rejects.toThrow('401');
  await expect(connectAgent(cloud.url, token)).rejects.toThrow('401');
  const still = await connectAgent(cloud.url, other);
  expect(await still.ask(testHello())).toMatchObject({ kind: 'welcome', cluster: { id } });
  still.cut();
});
