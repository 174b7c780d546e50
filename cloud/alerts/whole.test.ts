import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import { parseConfig } from '../config.ts';
import { testDatabase } from '../db/testing.ts';
import { silentLog } from '../log.ts';
import { startCloud } from '../platform-node/cloud.ts';
import type { RunningCloud } from '../platform-node/cloud.ts';
import { connectAgent, eventually, makeCluster, signUpWithOrg, TEST_SECRET, testFrame, testHello, testWindow } from '../testing.ts';
import type { ChannelOnce, Incident } from '../wire/entities.ts';
import { WebhookEvent } from '../wire/webhook.ts';
import { createReceiver } from './testing.ts';
import type { Receiver } from './testing.ts';

let cloud: RunningCloud;
let receiver: Receiver;
let drop: () => Promise<void>;

beforeAll(async () => {
  const database = await testDatabase();
  drop = () => database.drop();
  receiver = await createReceiver();
  const parsed = parseConfig({ PORT: '0', DATABASE_URL: database.serverUrl, SIDELIGHT_SECRET: TEST_SECRET, OUTBOUND_ALLOW: receiver.host });
  if (parsed.kind === 'faults') throw new Error(JSON.stringify(parsed.faults));
  cloud = await startCloud({ config: parsed.config, consoleDir: '/nonexistent', log: silentLog, now: Date.now });
});
afterAll(async () => {
  await cloud.stop();
  await receiver.close();
  await drop();
});

test('frames of an agent in, signed webhooks out: a break and its mend are told at once, and the incident says why', async () => {
  const person = await signUpWithOrg(cloud.url, 'shop');
  const { id: clusterId, token } = await makeCluster(person, 'shop');
  const channel = await person.call('POST', '/api/v1/orgs/shop/channels', { kind: 'webhook', name: 'hook', url: receiver.url });
  expect(channel.status).toBe(201);
  const { id: channelId, secret } = channel.body as z.infer<typeof ChannelOnce>;
  const scope = { clusterId: null, namespace: null, workload: null, service: 'shop/cart' };
  const rule = await person.call('POST', '/api/v1/orgs/shop/rules', {
    name: 'cart', scope, threshold: 0.9, windowSeconds: 60, minRequests: 20, severity: 'critical', enabled: true, channelIds: [channelId],
  });
  expect(rule.status).toBe(201);

  const agent = await connectAgent(cloud.url, token);
  await agent.ask(testHello());
  const startMs = Math.floor(Date.now() / 10_000) * 10_000 - 100_000;
  const rows = (requests: number, failuresApp: number) => [
    { direction: 'outbound' as const, requests, failuresApp },
    { requests, failuresApp },
    { direction: 'outbound' as const, source: 'shop/deployment/cart', service: 'shop/stock', destination: 'shop/deployment/stock', requests, failuresApp },
  ];
  await agent.ask(testFrame(1, [testWindow(startMs, rows(100, 0))]));
  const brokenMs = performance.now();
  await agent.ask(testFrame(2, [testWindow(startMs + 10_000, rows(100, 40))]));
  await eventually(async () => { expect(receiver.received).toHaveLength(1); });
  // From the commit of the failing window to the webhook: the rest of the 30 s bar is the window and its sealing.
  expect(performance.now() - brokenMs).toBeLessThan(8_000);
  await agent.ask(testFrame(3, [testWindow(startMs + 80_000, rows(100, 0))]));
  await eventually(async () => { expect(receiver.received).toHaveLength(2); });
  agent.cut();

  const verifier = new Webhook(secret);
  const events = receiver.received.map(({ body, headers }) => WebhookEvent.parse(verifier.verify(body, Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])))));
  expect(events.map((event) => event.type)).toEqual(['incident.opened', 'incident.resolved']);
  const incidents = await person.call('GET', '/api/v1/orgs/shop/incidents');
  const [incident, ...more] = (incidents.body as { incidents: z.infer<typeof Incident>[] }).incidents;
  expect(more).toEqual([]);
  expect(incident).toMatchObject({
    clusterId, state: 'resolved', path: [{ workload: 'shop/deployment/cart' }, { workload: 'shop/deployment/stock' }], events: [{ kind: 'opened' }, { kind: 'resolved' }],
  });
  expect(incident?.sentence).toMatch(/^cart fails 20 % of requests in eu-west since .*UTC, starting at stock$/);
  expect(events[1]).toMatchObject({ data: { org: 'shop', url: `${cloud.url}/o/shop/incidents/${incident?.id ?? ''}` } });
  const deliveries = await person.call('GET', `/api/v1/orgs/shop/channels/${channelId}/deliveries`);
  expect(deliveries.body).toMatchObject({ deliveries: [{ state: 'delivered', event: 'incident.resolved' }, { state: 'delivered', event: 'incident.opened' }] });
});
