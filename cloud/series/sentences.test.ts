import { expect, test } from 'vitest';
import type { Golden } from '../wire/entities.ts';
import { fleetSentence, graphSentence, workloadSentence } from './sentences.ts';
import type { FleetStory } from './sentences.ts';
import { age, clock, percent } from './words.ts';

const NOW = Date.parse('2026-11-20T14:10:00Z');
const SINCE = Date.parse('2026-11-20T14:02:00Z');

function fleet(statuses: readonly string[], worst: FleetStory['worst'] = null): string {
  return fleetSentence({ clusters: statuses.map((status, at) => ({ name: `c${at + 1}`, status: status as 'ok', silentMs: 200_000 })), worst, nowMs: NOW });
}

const worst = { cluster: 'eu-west', workload: 'shop/deployment/payments', failureShare: 0.08, sinceMs: SINCE, origin: 'shop/deployment/ledger-db' };

test.each<[string[], FleetStory['worst'], string]>([
  [[], null, 'No cluster is connected yet.'],
  [['ok'], null, 'The only cluster is healthy.'],
  [['ok', 'ok', 'ok'], null, 'All 3 clusters are healthy.'],
  [['ok', 'nodata'], null, '1 of 2 clusters is healthy; one has too little traffic to judge.'],
  [['nodata', 'nodata'], null, 'None of 2 clusters has enough traffic to judge.'],
  [['nodata'], null, 'The only cluster has too little traffic to judge.'],
  [['failing', 'degraded', 'ok'], worst, '2 of 3 clusters need attention: payments in eu-west fails 8 % of requests since 14:02 UTC, starting at ledger-db.'],
  [['failing', 'ok'], { ...worst, origin: worst.workload }, '1 of 2 clusters needs attention: payments in eu-west fails 8 % of requests since 14:02 UTC.'],
  [['failing'], { ...worst, sinceMs: null }, 'The only cluster needs attention: payments in eu-west fails 8 % of requests, starting at ledger-db.'],
  [['ok', 'stale'], null, '1 of 2 clusters needs attention: the agent of c2 has been silent for 3 min.'],
])('the fleet %j is told as a sentence', (statuses, story, sentence) => {
  expect(fleet(statuses, story)).toBe(sentence);
});

function golden(more: Partial<Golden>): Golden {
  return {
    requests: 100, requestsPerSecond: 31.04, successRate: 1, failures: { app: 0, mesh: 0, client: 0 }, retries: 0, latencyMs: { p50: 1, p95: 2, p99: 3 },
    mtlsShare: 1, connections: 0, bytesPerSecond: 0, timeMs: null, ...more,
  };
}

test('the graph names its worst edge', () => {
  const edge = { source: 'shop/deployment/web', service: 'shop/cart', status: 'ok' as const, golden: golden({}) };
  const bad = { source: '', service: 'shop/web', status: 'failing' as const, golden: golden({ successRate: 0.8, failures: { app: 20, mesh: 0, client: 0 } }) };
  const less = { ...bad, source: 'x/y/other', golden: golden({ successRate: 0.95, failures: { app: 5, mesh: 0, client: 0 } }) };
  expect(graphSentence({ workloads: 3, edges: [] })).toBe('3 workloads, and no traffic in this range.');
  expect(graphSentence({ workloads: 1, edges: [edge] })).toBe('1 workload, 1 edge, 31 requests/s, and no edge is in trouble.');
  expect(graphSentence({ workloads: 2, edges: [edge, less, bad] })).toBe('2 workloads, 3 edges, 93.1 requests/s: outside → web fails 20 %, the worst of 2 troubled edges.');
});

test.each<[Partial<Golden>, boolean, string | null, string]>([
  [{}, true, null, 'cart serves 31 requests/s without a failure.'],
  [{ requests: 0, successRate: null }, true, null, 'cart got no request in this range.'],
  [{ requests: 0, successRate: null }, false, null, 'cart has no sidecar, so only its callers see its requests.'],
  [{ requests: 0, successRate: null, connections: 3 }, true, null, 'cart took 3 connections and no request in this range.'],
  [{ successRate: 0.958, failures: { app: 5, mesh: 0, client: 0 } }, true, 'a/b/ledger-db', 'cart fails 4.2 % of 31 requests/s, all of them the app’s faults, starting at ledger-db.'],
  [{ successRate: 0.958, failures: { app: 0, mesh: 5, client: 0 } }, true, null, 'cart fails 4.2 % of 31 requests/s, all of them mesh faults.'],
  [{ successRate: 0.9, failures: { app: 5, mesh: 5, client: 0 } }, true, null, 'cart fails 10 % of 31 requests/s, 50 % of them the app’s faults, the rest the mesh’s.'],
])('a workload with %o is told as a sentence', (more, meshed, origin, sentence) => {
  expect(workloadSentence({ name: 'cart', golden: golden(more), meshed, origin })).toBe(sentence);
});

test('a share is never rounded to all or nothing', () => {
  expect([0, 0.0001, 0.034, 0.5, 0.92, 0.9998, 1].map(percent)).toEqual(['0 %', 'less than 0.1 %', '3.4 %', '50 %', '92 %', 'more than 99.9 %', '100 %']);
});

test('times and ages are told in the unit that fits', () => {
  expect(clock(Date.parse('2026-11-19T23:59:00Z'), NOW)).toBe('2026-11-19 23:59 UTC');
  expect([500, 90_000, 600_000, 9_000_000, 400_000_000].map(age)).toEqual(['1 s', '90 s', '10 min', '3 h', '5 days']);
});
