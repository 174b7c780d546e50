import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CHANNELS_MAX, createChannel } from '../actions/channel/create.ts';
import { deleteChannel } from '../actions/channel/delete.ts';
import { listDeliveries } from '../actions/channel/deliveries.ts';
import { listChannels } from '../actions/channel/list.ts';
import { testChannel, TESTS_PER_MINUTE_MAX } from '../actions/channel/test.ts';
import { getIncident } from '../actions/incident/get.ts';
import { listIncidents } from '../actions/incident/list.ts';
import { deleteCluster } from '../actions/cluster/delete.ts';
import { createRule, RULES_MAX } from '../actions/rule/create.ts';
import { deleteRule } from '../actions/rule/delete.ts';
import { getRule } from '../actions/rule/get.ts';
import { listRules } from '../actions/rule/list.ts';
import { updateRule } from '../actions/rule/update.ts';
import { createWorld, PUBLIC_URL, SECRET, WINDOW_MS } from '../alerts/testing.ts';
import type { World } from '../alerts/testing.ts';
import type { OrgContext } from '../context.ts';
import { Channel, ChannelOnce, Delivery, Rule } from '../wire/entities.ts';
import type { RuleInput } from '../wire/entities.ts';

const SCENE = { publicUrl: PUBLIC_URL, randomBytes };
let world: World;
let ours: OrgContext;
let theirs: OrgContext;

beforeAll(async () => {
  world = await createWorld();
  ours = world.context();
  theirs = await world.addOrg('theirs');
});
afterAll(() => world.drop());

function input(more: Partial<RuleInput> = {}): RuleInput {
  return {
    name: 'success', scope: { clusterId: null, namespace: null, workload: null, service: 'shop/web' }, threshold: 0.99, windowSeconds: 60, minRequests: 1,
    severity: 'warning', enabled: true, channelIds: [], ...more,
  };
}

function addChannel(context: OrgContext, url = 'https://hooks.example.com/x') {
  return createChannel(context, { kind: 'webhook', name: 'hook', url, randomBytes, secret: SECRET, outboundAllow: [] });
}

async function audited(context: OrgContext): Promise<string[]> {
  const rows = await context.tenant.transaction((tx) => tx<{ action: string }[]>`select action from tenant.audit where org_id = ${context.tenant.orgId} order by id`);
  return rows.map((row) => row.action);
}

/** Opens an incident of the rule. */
async function fail(): Promise<void> {
  await world.addWindow(world.nowMs - WINDOW_MS, [{ service: 'shop/web', destination: 'shop/host/web', requests: 100, app: 60 }]);
  await world.worker().tick();
}

test('a rule is made, read, listed, replaced and deleted, each change audited', async () => {
  const channel = await addChannel(ours);
  const made = await createRule(ours, { rule: input({ channelIds: [channel.id] }), randomBytes });
  expect(Rule.parse(made)).toEqual(made);
  expect(await getRule(ours, { id: made.id })).toEqual(made);
  expect(await listRules(ours)).toEqual([made]);
  const changed = await updateRule(ours, { ...SCENE, id: made.id, rule: input({ name: 'renamed', threshold: 0.5 }) });
  expect(changed).toMatchObject({ id: made.id, name: 'renamed', threshold: 0.5, channelIds: [], createdAt: made.createdAt });
  await deleteRule(ours, { ...SCENE, id: made.id });
  await expect(getRule(ours, { id: made.id })).rejects.toMatchObject({ code: 'not_found' });
  await deleteChannel(ours, { id: channel.id });
  expect((await audited(ours)).slice(-5)).toEqual(['channel.create', 'rule.create', 'rule.update', 'rule.delete', 'channel.delete']);
});

test('a rule that names what the organization does not have is refused with every fault', async () => {
  const foreign = await addChannel(theirs);
  const own = await addChannel(ours);
  const rule = input({ channelIds: [own.id, foreign.id, 'cha_nothing'], scope: { clusterId: 'clu_nothing', namespace: null, workload: null, service: null } });
  await expect(createRule(ours, { rule, randomBytes })).rejects.toMatchObject({
    code: 'invalid_request', faults: [{ path: 'channelIds.1' }, { path: 'channelIds.2' }, { path: 'scope.clusterId' }],
  });
});

test('another organization finds nothing of ours under any id', async () => {
  const rule = await createRule(ours, { rule: input(), randomBytes });
  const channel = await addChannel(ours);
  world.nowMs += 100_000;
  await fail();
  const [incident] = await listIncidents(ours, { limit: 1, state: 'open' });
  const missing = { code: 'not_found' };
  await expect(getRule(theirs, { id: rule.id })).rejects.toMatchObject(missing);
  await expect(updateRule(theirs, { ...SCENE, id: rule.id, rule: input() })).rejects.toMatchObject(missing);
  await expect(deleteRule(theirs, { ...SCENE, id: rule.id })).rejects.toMatchObject(missing);
  await expect(deleteChannel(theirs, { id: channel.id })).rejects.toMatchObject(missing);
  await expect(testChannel(theirs, { id: channel.id, randomBytes })).rejects.toMatchObject(missing);
  await expect(listDeliveries(theirs, { id: channel.id })).rejects.toMatchObject(missing);
  await expect(getIncident(theirs, { id: incident?.id ?? '' })).rejects.toMatchObject(missing);
  expect(await listRules(theirs)).toEqual([]);
  expect(await listIncidents(theirs, { limit: 200 })).toEqual([]);
  expect((await listChannels(theirs)).map((each) => each.id)).not.toContain(channel.id);
  expect(await getIncident(ours, { id: incident?.id ?? '' })).toEqual(incident);
  await deleteRule(ours, { ...SCENE, id: rule.id });
});

test.each([
  ['switching a rule off', 'The rule was switched off', (id: string) => updateRule(ours, { ...SCENE, id, rule: input({ enabled: false }) })],
  ['setting it on another service', 'The rule was set to watch something else',
    (id: string) => updateRule(ours, { ...SCENE, id, rule: input({ scope: { clusterId: null, namespace: null, workload: null, service: 'shop/other' } }) })],
  ['deleting it', 'The rule was deleted', (id: string) => deleteRule(ours, { ...SCENE, id })],
])('%s resolves its open incident, and its incidents stay on record', async (_name, text, change) => {
  const rule = await createRule(ours, { rule: input(), randomBytes });
  world.nowMs += 100_000;
  await fail();
  const [open] = await listIncidents(ours, { limit: 1, state: 'open' });
  expect(open).toMatchObject({ ruleId: rule.id, state: 'open' });
  await change(rule.id);
  expect(await getIncident(ours, { id: open?.id ?? '' })).toMatchObject({ state: 'resolved', events: [{ kind: 'opened' }, { kind: 'resolved', text }] });
  expect(await listIncidents(ours, { limit: 200, state: 'open' })).toEqual([]);
  await deleteRule(ours, { ...SCENE, id: rule.id }).catch(() => undefined);
});

test('a new threshold keeps the incident until the next look', async () => {
  const rule = await createRule(ours, { rule: input(), randomBytes });
  world.nowMs += 100_000;
  await fail();
  await updateRule(ours, { ...SCENE, id: rule.id, rule: input({ threshold: 0.3 }) });
  expect(await listIncidents(ours, { limit: 200, state: 'open' })).toHaveLength(1);
  await world.worker().tick();
  expect(await listIncidents(ours, { limit: 200, state: 'open' })).toHaveLength(0);
  await deleteRule(ours, { ...SCENE, id: rule.id });
});

test('incidents are listed newest first, by state and by cluster, up to the limit', async () => {
  const all = await listIncidents(ours, { limit: 200 });
  expect(all.length).toBeGreaterThan(3);
  expect(all.map((incident) => incident.openedAt)).toEqual(all.map((incident) => incident.openedAt).toSorted().reverse());
  expect(await listIncidents(ours, { limit: 2 })).toEqual(all.slice(0, 2));
  expect(await listIncidents(ours, { limit: 200, clusterId: 'clu_other' })).toEqual([]);
  expect(await listIncidents(ours, { limit: 200, clusterId: world.clusterId, state: 'resolved' })).toEqual(all);
});

test('a channel shows its secret once, keeps it sealed, and is named by no rule after its removal', async () => {
  const made = await addChannel(ours);
  expect(ChannelOnce.parse(made)).toEqual(made);
  const listed = (await listChannels(ours)).find((channel) => channel.id === made.id);
  expect(listed).toEqual(Channel.parse(listed));
  expect(JSON.stringify(listed)).not.toContain('whsec_');
  const [row] = await ours.tenant.transaction((tx) => tx<{ row: string }[]>`
    select encode(secret_sealed, 'escape') as row from tenant.channel where org_id = ${ours.tenant.orgId} and id = ${made.id}`);
  expect(row?.row).not.toContain('whsec_');
  const rule = await createRule(ours, { rule: input({ channelIds: [made.id] }), randomBytes });
  await deleteChannel(ours, { id: made.id });
  expect((await getRule(ours, { id: rule.id })).channelIds).toEqual([]);
  await deleteRule(ours, { ...SCENE, id: rule.id });
});

test.each(['http://127.0.0.1:9/', 'http://localhost/', 'http://169.254.169.254/', 'http://0x7f.1/', 'https://u:p@example.com/'])(
  'a channel to %s is refused', async (url) => {
    await expect(addChannel(ours, url)).rejects.toMatchObject({ code: 'address_refused' });
  });

test('tests of a channel are limited, and shown among its deliveries', async () => {
  const channel = await addChannel(ours);
  for (let n = 0; n < TESTS_PER_MINUTE_MAX; n += 1) {
    const delivery = await testChannel(ours, { id: channel.id, randomBytes });
    expect(Delivery.parse(delivery)).toEqual(delivery);
  }
  await expect(testChannel(ours, { id: channel.id, randomBytes })).rejects.toMatchObject({ code: 'rate_limited' });
  expect(await listDeliveries(ours, { id: channel.id })).toHaveLength(TESTS_PER_MINUTE_MAX);
  world.nowMs += 61_000;
  await testChannel(ours, { id: channel.id, randomBytes });
  await deleteChannel(ours, { id: channel.id });
});

test('removing a cluster tells the receivers of its open incident that it is over', async () => {
  const channel = await addChannel(ours);
  await world.addCluster('clu_doomed');
  const scope = { clusterId: 'clu_doomed', namespace: null, workload: null, service: null };
  const rule = await createRule(ours, { rule: input({ scope, channelIds: [channel.id] }), randomBytes });
  world.nowMs += 100_000;
  await world.addWindow(world.nowMs - WINDOW_MS, [{ service: 'shop/web', destination: 'shop/host/web', requests: 100, app: 60 }], 'clu_doomed');
  const unsent = Object.assign(() => Promise.reject(new Error('not now')), { guarded: true as const });
  await world.worker({ fetch: unsent }).tick();
  expect(await listIncidents(ours, { limit: 1, clusterId: 'clu_doomed' })).toMatchObject([{ state: 'open' }]);
  await deleteCluster(ours, { ...SCENE, clusterId: 'clu_doomed' });
  expect(await listIncidents(ours, { limit: 1, clusterId: 'clu_doomed' })).toEqual([]);
  expect((await listDeliveries(ours, { id: channel.id })).map((delivery) => delivery.event).sort()).toEqual(['incident.opened', 'incident.resolved']);
  await deleteRule(ours, { ...SCENE, id: rule.id });
  await deleteChannel(ours, { id: channel.id });
});

test('an organization has a limit of rules and of channels, and another is not touched by it', async () => {
  const { orgId } = ours.tenant;
  await ours.tenant.transaction(async (tx) => {
    await tx`
      insert into tenant.alert_rule (org_id, id, name, scope, threshold, window_seconds, min_requests, severity, enabled, created_by)
      select ${orgId}, 'rul_' || n, 'filler', '{}'::jsonb, 0.5, 60, 1, 'info', false, 'test' from generate_series(1, ${RULES_MAX}) n`;
    await tx`
      insert into tenant.channel (org_id, id, kind, name, url, secret_sealed, created_by)
      select ${orgId}, 'cha_' || n, 'webhook', 'filler', 'https://example.com/', ''::bytea, 'test' from generate_series(1, ${CHANNELS_MAX}) n`;
  });
  await expect(createRule(ours, { rule: input(), randomBytes })).rejects.toMatchObject({ code: 'limit_reached' });
  await expect(addChannel(ours)).rejects.toMatchObject({ code: 'limit_reached' });
  expect((await createRule(theirs, { rule: input(), randomBytes })).name).toBe('success');
  expect((await addChannel(theirs)).name).toBe('hook');
});
