import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createChannel } from '../actions/channel/create.ts';
import { listIncidents } from '../actions/incident/list.ts';
import { createRule } from '../actions/rule/create.ts';
import { deleteRule } from '../actions/rule/delete.ts';
import type { Sql } from '../db/client.ts';
import { pinnedFetch } from '../platform-node/pinned-fetch.ts';
import type { WebhookEvent } from '../wire/webhook.ts';
import type { GuardedFetch } from './deliver.ts';
import { parseOutboundAllow } from './outbound.ts';
import { LEASE_MS } from './outbox.ts';
import { createReceiver, createWorld, PUBLIC_URL, SECRET, seeded, WINDOW_MS } from './testing.ts';
import type { Receiver, World } from './testing.ts';
import type { AlertWorker } from './worker.ts';

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

/** A process that dies at its n-th step outwards, and takes no step after that. */
interface Life {
  stepsLeft: number;
  dead: boolean;
  readonly step: () => void;
}

function lifeOf(steps: number): Life {
  const life: Life = {
    stepsLeft: steps, dead: false,
    step: () => {
      if (life.stepsLeft <= 0) life.dead = true;
      if (life.dead) throw new Error('the process has died');
      life.stepsLeft -= 1;
    },
  };
  return life;
}

/** Steps: begin, each statement (death rolls back, as a lost connection does), and the moment after the commit. */
function mortalSql(sql: Sql, life: Life): Sql {
  const begin = async (...args: unknown[]): Promise<unknown> => {
    life.step();
    const work = args.at(-1) as (tx: object) => Promise<unknown>;
    const result: unknown = await Reflect.apply(sql.begin, sql, [...args.slice(0, -1), (tx: object) => work(mortalTransaction(tx, life))]);
    life.step();
    return result;
  };
  return new Proxy(sql, { get: (target, key) => (key === 'begin' ? begin : Reflect.get(target, key)) });
}

function mortalTransaction(tx: object, life: Life): object {
  return new Proxy(tx, {
    apply: (target, self, args) => {
      life.step();
      return Reflect.apply(target as (...all: unknown[]) => unknown, self, args) as unknown;
    },
  });
}

/** Steps: before the request leaves, and after its answer came. */
function mortalFetch(life: Life): GuardedFetch {
  const fetch = pinnedFetch(parseOutboundAllow(receiver.host).allow);
  const mortal = async (...args: Parameters<GuardedFetch>): Promise<Response> => {
    life.step();
    const response = await fetch(...args);
    life.step();
    return response;
  };
  return Object.assign(mortal, { guarded: true as const });
}

function mortalWorker(life: Life): AlertWorker {
  return world.worker({ sql: mortalSql(world.sql, life), fetch: mortalFetch(life), outboundAllow: [receiver.host], sendTimeoutMs: 1_000, random: Math.random });
}

async function addRule(service: string): Promise<string> {
  const rule = await createRule(world.context(), {
    randomBytes,
    rule: {
      name: service, scope: { clusterId: null, namespace: null, workload: null, service }, threshold: 0.99, windowSeconds: 60, minRequests: 1,
      severity: 'warning', enabled: true, channelIds: [channelId],
    },
  });
  return rule.id;
}

/** A minute later: a window in which the services fail or not is stored and announced. */
async function minute(worker: AlertWorker, services: readonly string[], app: number): Promise<void> {
  world.nowMs += 70_000;
  await world.addWindow(world.nowMs - 2_000 - WINDOW_MS, services.map((service) => ({ service, destination: `${service.replace('/', '/host/')}`, requests: 100, app })));
  worker.poke(world.orgId, world.clusterId);
  await worker.tick();
}

function arrived(incidentId: string): { type: string; id: string }[] {
  return receiver.received
    .map((request) => ({ event: JSON.parse(request.body) as WebhookEvent, id: String(request.headers['webhook-id']) }))
    .flatMap(({ event, id }) => (event.type !== 'channel.test' && event.data.incident.id === incidentId ? [{ type: event.type, id }] : []));
}

/** An opening once or again, then a resolve once or again, each under one id, never mixed. */
function expectOrderly(incidentId: string): void {
  const events = arrived(incidentId);
  expect(events.map((event) => event.type).join(' ')).toMatch(/^incident\.opened( incident\.opened)*( incident\.resolved)+$/);
  expect(new Set(events.map((event) => event.id)).size).toBe(2);
}

test('wherever evaluator or sender dies, there is one incident, and opened and resolved arrive in order under their own ids', { timeout: 240_000 }, async () => {
  let deaths = 0;
  let repeats = 0;
  for (let steps = 0; ; steps += 1) {
    const service = `shop/s${String(steps)}`;
    const ruleId = await addRule(service);
    const life = lifeOf(steps);
    let worker = mortalWorker(life);
    for (const app of [0, 50, 0]) {
      await minute(worker, [service], app);
      if (!life.dead || worker.counters.faults + worker.counters.evaluationFaults === 0) continue;
      world.nowMs += LEASE_MS + 1_000;
      worker = mortalWorker(lifeOf(Infinity));
      await worker.tick();
    }
    const incidents = (await listIncidents(world.context(), { limit: 200 })).filter((incident) => incident.ruleId === ruleId);
    expect(incidents, `death at step ${String(steps)}`).toHaveLength(1);
    for (const incident of incidents) {
      expect(incident.state).toBe('resolved');
      expect(incident.events.map((event) => event.kind)).toEqual(['opened', 'resolved']);
      expectOrderly(incident.id);
      repeats += arrived(incident.id).length - 2;
    }
    await deleteRule(world.context(), { id: ruleId, publicUrl: PUBLIC_URL, randomBytes });
    if (!life.dead) break;
    deaths += 1;
  }
  // The steps of one history: fewer would mean that deaths are not injected where they can happen.
  expect(deaths).toBeGreaterThan(60);
  // After the answer and before the mark is recorded there is no way but to send again.
  expect(repeats).toBeGreaterThanOrEqual(2);
});

test.each([1, 2, 3])('with receivers that fail at random and two workers that die at random every incident is told in order (seed %i)', { timeout: 120_000 }, async (seed) => {
  const random = seeded(seed);
  // A stream of its own, so that the history is the same however the others interleave.
  const history = seeded(seed + 1_000);
  let calm = false;
  receiver.answer = (request, response) => {
    const dice = calm ? 1 : random();
    if (dice < 0.15) response.writeHead(429, { 'retry-after': '2' }).end();
    else if (dice < 0.3) response.writeHead(500).end();
    else if (dice < 0.4) request.socket.destroy();
    else if (dice >= 0.43 || calm) response.writeHead(204).end();
    // Else it hangs until the sender's time is up.
  };
  const services = ['shop/a', 'shop/b', 'shop/c'];
  for (const service of services) await addRule(service);
  const newLife = (): Life => lifeOf(30 + Math.floor(random() * 150));
  const lives = [newLife(), newLife()];
  const workers = lives.map(mortalWorker);
  for (let round = 0; round < 20; round += 1) {
    world.nowMs += 70_000;
    await world.addWindow(world.nowMs - 2_000 - WINDOW_MS, services.map((service) => ({ service, destination: service, requests: 100, app: history() < 0.5 ? 50 : 0 })));
    await Promise.all(workers.map((worker) => {
      worker.poke(world.orgId, world.clusterId);
      return worker.tick();
    }));
    for (const [index, life] of lives.entries()) {
      if (!life.dead) continue;
      lives[index] = newLife();
      workers[index] = mortalWorker(lives[index]);
    }
  }
  calm = true;
  const last = mortalWorker(lifeOf(Infinity));
  await minute(last, services, 0);
  for (let again = 0; again < 12; again += 1) {
    world.nowMs += 24 * 3_600_000;
    await last.tick();
  }
  const incidents = await listIncidents(world.context(), { limit: 200 });
  expect(incidents.length).toBeGreaterThanOrEqual(3);
  for (const incident of incidents) {
    expect(incident.state).toBe('resolved');
    expectOrderly(incident.id);
  }
  for (const service of services) expectNoOverlap(incidents.filter((incident) => incident.ruleName === service));
  expect(last.counters.faults).toBe(0);
});

function expectNoOverlap(incidents: readonly { openedAt: string; resolvedAt: string | null }[]): void {
  const ordered = incidents.toSorted((a, b) => a.openedAt.localeCompare(b.openedAt));
  for (const [index, incident] of ordered.entries()) {
    const before = ordered[index - 1];
    if (before !== undefined) expect(before.resolvedAt !== null && before.resolvedAt <= incident.openedAt).toBe(true);
  }
}
