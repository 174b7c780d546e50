import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createChannel } from '../actions/channel/create.ts';
import { deleteChannel } from '../actions/channel/delete.ts';
import { listDeliveries } from '../actions/channel/deliveries.ts';
import { listChannels } from '../actions/channel/list.ts';
import { testChannel } from '../actions/channel/test.ts';
import { createRule } from '../actions/rule/create.ts';
import { deleteRule } from '../actions/rule/delete.ts';
import { WebhookEvent } from '../wire/webhook.ts';
import { claimDeliveries, LEASE_MS } from './outbox.ts';
import { createReceiver, createWorld, PUBLIC_URL, SECRET, WINDOW_MS } from './testing.ts';
import type { Received, Receiver, World } from './testing.ts';
import type { AlertWorker } from './worker.ts';

let world: World;
let receiver: Receiver;
let worker: AlertWorker;
let secret = '';
let channelId = '';

beforeEach(async () => {
  [world, receiver] = await Promise.all([createWorld(), createReceiver()]);
  worker = world.worker({ outboundAllow: [receiver.host], random: () => 0.5 });
  const channel = await createChannel(world.context(), { kind: 'webhook', name: 'hook', url: receiver.url, randomBytes, secret: SECRET, outboundAllow: [receiver.host] });
  [channelId, secret] = [channel.id, channel.secret];
});
afterEach(async () => {
  await world.drop();
  await receiver.close();
});

/** Opens an incident through a rule and one failing window; answers the rule's id. */
async function breakService(): Promise<string> {
  const rule = await createRule(world.context(), {
    randomBytes,
    rule: {
      name: 'payments', scope: { clusterId: null, namespace: null, workload: null, service: 'shop/payments' }, threshold: 0.99, windowSeconds: 60,
      minRequests: 1, severity: 'critical', enabled: true, channelIds: [channelId],
    },
  });
  await world.addWindow(world.nowMs - WINDOW_MS, [{ service: 'shop/payments', destination: 'shop/host/payments', requests: 100, app: 60 }]);
  return rule.id;
}

function endRule(id: string): Promise<void> {
  return deleteRule(world.context(), { id, publicUrl: PUBLIC_URL, randomBytes });
}

function deliveries() {
  return listDeliveries(world.context(), { id: channelId });
}

function verified({ body, headers }: Received): WebhookEvent {
  return WebhookEvent.parse(new Webhook(secret).verify(body, {
    'webhook-id': String(headers['webhook-id']), 'webhook-timestamp': String(headers['webhook-timestamp']), 'webhook-signature': String(headers['webhook-signature']),
  }));
}

test('opened and resolved arrive signed, in order, once, with the incident and a link to it', async () => {
  world.nowMs = Date.now() - (Date.now() % WINDOW_MS);
  await world.ensurePartitions(world.nowMs);
  const ruleId = await breakService();
  await worker.tick();
  await endRule(ruleId);
  await worker.tick();
  const events = receiver.received.map(verified);
  expect(events.map((event) => event.type)).toEqual(['incident.opened', 'incident.resolved']);
  expect(events[0]?.data).toMatchObject({ org: 'acme', incident: { ruleName: 'payments', state: 'open', successRate: 0.4 } });
  expect(events[1]?.data).toMatchObject({ incident: { state: 'resolved', events: [{ kind: 'opened' }, { kind: 'resolved', text: 'The rule was deleted' }] } });
  const [opened] = events;
  if (opened?.type !== 'incident.opened') throw new Error('the first event is the opening');
  expect(opened.data.url).toBe(`${PUBLIC_URL}/o/acme/incidents/${opened.data.incident.id}`);
  expect(receiver.received[0]?.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'Sidelight-Webhook/1' });
  expect(new Set(receiver.received.map((request) => request.headers['webhook-id'])).size).toBe(2);
  expect(await deliveries()).toMatchObject([{ state: 'delivered', attempts: 1, lastError: null }, { state: 'delivered', attempts: 1, nextAttemptAt: null }]);
});

test.each([
  ['500', 500, {}, /the receiver answered 500: out of order/, 5_000],
  ['429 with Retry-After', 429, { 'retry-after': '60' }, /answered 429/, 60_000],
  ['a redirect', 302, { location: 'http://127.0.0.1:1/' }, /answered 302: redirects are not followed/, 5_000],
  ['404', 404, {}, /answered 404/, 5_000],
] as const)('after %s it is sent again later under the same id', async (_name, status, headers, error, waitMs) => {
  receiver.answer = (_request, response, index) => {
    if (index === 0) response.writeHead(status, headers).end('out of\n\u0000order');
    else response.writeHead(200).end('ok');
  };
  await breakService();
  await worker.tick();
  expect(await deliveries()).toMatchObject([{ state: 'pending', attempts: 1, lastError: expect.stringMatching(error) }]);
  await worker.tick();
  expect(receiver.received).toHaveLength(1);
  world.nowMs += waitMs - 1;
  await worker.tick();
  expect(receiver.received).toHaveLength(1);
  world.nowMs += 1;
  await worker.tick();
  expect(receiver.received).toHaveLength(2);
  expect(receiver.received[1]?.headers['webhook-id']).toBe(receiver.received[0]?.headers['webhook-id']);
  expect(receiver.received[1]?.body).toBe(receiver.received[0]?.body);
  expect(await deliveries()).toMatchObject([{ state: 'delivered', attempts: 2, lastError: null }]);
});

test('a receiver that hangs, one that hangs in its answer, and one that sends without end are cut off', async () => {
  const hangs: Receiver['answer'][] = [
    () => undefined,
    (_request, response) => { response.writeHead(500).write('half'); },
    (_request, response) => {
      response.writeHead(500);
      const flood = (): void => { while (!response.destroyed && response.write('x'.repeat(65_536))); };
      response.on('drain', flood);
      flood();
    },
  ];
  receiver.answer = (request, response, index) => hangs[index]?.(request, response, index);
  const hasty = world.worker({ outboundAllow: [receiver.host], sendTimeoutMs: 1_000 });
  await breakService();
  const errors: (string | null | undefined)[] = [];
  for (let attempt = 0; attempt < hangs.length; attempt += 1) {
    await hasty.tick();
    const [delivery] = await deliveries();
    errors.push(delivery?.lastError);
    world.nowMs = Date.parse(delivery?.nextAttemptAt ?? '') + 1;
  }
  expect(errors[0]).toBe('the receiver gave no whole answer within 1 s');
  expect(errors[1]).toBe('the receiver gave no whole answer within 1 s');
  expect(errors[2]).toMatch(/^the receiver answered 500: x{200}$/);
});

test('a receiver that refuses connections is tried ten times over 75 hours, then given up', async () => {
  await receiver.close();
  await breakService();
  const beganMs = world.nowMs;
  let attempts = 0;
  for (; attempts < 20; attempts += 1) {
    await worker.tick();
    const [delivery] = await deliveries();
    if (delivery?.state === 'failed') break;
    world.nowMs = Date.parse(delivery?.nextAttemptAt ?? '');
  }
  expect(attempts).toBe(9);
  expect((world.nowMs - beganMs) / 3_600_000).toBeCloseTo(75.6, 1);
  expect(await deliveries()).toMatchObject([{ state: 'failed', attempts: 10, lastError: expect.stringMatching(/could not be reached: connect ECONNREFUSED/) }]);
  receiver = await createReceiver();
});

test('a resolve waits for its opening, and goes at once when that is delivered', async () => {
  receiver.answer = (_request, response, index) => { response.writeHead(index < 2 ? 503 : 204).end(); };
  const ruleId = await breakService();
  await worker.tick();
  await endRule(ruleId);
  world.nowMs += 1_000;
  await worker.tick();
  expect(receiver.received).toHaveLength(1);
  expect(worker.counters.deferred).toBe(1);
  world.nowMs += 4_000;
  await worker.tick();
  expect(receiver.received).toHaveLength(2);
  world.nowMs += 300_000;
  await worker.tick();
  const types = receiver.received.map((request) => (JSON.parse(request.body) as WebhookEvent).type);
  expect(types).toEqual(['incident.opened', 'incident.opened', 'incident.opened', 'incident.resolved']);
});

test('a resolve goes when its opening is given up', async () => {
  let up = false;
  receiver.answer = (_request, response) => { response.writeHead(up ? 204 : 500).end(); };
  const ruleId = await breakService();
  await worker.tick();
  await endRule(ruleId);
  for (let attempt = 0; attempt < 12; attempt += 1) {
    const opening = (await deliveries()).find((delivery) => delivery.event === 'incident.opened');
    if (opening?.state === 'failed') break;
    world.nowMs = Date.parse(opening?.nextAttemptAt ?? '');
    await worker.tick();
  }
  expect((await deliveries()).map((delivery) => `${delivery.event} ${delivery.state}`).sort()).toEqual(['incident.opened failed', 'incident.resolved pending']);
  up = true;
  world.nowMs += 10_000;
  await worker.tick();
  expect((await deliveries()).map((delivery) => `${delivery.event} ${delivery.state}`).sort()).toEqual(['incident.opened failed', 'incident.resolved delivered']);
});

test('410 Gone switches the channel off until a test is delivered', async () => {
  receiver.answer = (_request, response) => { response.writeHead(410).end(); };
  const ruleId = await breakService();
  await worker.tick();
  expect(await deliveries()).toMatchObject([{ state: 'failed', lastError: expect.stringMatching(/410 Gone; the channel is off/) }]);
  expect(await listChannels(world.context())).toMatchObject([{ id: channelId, disabledAt: new Date(world.nowMs).toISOString() }]);
  await endRule(ruleId);
  await worker.tick();
  expect(receiver.received).toHaveLength(1);
  receiver.answer = (_request, response) => { response.writeHead(204).end(); };
  world.nowMs += 1;
  await testChannel(world.context(), { id: channelId, randomBytes });
  await worker.tick();
  expect((await deliveries())[0]).toMatchObject({ event: 'channel.test', state: 'delivered' });
  expect(await listChannels(world.context())).toMatchObject([{ disabledAt: null }]);
});

test('a test is sent once and its failure is told', async () => {
  receiver.answer = (_request, response) => { response.writeHead(500).end('no'); };
  expect(await testChannel(world.context(), { id: channelId, randomBytes })).toMatchObject({ state: 'pending', event: 'channel.test', attempts: 0 });
  await worker.tick();
  expect(await deliveries()).toMatchObject([{ state: 'failed', attempts: 1, nextAttemptAt: null, lastError: 'the receiver answered 500: no' }]);
});

test('an address that is not allowed any more gets nothing', async () => {
  const strict = world.worker({ outboundAllow: [] });
  await testChannel(world.context(), { id: channelId, randomBytes });
  await strict.tick();
  expect(receiver.received).toHaveLength(0);
  expect(await deliveries()).toMatchObject([{ state: 'failed', lastError: '127.0.0.1 is a loopback address; webhooks go to the public internet only' }]);
});

test('a changed server secret is told as such and sends nothing', async () => {
  await testChannel(world.context(), { id: channelId, randomBytes });
  await world.worker({ outboundAllow: [receiver.host], secret: 'another secret of the server' }).tick();
  expect(receiver.received).toHaveLength(0);
  expect(await deliveries()).toMatchObject([{ state: 'failed', lastError: expect.stringMatching(/does not open with this SIDELIGHT_SECRET/) }]);
});

test('a claim that ran out is taken by another sender, under the same id', async () => {
  await breakService();
  await world.worker({ fetch: Object.assign(() => Promise.reject(new Error('unused')), { guarded: true as const }), outboundAllow: [receiver.host] }).stop();
  const limits = { claimsMax: 10, perOrgMax: 10, underWay: new Map() };
  await testChannel(world.context(), { id: channelId, randomBytes });
  expect(await claimDeliveries(world.sql, world.nowMs, limits)).toHaveLength(1);
  expect(await claimDeliveries(world.sql, world.nowMs + LEASE_MS, limits)).toHaveLength(0);
  expect(await claimDeliveries(world.sql, world.nowMs + LEASE_MS + 1, limits)).toHaveLength(1);
});

test('an organization has at most its share under way, and others go on beside it', async () => {
  for (let n = 0; n < 6; n += 1) await testChannel(world.context(), { id: channelId, randomBytes });
  const other = await world.addOrg('other');
  const theirs = await createChannel(other, { kind: 'webhook', name: 'hook', url: receiver.url, randomBytes, secret: SECRET, outboundAllow: [receiver.host] });
  await testChannel(other, { id: theirs.id, randomBytes });
  const first = await claimDeliveries(world.sql, world.nowMs, { claimsMax: 16, perOrgMax: 4, underWay: new Map() });
  expect(first.map((claim) => claim.orgId).sort()).toEqual(['org_other', world.orgId, world.orgId, world.orgId, world.orgId]);
  const second = await claimDeliveries(world.sql, world.nowMs, { claimsMax: 16, perOrgMax: 4, underWay: new Map([[world.orgId, 3]]) });
  expect(second).toHaveLength(1);
  expect(await claimDeliveries(world.sql, world.nowMs, { claimsMax: 16, perOrgMax: 4, underWay: new Map([[world.orgId, 4]]) })).toHaveLength(0);
});

test('senders in parallel send each delivery once', async () => {
  for (let n = 0; n < 6; n += 1) await testChannel(world.context(), { id: channelId, randomBytes });
  const workers = [worker, world.worker({ outboundAllow: [receiver.host] }), world.worker({ outboundAllow: [receiver.host] })];
  await Promise.all(workers.map((each) => each.tick()));
  expect(receiver.received).toHaveLength(6);
  expect(new Set(receiver.received.map((request) => request.headers['webhook-id'])).size).toBe(6);
});

test('a stop breaks off a hanging send, and the next worker sends it at once', async () => {
  let reached = (): void => undefined;
  const arrived = new Promise<void>((done) => { reached = done; });
  receiver.answer = () => reached();
  const slow = world.worker({ outboundAllow: [receiver.host], sendTimeoutMs: 20_000 });
  await testChannel(world.context(), { id: channelId, randomBytes });
  const ticking = slow.tick();
  await arrived;
  await slow.stop();
  await ticking;
  expect(slow.counters.interrupted).toBeGreaterThanOrEqual(1);
  receiver.answer = (_request, response) => { response.writeHead(204).end(); };
  await worker.tick();
  expect(receiver.received.map((request) => request.headers['webhook-id'])).toEqual([receiver.received[0]?.headers['webhook-id'], receiver.received[0]?.headers['webhook-id']]);
  expect(await deliveries()).toMatchObject([{ state: 'delivered', attempts: 1 }]);
});

test('deliveries that are done are dropped after 35 days, but not those of an open incident', async () => {
  await testChannel(world.context(), { id: channelId, randomBytes });
  const ruleId = await breakService();
  await worker.tick();
  expect(await deliveries()).toHaveLength(2);
  world.nowMs += 36 * 86_400_000;
  await world.tenant.transaction((tx) => tx`update tenant.alert_rule set due_at = ${new Date(world.nowMs + 86_400_000)} where org_id = ${world.orgId}`);
  await testChannel(world.context(), { id: channelId, randomBytes });
  await worker.tick();
  expect((await deliveries()).map((delivery) => delivery.event)).toEqual(['channel.test', 'incident.opened']);
  await endRule(ruleId);
  await worker.tick();
  expect((await deliveries()).map((delivery) => delivery.event).sort()).toEqual(['channel.test', 'incident.resolved']);
});

test('what waits for a removed channel is dropped', async () => {
  await testChannel(world.context(), { id: channelId, randomBytes });
  await deleteChannel(world.context(), { id: channelId });
  await worker.tick();
  expect(receiver.received).toHaveLength(0);
  expect(worker.counters).toMatchObject({ delivered: 0, faults: 0 });
});
