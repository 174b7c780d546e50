import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createChannel } from '../actions/channel/create.ts';
import { testChannel } from '../actions/channel/test.ts';
import { createRule } from '../actions/rule/create.ts';
import type { Sql } from '../db/client.ts';
import type { WebhookEvent } from '../wire/webhook.ts';
import { EVALUATE_EVERY_MS } from './due.ts';
import { createReceiver, createWorld, SECRET, WINDOW_MS } from './testing.ts';
import type { Receiver, World } from './testing.ts';

let world: World;
let receiver: Receiver;
let channelId = '';

beforeEach(async () => {
  [world, receiver] = await Promise.all([createWorld(), createReceiver()]);
  const channel = await createChannel(world.context(), { kind: 'webhook', name: 'hook', url: receiver.url, randomBytes, secret: SECRET, outboundAllow: [receiver.host] });
  channelId = channel.id;
});
afterEach(async () => {
  await world.drop();
  await receiver.close();
});

async function addRule(): Promise<void> {
  await createRule(world.context(), {
    randomBytes,
    rule: {
      name: 'all', scope: { clusterId: null, namespace: null, workload: null, service: null }, threshold: 0.99, windowSeconds: 60, minRequests: 1,
      severity: 'critical', enabled: true, channelIds: [channelId],
    },
  });
}

function failing(): Promise<void> {
  return world.addWindow(world.nowMs - WINDOW_MS, [{ service: 'shop/web', destination: 'shop/host/web', requests: 100, app: 60 }]);
}

function types(): string[] {
  return receiver.received.map((request) => (JSON.parse(request.body) as WebhookEvent).type);
}

test('started, it delivers within moments of the poke that follows the data', async () => {
  await addRule();
  const worker = world.worker({ outboundAllow: [receiver.host] });
  worker.start();
  worker.start();
  await vi.waitFor(() => expect(worker.counters.evaluated).toBe(1), { timeout: 10_000 });
  world.nowMs += 1_000;
  await failing();
  const beganMs = performance.now();
  worker.poke(world.orgId, world.clusterId);
  await vi.waitFor(() => expect(types()).toEqual(['incident.opened']), { timeout: 10_000, interval: 5 });
  // The bar from failure to webhook is 30 s, of which the window and its sealing take 12.
  expect(performance.now() - beganMs).toBeLessThan(5_000);
  await worker.stop();
});

test('without a poke it finds what is due by itself', async () => {
  await addRule();
  await failing();
  const worker = world.worker({ outboundAllow: [receiver.host] });
  worker.start();
  await vi.waitFor(() => expect(types()).toEqual(['incident.opened']), { timeout: 10_000 });
  await worker.stop();
});

test('a stopped worker does nothing more', async () => {
  const worker = world.worker({ outboundAllow: [receiver.host] });
  worker.start();
  await worker.stop();
  await testChannel(world.context(), { id: channelId, randomBytes });
  worker.poke(world.orgId, world.clusterId);
  await worker.tick();
  expect(receiver.received).toHaveLength(0);
});

test('while the database is away it goes on trying, and then catches up without loss or repeat', async () => {
  let down = false;
  const begin = (...args: unknown[]): unknown => (down ? Promise.reject(new Error('connect ECONNREFUSED')) : Reflect.apply(world.sql.begin, world.sql, args));
  const sql: Sql = new Proxy(world.sql, { get: (target, key) => (key === 'begin' ? begin : Reflect.get(target, key)) });
  const worker = world.worker({ sql, outboundAllow: [receiver.host] });
  await addRule();
  await failing();
  down = true;
  worker.poke(world.orgId, world.clusterId);
  await worker.tick();
  await worker.tick();
  expect(worker.counters).toMatchObject({ evaluated: 0, delivered: 0 });
  expect(worker.counters.faults).toBeGreaterThanOrEqual(4);
  down = false;
  await worker.tick();
  expect(types()).toEqual(['incident.opened']);
  expect(worker.counters).toMatchObject({ opened: 1, delivered: 1 });
});

test('a transaction that never ends holds the worker for its limit only', async () => {
  let lost = true;
  const begin = (...args: unknown[]): unknown => (lost ? new Promise(() => undefined) : Reflect.apply(world.sql.begin, world.sql, args));
  const sql: Sql = new Proxy(world.sql, { get: (target, key) => (key === 'begin' ? begin : Reflect.get(target, key)) });
  const worker = world.worker({ sql, outboundAllow: [receiver.host], stuckMs: 300 });
  await addRule();
  await failing();
  await worker.tick();
  expect(worker.counters).toMatchObject({ evaluated: 0, faults: 2 });
  lost = false;
  await vi.waitFor(async () => {
    world.nowMs += EVALUATE_EVERY_MS;
    await worker.tick();
    expect(types()).toEqual(['incident.opened']);
  }, { timeout: 10_000 });
});

test('connections that Postgres itself cuts are faults, and the next tick works', async () => {
  await addRule();
  await failing();
  const worker = world.worker({ outboundAllow: [receiver.host] });
  await worker.tick();
  await world.sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`;
  await vi.waitFor(() => testChannel(world.context(), { id: channelId, randomBytes }), { timeout: 10_000 });
  await vi.waitFor(async () => {
    await worker.tick();
    expect(types()).toContain('channel.test');
  }, { timeout: 10_000 });
});

test('a receiver that hangs holds up neither the evaluation nor another organization', async () => {
  receiver.answer = () => undefined;
  for (let n = 0; n < 6; n += 1) await testChannel(world.context(), { id: channelId, randomBytes });
  const swift = await createReceiver();
  const other = await world.addOrg('other');
  const theirs = await createChannel(other, { kind: 'webhook', name: 'hook', url: swift.url, randomBytes, secret: SECRET, outboundAllow: [swift.host] });
  const worker = world.worker({ outboundAllow: [receiver.host, swift.host], sendTimeoutMs: 20_000 });
  worker.start();
  await vi.waitFor(() => expect(receiver.received).toHaveLength(4), { timeout: 10_000 });
  await testChannel(other, { id: theirs.id, randomBytes });
  await addRule();
  await vi.waitFor(() => {
    expect(swift.received).toHaveLength(1);
    expect(worker.counters.evaluated).toBeGreaterThan(0);
  }, { timeout: 10_000 });
  expect(receiver.received).toHaveLength(4);
  await worker.stop();
  await swift.close();
});

test('announcements beyond the bound are dropped and counted, not kept', () => {
  const worker = world.worker();
  for (let n = 0; n < 10_005; n += 1) worker.poke(world.orgId, `clu_${String(n)}`);
  worker.poke(world.orgId, 'clu_1');
  expect(worker.counters.pokesDropped).toBe(5);
});

test('a short server secret is refused at the start', () => {
  expect(() => world.worker({ secret: 'short' })).toThrow(/SIDELIGHT_SECRET/);
});
