import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseConfig } from '../config.ts';
import { silentLog } from '../log.ts';
import { startCloud } from '../platform-node/cloud.ts';
import { connectAgent, makeCluster, signUpWithOrg, testCloud, TEST_SECRET, testFrame, testHello, testWindow } from '../testing.ts';
import type { TestCloud } from '../testing.ts';
import { DAY_MS, HOUR_MS } from '../rollup/chunk.ts';
import { CLOSED_AFTER_MS } from '../rollup/roll.ts';
import { testStore } from '../rollup/testing.ts';
import { exposition } from './exposition.ts';
import { mayReadMetrics } from './guard.ts';
import { readQueues } from './queues.ts';

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await testCloud();
});
afterAll(() => cloud.stop());

/** Values by name with labels. */
async function scrape(): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${cloud.url}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

test('a committed frame, its lag, the queues and the jobs are on /metrics', async () => {
  const owner = await signUpWithOrg(cloud.url, 'metrics');
  const { token } = await makeCluster(owner, 'metrics');
  const agent = await connectAgent(cloud.url, token);
  await agent.ask(testHello());
  await agent.ask(testFrame(1, [testWindow(Math.floor(Date.now() / 10_000) * 10_000 - 60_000, [{ requests: 5 }])]));
  const values = await scrape();
  expect(values.get('sidelight_cloud_uplink_connections')).toBe(1);
  expect(values.get('sidelight_cloud_clusters_connected')).toBe(1);
  expect(values.get('sidelight_cloud_uplink_frames_total{result="committed"}')).toBe(1);
  expect(values.get('sidelight_cloud_uplink_rows_total')).toBeGreaterThan(0);
  const lag = values.get('sidelight_cloud_ingest_lag_seconds_total') ?? 0;
  expect(lag).toBeGreaterThan(49);
  expect(lag).toBeLessThan(80);
  expect(values.get('sidelight_cloud_database_up')).toBe(1);
  for (const queue of ['alert_rules', 'outbox', 'rollup']) expect(values.get(`sidelight_cloud_queue_oldest_seconds{queue="${queue}"}`)).toBe(0);
  expect(values.get('sidelight_cloud_job_runs_total{job="partitions"}')).toBe(1);
  expect(values.get('sidelight_cloud_answers_total{status="2xx"}')).toBeGreaterThan(0);
  agent.cut();
});

test('rules, deliveries and hours that nobody takes age in their queues', async () => {
  const now = 20_480 * DAY_MS + 6 * HOUR_MS;
  const store = await testStore(now);
  const ago = (ms: number): Date => new Date(now - ms);
  try {
    await store.commit([testWindow(now - 3 * HOUR_MS, [{ requests: 5 }])], now - 3 * HOUR_MS);
    await store.tenant.transaction(async (tx) => {
      const { orgId } = store.tenant;
      for (const [id, dueAt, enabled] of [['late', ago(7_000), true], ['off', ago(90_000), false], ['soon', ago(-5_000), true]] as const) {
        await tx`
          insert into tenant.alert_rule (org_id, id, name, scope, threshold, window_seconds, min_requests, severity, enabled, created_by, due_at)
          values (${orgId}, ${id}, ${id}, '{}', 0.9, 60, 1, 'info', ${enabled}, 'test', ${dueAt})`;
      }
      await tx`insert into tenant.channel (org_id, id, kind, name, url, secret_sealed, created_by) values (${orgId}, 'hook', 'webhook', 'hook', 'https://x.test', '', 'test')`;
      for (const [id, state, next] of [['waiting', 'pending', ago(40_000)], ['later', 'pending', ago(-60_000)], ['done', 'delivered', ago(90_000)]] as const) {
        await tx`
          insert into tenant.outbox (org_id, id, channel_id, event, dedupe_key, payload, state, next_attempt_at)
          values (${orgId}, ${id}, 'hook', 'channel.test', ${id}, '{}', ${state}, ${next})`;
      }
    });
    expect(await readQueues(store.sql, now)).toEqual({
      rules: { due: 1, oldestMs: 7_000 }, outbox: { due: 1, oldestMs: 40_000 }, outboxPending: 2, rollup: { due: 1, oldestMs: 2 * HOUR_MS - CLOSED_AFTER_MS }, clustersConnected: 1,
    });
  } finally {
    await store.close();
  }
});

test('a request that a proxy speaks for is refused with a documented code', async () => {
  const answer = await fetch(`${cloud.url}/metrics`, { headers: { 'x-forwarded-for': '203.0.113.9' } });
  expect(answer.status).toBe(403);
  expect(await answer.json()).toMatchObject({ code: 'forbidden' });
});

test('a cloud under a public address shows neither metrics nor mails to its own machine, where a proxy may ask for anyone', async () => {
  const parsed = parseConfig({ PORT: '0', DATABASE_URL: cloud.database.serverUrl, SIDELIGHT_SECRET: TEST_SECRET, PUBLIC_URL: 'https://mesh.example' });
  if (parsed.kind === 'faults') throw new Error(JSON.stringify(parsed.faults));
  const other = await startCloud({ config: parsed.config, consoleDir: '/nonexistent', log: silentLog, now: Date.now });
  const at = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${other.port}${path}`);
  expect((await at('/metrics')).status).toBe(403);
  expect(await (await at('/dev/mail')).text()).not.toContain('<h1>Mail');
  await other.stop();
});

test.each<[string, Record<string, string>, string | null, string | null, string]>([
  ['this machine', {}, '127.0.0.1', null, 'allow'],
  ['this machine over IPv6', {}, '::1', null, 'allow'],
  ['this machine, mapped', {}, '::ffff:127.0.0.1', null, 'allow'],
  ['another machine', {}, '10.0.0.9', null, 'loopback_only'],
  ['an unknown peer', {}, null, null, 'loopback_only'],
  ['a proxy on this machine', { 'x-forwarded-for': '1.2.3.4' }, '127.0.0.1', null, 'loopback_only'],
  ['the right token from anywhere', { authorization: 'Bearer of-the-operator' }, '10.0.0.9', 'of-the-operator', 'allow'],
  ['this machine without the token', {}, '127.0.0.1', 'of-the-operator', 'token_needed'],
  ['a wrong token', { authorization: 'Bearer of-somebody' }, '127.0.0.1', 'of-the-operator', 'token_needed'],
])('metrics for %s', (_, headers, peer, token, verdict) => {
  expect(mayReadMetrics(new Headers(headers), peer, token)).toBe(verdict);
});

test('the text format escapes labels and help, and leaves out families without samples', () => {
  expect(exposition([
    { name: 'a_total', help: 'one\ntwo', type: 'counter', samples: [{ labels: { x: 'say "hi"\\' }, value: 1.5 }, { value: Number.NaN }] },
    { name: 'b', help: 'none', type: 'gauge', samples: [] },
  ])).toBe('# HELP a_total one\\ntwo\n# TYPE a_total counter\na_total{x="say \\"hi\\"\\\\"} 1.5\na_total NaN\n');
});
