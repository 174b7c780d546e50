import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Metrics } from '../admin/metrics.ts';
import { Anchors } from './anchors.ts';
import type { ProxyTrust } from './rotation.ts';
import { REQUEST_FILE, Rotator } from './rotator.ts';

const START_MS = Math.floor(Date.now() / 1000) * 1000;
const DAY_MS = 24 * 3_600_000;
const YEAR_MS = 365 * DAY_MS;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidelight-rotator-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function setUp() {
  const state = { nowMs: START_MS, proxies: [] as ProxyTrust[] };
  const events: string[] = [];
  const anchors = Anchors.open(folder, 'cluster.local', START_MS);
  const metrics = new Metrics();
  const rotator = new Rotator({
    anchors, metrics, requestFile: join(folder, REQUEST_FILE), leafTtlMs: DAY_MS, wallMs: () => state.nowMs, proxies: () => state.proxies,
    onBundle: () => void events.push(`bundle ${anchors.phase}`),
    onIssuer: () => void events.push(`issuer ${anchors.phase}`),
    askRenewal: (keys, withinMs) => void events.push(`renew ${keys.join()} within ${withinMs}`),
    log: (level, message) => void (level === 'error' && events.push(message)),
  });
  return { state, events, anchors, metrics, rotator };
}

test('an anchor with a fifth of its life left is followed by itself, once', () => {
  const { state, events, anchors, rotator } = setUp();
  const first = anchors.anchorSha256;
  rotator.look();
  state.nowMs = START_MS + 7.9 * YEAR_MS;
  rotator.look();
  expect([anchors.phase, events]).toEqual(['steady', []]);
  state.nowMs = START_MS + 8.1 * YEAR_MS;
  for (let look = 0; look < 10; look++) rotator.look();
  expect(events).toEqual(['bundle distribute', 'issuer renew', 'bundle steady']);
  expect(anchors.anchorSha256).not.toBe(first);
  expect(anchors.issuing.notAfterMs).toBeGreaterThan(START_MS + 18 * YEAR_MS);
});

test('proxies are asked to renew again only when their time is long over, and only those that have not', () => {
  const { state, events, anchors, rotator } = setUp();
  writeFileSync(join(folder, REQUEST_FILE), '');
  rotator.look();
  expect(existsSync(join(folder, REQUEST_FILE))).toBe(false);
  const old = anchors.anchorSha256;
  const proxy = (key: string, anchorSha256: string): ProxyTrust => ({ key, bundleSha256: anchors.bundleSha256, anchorSha256 });
  state.proxies = [proxy('a', old), proxy('b', old)];
  rotator.look();
  events.length = 0;
  for (let second = 0; second < 59; second++) {
    state.nowMs += 1_000;
    rotator.look();
  }
  expect(events).toEqual(['renew a,b within 30000']);
  state.proxies = [proxy('a', anchors.anchorSha256), proxy('b', old)];
  state.nowMs += 5_000;
  rotator.look();
  expect(events.slice(1)).toEqual(['renew b within 30000']);
});

test('a folder that can’t be written holds the rotation up, is told, and is tried again', () => {
  const { events, anchors, metrics, rotator } = setUp();
  writeFileSync(join(folder, REQUEST_FILE), '');
  // A file where the next authority's folder is to be made.
  writeFileSync(join(folder, 'ca-next.new'), '');
  writeFileSync(join(folder, 'ca-next'), '');
  rotator.look();
  expect([anchors.phase, metrics.get('trust_anchor_rotation_errors_total'), events.length]).toEqual(['steady', 1, 1]);
  rmSync(join(folder, 'ca-next'));
  rotator.look();
  expect(anchors.phase).toBe('distribute');
});
