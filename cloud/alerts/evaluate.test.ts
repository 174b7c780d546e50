import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createChannel } from '../actions/channel/create.ts';
import { listIncidents } from '../actions/incident/list.ts';
import { createRule } from '../actions/rule/create.ts';
import { getRule } from '../actions/rule/get.ts';
import type { RuleInput } from '../wire/entities.ts';
import { Incident } from '../wire/entities.ts';
import { claimDueRules, EVALUATE_EVERY_MS, evaluationIntervalMs } from './due.ts';
import { UPDATES_MAX } from './incident.ts';
import { createWorld, EPOCH_MS, SECRET, WINDOW_MS } from './testing.ts';
import type { TestEdge, World } from './testing.ts';

const PAY = 'shop/host/payments';
const LEDGER = 'shop/host/ledger-db';
const ALL = { clusterId: null, namespace: null, workload: null, service: null };

let world: World;
beforeEach(async () => { world = await createWorld(); });
afterEach(() => world.drop());

function rule(more: Partial<RuleInput> = {}): RuleInput {
  return {
    name: 'payments', scope: { ...ALL, service: 'shop/payments' }, threshold: 0.95, windowSeconds: 60, minRequests: 20, severity: 'critical', enabled: true,
    channelIds: [], ...more,
  };
}

async function addRule(more: Partial<RuleInput> = {}): Promise<string> {
  return (await createRule(world.context(), { rule: rule(more), randomBytes })).id;
}

/** One window of the chain outside → payments → ledger-db. */
function chain(failures: number, requests = 100): TestEdge[] {
  return [
    { service: 'shop/payments', destination: PAY, requests, app: failures },
    { source: PAY, service: 'shop/ledger-db', destination: LEDGER, direction: 'outbound', requests, app: failures },
    { source: PAY, service: 'shop/ledger-db', destination: LEDGER, requests, app: failures },
  ];
}

/** Stores the next window, sets the clock 2 s after its end and evaluates all rules. */
async function step(edges: readonly TestEdge[] | null, clusterId = world.clusterId): Promise<void> {
  const startMs = Math.floor((world.nowMs - 2_000) / WINDOW_MS) * WINDOW_MS + (world.nowMs === EPOCH_MS ? WINDOW_MS : 0);
  if (edges !== null) await world.addWindow(startMs, edges, clusterId);
  world.nowMs = startMs + WINDOW_MS + 2_000;
  await makeAllDue();
  await world.worker().tick();
}

async function makeAllDue(): Promise<void> {
  await world.tenant.transaction((tx) => tx`update tenant.alert_rule set due_at = ${new Date(world.nowMs)} where org_id = ${world.orgId}`);
}

async function incidents(): Promise<Incident[]> {
  return listIncidents(world.context(), { limit: 200 });
}

test('a service that fails opens one incident with its why, and its mend resolves it', async () => {
  const id = await addRule();
  for (let n = 0; n < 5; n += 1) await step(chain(0));
  expect(await incidents()).toEqual([]);
  for (let n = 0; n < 4; n += 1) await step(chain(80));
  const [open, ...others] = await incidents();
  expect(others).toEqual([]);
  expect(open).toMatchObject({
    state: 'open', ruleId: id, clusterId: 'clu_eu-west', clusterName: 'eu-west', severity: 'critical', threshold: 0.95,
    path: [{ workload: PAY }, { workload: LEDGER, service: 'shop/ledger-db' }], events: [{ kind: 'opened' }],
  });
  expect(open?.sentence).toMatch(/^payments fails 13 % of requests in eu-west since 14:00 UTC, starting at ledger-db$/);
  expect(open?.worstSuccessRate).toBeCloseTo(1 - 320 / 600, 6);
  expect((await getRule(world.context(), { id })).states).toMatchObject([{ clusterName: 'eu-west', state: 'firing', requests: 600 }]);
  for (let n = 0; n < 7; n += 1) await step(chain(0));
  const [resolved, ...more] = await incidents();
  expect(more).toEqual([]);
  expect(resolved).toMatchObject({ state: 'resolved', id: open?.id, events: [{ kind: 'opened' }, { kind: 'resolved' }] });
  expect(resolved?.events[1]?.text).toMatch(/^payments is back: \d+(\.\d)? % of \d+ requests succeeded in the last minute$/);
  expect(Incident.parse(resolved)).toEqual(resolved);
  expect((await getRule(world.context(), { id })).states).toMatchObject([{ state: 'ok' }]);
});

test('evaluating the same windows again and again changes nothing', async () => {
  await addRule();
  await step(chain(50));
  const before = await incidents();
  for (let n = 0; n < 5; n += 1) {
    await makeAllDue();
    await world.worker().tick();
  }
  expect(await incidents()).toEqual(before);
  expect(before).toHaveLength(1);
});

test('too little traffic is no opinion, in both directions', async () => {
  const id = await addRule({ minRequests: 100 });
  await step(chain(50, 50));
  expect(await incidents()).toEqual([]);
  await step(chain(50, 50));
  expect(await incidents()).toHaveLength(1);
  for (let n = 0; n < 8; n += 1) await step(chain(0, 2));
  expect(await incidents()).toMatchObject([{ state: 'open' }]);
  expect((await getRule(world.context(), { id })).states).toMatchObject([{ state: 'firing' }]);
});

test('two windows without traffic are nodata, the incident stays open, and failing traffic after that is the same incident', async () => {
  const id = await addRule();
  await step(chain(50));
  const stateOf = async (): Promise<string | undefined> => (await getRule(world.context(), { id })).states[0]?.state;
  for (let n = 0; n < 11; n += 1) await step([]);
  expect(await stateOf()).toBe('firing');
  await step([]);
  expect(await stateOf()).toBe('nodata');
  expect(await incidents()).toMatchObject([{ state: 'open' }]);
  await step(chain(60));
  expect(await incidents()).toMatchObject([{ state: 'open', events: [{ kind: 'opened' }] }]);
});

test('an agent that falls silent is nodata as well, and a day of it ends the incident', async () => {
  const id = await addRule();
  await step(chain(50));
  world.nowMs += 130_000;
  await makeAllDue();
  await world.worker().tick();
  expect((await getRule(world.context(), { id })).states).toMatchObject([{ state: 'nodata', requests: 0, successRate: null }]);
  world.nowMs += 24 * 3_600_000;
  await makeAllDue();
  await world.worker().tick();
  expect(await incidents()).toMatchObject([{ state: 'resolved', events: [{}, { text: 'No traffic for 24 hours: what the rule watched is gone' }] }]);
});

test('each cluster has an incident of its own, and only in the scope', async () => {
  await world.addCluster('clu_us-east');
  await addRule();
  await addRule({ name: 'one cluster', scope: { ...ALL, service: 'shop/payments', clusterId: 'clu_us-east' } });
  await world.addWindow(EPOCH_MS + WINDOW_MS, chain(50), 'clu_us-east');
  await step(chain(50));
  const opened = await incidents();
  expect(opened.map((incident) => `${incident.ruleName} ${incident.clusterName}`).sort()).toEqual(['one cluster us-east', 'payments eu-west', 'payments us-east']);
});

test('an incident of a removed cluster resolves', async () => {
  await addRule();
  await step(chain(50));
  await world.tenant.transaction((tx) => tx`delete from tenant.cluster where org_id = ${world.orgId} and id = ${world.clusterId}`);
  await makeAllDue();
  await world.worker().tick();
  expect(await incidents()).toMatchObject([{ state: 'resolved', events: [{}, { text: 'The cluster is gone, or the rule no longer watches it' }] }]);
});

test('a path that leads elsewhere is an update, the same path is none, and updates are bounded', async () => {
  await addRule();
  await step(chain(90));
  await step(chain(90));
  expect(await incidents()).toMatchObject([{ events: [{ kind: 'opened' }] }]);
  const alone: TestEdge[] = [{ service: 'shop/payments', destination: PAY, requests: 2_000, app: 1_900 }];
  for (let n = 0; n < 2 * UPDATES_MAX + 4; n += 1) {
    world.nowMs += 6 * WINDOW_MS;
    await step(n % 2 === 0 ? alone : chain(90));
  }
  const [incident] = await incidents();
  expect(incident?.events.filter((event) => event.kind === 'updated')).toHaveLength(UPDATES_MAX);
  expect(incident?.events[1]?.text).toMatch(/, starting there$/);
  expect(incident?.path.at(-1)).toMatchObject({ workload: LEDGER });
});

test('evaluators in parallel never open two incidents and never lose a resolve', async () => {
  const channel = await createChannel(world.context(), { kind: 'webhook', name: 'hook', url: 'https://example.com/', randomBytes, secret: SECRET, outboundAllow: [] });
  for (let n = 0; n < 4; n += 1) await addRule({ name: `rule ${String(n)}`, channelIds: [channel.id] });
  const noSend = Object.assign(() => Promise.reject(new Error('no network in this test')), { guarded: true as const });
  const workers = [1, 2, 3].map(() => world.worker({ fetch: noSend }));
  const together = async (): Promise<void> => {
    for (let n = 0; n < 4; n += 1) {
      await Promise.all(workers.map(async (worker) => {
        await makeAllDue();
        await worker.tick();
      }));
    }
  };
  for (let round = 0; round < 3; round += 1) {
    world.nowMs += 7 * WINDOW_MS;
    await world.addWindow(world.nowMs - WINDOW_MS - 2_000, chain(80));
    await together();
    world.nowMs += 7 * WINDOW_MS;
    await world.addWindow(world.nowMs - WINDOW_MS - 2_000, chain(0));
    await together();
  }
  const all = await incidents();
  expect(all).toHaveLength(12);
  expect(all.every((incident) => incident.state === 'resolved' && incident.events.length === 2)).toBe(true);
  const [sent] = await world.tenant.transaction((tx) => tx<{ opened: number; resolved: number }[]>`
    select count(*) filter (where event = 'incident.opened') as opened, count(*) filter (where event = 'incident.resolved') as resolved
    from tenant.outbox where org_id = ${world.orgId}`);
  expect(sent).toEqual({ opened: 12, resolved: 12 });
  expect(workers.reduce((sum, worker) => sum + worker.counters.faults, 0)).toBe(0);
});

test('a claim makes a rule due again later, so a crash after it only delays', async () => {
  await addRule();
  expect(await claimDueRules(world.sql, world.nowMs, 10)).toHaveLength(1);
  expect(await claimDueRules(world.sql, world.nowMs + EVALUATE_EVERY_MS - 1, 10)).toHaveLength(0);
  expect(await claimDueRules(world.sql, world.nowMs + EVALUATE_EVERY_MS, 10)).toMatchObject([{ lateMs: 0 }]);
});

test('a poke makes short rules of that cluster due, and a long rule waits for its own time', async () => {
  await addRule({ name: 'short' });
  await addRule({ name: 'long', windowSeconds: 86_400 });
  await addRule({ name: 'elsewhere', scope: { ...ALL, clusterId: world.clusterId } });
  const worker = world.worker();
  await worker.tick();
  expect(worker.counters.evaluated).toBe(3);
  world.nowMs += 1_000;
  worker.poke(world.orgId, world.clusterId);
  await worker.tick();
  expect(worker.counters.evaluated).toBe(5);
  world.nowMs += 1_000;
  worker.poke(world.orgId, 'clu_other');
  await worker.tick();
  expect(worker.counters.evaluated).toBe(6);
  world.nowMs += EVALUATE_EVERY_MS;
  await worker.tick();
  expect(worker.counters.evaluated).toBe(8);
  expect(evaluationIntervalMs(86_400)).toBe(864_000);
});
