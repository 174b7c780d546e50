import { afterEach, beforeEach, expect, test } from 'vitest';
import { FAMILIES, Metrics } from './metrics.ts';
import type { Gauges } from './metrics.ts';
import { openAdmin } from './server.ts';
import type { AdminPort } from './server.ts';

const gauges: Gauges = { proxies_connected: 3, control_connections: 4, spool_frames: 5, spool_bytes: 6, spool_dropped_frames: 7, spool_damaged_records: 8, uplink_connected: 1, tap_sessions: 0, tap_events_dropped: 0, trust_anchor_expiration_timestamp_seconds: 2_000_000_000, trust_anchor_rotation_phase: 0, trust_anchor_rotation_awaited_proxies: 0 };
const metrics = new Metrics();
let reason: string | null;
let port: AdminPort;

beforeEach(async () => {
  reason = null;
  port = await openAdmin({ host: '127.0.0.1', port: 0 }, { notReady: () => reason, metrics: () => metrics.render(gauges) });
});
afterEach(() => port.close());

const get = async (path: string, method = 'GET') => {
  const response = await fetch(`http://127.0.0.1:${port.port}${path}`, { method });
  return { status: response.status, text: await response.text() };
};

test('ready says why not, live always answers', async () => {
  expect(await get('/ready')).toEqual({ status: 200, text: 'ready\n' });
  reason = 'starting';
  expect(await get('/ready')).toEqual({ status: 503, text: 'not ready: starting\n' });
  expect((await get('/live')).status).toBe(200);
  expect((await get('/elsewhere')).status).toBe(404);
  expect((await get('/live', 'POST')).status).toBe(405);
});

test('every family has its help, its type and one value', async () => {
  metrics.add('windows_merged_total', 41);
  metrics.add('windows_merged_total');
  const { text } = await get('/metrics');
  for (const [name, { type }] of Object.entries(FAMILIES)) {
    expect(text).toMatch(new RegExp(`^# HELP sidelight_agent_${name} .+\\n# TYPE sidelight_agent_${name} ${type}\\nsidelight_agent_${name} \\d+$`, 'm'));
  }
  expect(text).toMatch(/^sidelight_agent_windows_merged_total 42$/m);
  expect(text).toMatch(/^sidelight_agent_spool_bytes 6$/m);
});

test('counters end in _total and gauges do not', () => {
  for (const [name, { type }] of Object.entries(FAMILIES)) expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
});
