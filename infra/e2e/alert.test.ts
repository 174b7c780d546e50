/** A service breaks: the webhook comes within 30 s of the first failure, one incident opens, and resolves after the mend. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ReceivedEvent, type Receiver, openReceiver } from '../webhook-receiver.ts';
import { type App, openClient, serveApp } from './apps.ts';
import { type ConnectedMesh, type Member, type System, openSystem, until } from './harness.ts';

const WEBHOOK_MS_MAX = 30_000;
/** The rule's window; the incident resolves when it holds no failure any more. */
const RULE_WINDOW_S = 60;

let receiver: Receiver;
let system: System;
let member: Member;
let mesh: ConnectedMesh;
const apps: App[] = [];
const received: (ReceivedEvent & { readonly atMs: number })[] = [];
const refused: string[] = [];
let broken = false;
let firstFailureMs = 0;

beforeAll(async () => {
  receiver = await openReceiver(0, (event) => received.push({ ...event, atMs: performance.now() }), (reason) => refused.push(reason));
  system = await openSystem('alert', { outboundAllow: `127.0.0.1:${receiver.port}` });
  member = await system.join('alert');
  mesh = await system.connect(member, 'one', [
    { name: 'web', namespace: 'shop', protocol: 'http1', calls: ['shop/ledger'], plain: true },
    { name: 'ledger', namespace: 'shop', protocol: 'http1', calls: [], plain: false },
  ]);
  const web = mesh.workload('shop/web');
  const ledger = openClient(web.upstreams[0]?.listen ?? '', 16);
  apps.push(await serveApp(web.target, async (_, response) => {
    const answer = await ledger.get('/entries/1');
    response.writeHead(answer.status === 200 ? 200 : 502).end();
  }));
  apps.push(await serveApp(mesh.workload('shop/ledger').target, async (_, response) => {
    if (broken && firstFailureMs === 0) firstFailureMs = performance.now();
    response.writeHead(broken ? 500 : 200).end();
  }));
}, 120_000);

afterAll(async () => {
  await Promise.all(apps.map((app) => app.close()));
  await system.close();
  await receiver.close();
}, 60_000);

async function makeRule(): Promise<void> {
  const params = { slug: member.slug };
  const channel = await member.api.call('createChannel', { params, body: { kind: 'webhook', name: 'test', url: receiver.url } });
  receiver.setSecret(channel.secret);
  await member.api.call('createRule', {
    params,
    body: {
      name: 'Success of web', scope: { clusterId: null, namespace: null, workload: null, service: 'shop/web' },
      threshold: 0.95, windowSeconds: RULE_WINDOW_S, minRequests: 20, severity: 'critical', enabled: true, channelIds: [channel.id],
    },
  });
}

const ofKind = (type: string): typeof received => received.filter(({ event }) => event.type === type);

test('one incident, at the webhook within 30 s of the first failure, signed, saying where it starts; resolved after the mend', async () => {
  await makeRule();
  const client = openClient(mesh.workload('shop/web').plain ?? '', 8);
  let going = true;
  const traffic = (async () => {
    while (going) {
      void client.get('/').catch(() => undefined);
      await sleep(50);
    }
  })();
  try {
    await until('the rule sees traffic', 60_000, async () => (await member.api.call('listRules', { params: { slug: member.slug } })).rules[0]?.states.some((state) => state.state === 'ok'));
    broken = true;
    const opened = await until('the webhook', 60_000, async () => ofKind('incident.opened')[0]);
    expect(opened.atMs - firstFailureMs).toBeLessThanOrEqual(WEBHOOK_MS_MAX);
    if (opened.event.type !== 'incident.opened') throw new Error('narrowed above');
    const { incident } = opened.event.data;
    expect(incident).toMatchObject({ state: 'open', clusterName: 'one', ruleName: 'Success of web' });
    expect(incident.path.at(-1)?.workload).toBe('shop/host/ledger');
    expect(incident.sentence).toContain('ledger');
    // What failed stays in the rule's window for a minute and opens no second incident.
    broken = false;
    const resolved = await until('the resolve', (RULE_WINDOW_S + 45) * 1000, async () => ofKind('incident.resolved')[0]);
    if (resolved.event.type !== 'incident.resolved') throw new Error('narrowed above');
    expect(resolved.event.data.incident).toMatchObject({ id: incident.id, state: 'resolved' });
  } finally {
    going = false;
    await traffic;
    client.close();
  }
  const { incidents } = await member.api.call('listIncidents', { params: { slug: member.slug }, query: {} });
  expect(incidents.map((incident) => incident.state)).toEqual(['resolved']);
  expect(received.map(({ event }) => event.type)).toEqual(['incident.opened', 'incident.resolved']);
  expect(refused).toEqual([]);
}, 240_000);
