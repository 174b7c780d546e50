/** Under traffic: the agent's socket drops, the cloud is killed, the agent is killed. The stored totals equal the sent ones. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type App, openClient, serveApp } from './apps.ts';
import { type ConnectedMesh, type Member, type System, openSystem, until } from './harness.ts';
import { type Relay, openRelay } from './relay.ts';

/** Short windows, so that many frames are in flight when things die. */
const WINDOW_MS = 1_000;
const LANES = 8;

let system: System;
let relay: Relay;
let member: Member;
let mesh: ConnectedMesh;
const apps: App[] = [];
const sent = { requests: 0, failures: 0, broken: 0 };
let startedMs = 0;

beforeAll(async () => {
  system = await openSystem('lost');
  member = await system.join('lost');
  relay = await openRelay(Number(new URL(system.origin).port));
  mesh = await system.connect(member, 'one', [
    { name: 'front', namespace: 'shop', protocol: 'http1', calls: ['shop/back'], plain: true },
    { name: 'back', namespace: 'shop', protocol: 'http1', calls: [], plain: false },
  ], { windowMs: WINDOW_MS, cloudUrl: `http://127.0.0.1:${relay.port}` });
  const front = mesh.workload('shop/front');
  const back = openClient(front.upstreams[0]?.listen ?? '', LANES);
  apps.push(await serveApp(front.target, async (request, response) => {
    const answer = await back.get(request.url ?? '/');
    response.writeHead(answer.status).end(answer.body);
  }));
  apps.push(await serveApp(mesh.workload('shop/back').target, async (request, response) => {
    await sleep(10);
    response.writeHead(request.url?.endsWith('7') === true ? 503 : 200).end('ok');
  }));
}, 120_000);

afterAll(async () => {
  await Promise.all(apps.map((app) => app.close()));
  await system.close();
  await relay.close();
}, 60_000);

/** Keeps traffic up until told to stop; counts what the client saw. */
function startTraffic(address: string): () => Promise<void> {
  const client = openClient(address, LANES);
  let going = true;
  const lane = async (): Promise<void> => {
    while (going) {
      const index = sent.requests;
      sent.requests += 1;
      const fails = index % 10 === 7;
      const status = await client.get(`/items/${index}`).then((answer) => answer.status, () => 0);
      if (fails) sent.failures += 1;
      if (status !== (fails ? 503 : 200)) sent.broken += 1;
      await sleep(20);
    }
  };
  const lanes = Promise.all(Array.from({ length: LANES }, lane));
  return async () => {
    going = false;
    await lanes;
    client.close();
  };
}

async function stored(): Promise<{ requests: number; app: number; mesh: number; client: number }> {
  const { workload } = await member.api.call('getWorkload', {
    params: { slug: member.slug, clusterId: mesh.clusterId, namespace: 'shop', kind: 'host', name: 'back' },
    query: { fromMs: startedMs - 10_000, toMs: Date.now() },
  });
  return { requests: workload.golden.requests, ...workload.golden.failures };
}

test('socket dropped, cloud killed, agent killed: nothing is lost, nothing counted twice, and the app notices nothing', async () => {
  startedMs = Date.now();
  const stop = startTraffic(mesh.workload('shop/front').plain ?? '');
  await until('traffic arrives', 30_000, async () => (await stored()).requests > 50);

  for (let drops = 0; drops < 3; drops += 1) {
    expect(relay.drop()).toBeGreaterThan(0);
    await until('the agent is back', 40_000, async () => (await member.api.call('getCluster', { params: { slug: member.slug, clusterId: mesh.clusterId } })).agent.connected && relay.open() > 0);
    await sleep(1_500);
  }

  system.cloud().signal('SIGKILL');
  await system.cloud().ended;
  await sleep(3_000);
  await system.restartCloud();
  await sleep(2_000);

  mesh.agent().signal('SIGKILL');
  await mesh.agent().ended;
  await sleep(3_000);
  await mesh.restartAgent();
  await sleep(2_000);

  // Both at once, the agent first to come back.
  system.cloud().signal('SIGKILL');
  mesh.agent().signal('SIGKILL');
  await Promise.all([system.cloud().ended, mesh.agent().ended]);
  await mesh.restartAgent();
  await system.restartCloud();
  await sleep(2_000);

  await stop();
  expect(sent.broken).toBe(0);
  const total = { requests: sent.requests, app: sent.failures, mesh: 0, client: 0 };
  await until('the totals arrive', 60_000, async () => (await stored()).requests >= sent.requests);
  // Whatever was still on its way must not be counted again.
  await sleep(5 * WINDOW_MS);
  expect(await stored()).toEqual(total);
  const series = await member.api.call('getSeries', {
    params: { slug: member.slug, clusterId: mesh.clusterId },
    query: { fromMs: startedMs - 10_000, toMs: Date.now(), subject: 'workload:shop/host/back' },
  });
  expect(series.total.requests).toBe(sent.requests);
}, 180_000);
