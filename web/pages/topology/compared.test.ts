import { expect, test } from 'vitest';
import type { Golden, HealthStatus, Topology, TopologyEdge, TopologyNode } from '../../../cloud/wire/entities.ts';
import { compared, united, withSeen } from './compared.ts';
import { visibleGraph, VISIBLE_NODES_MAX } from './visible.ts';

const GOLDEN: Golden = {
  requests: 100, requestsPerSecond: 10, successRate: 1, failures: { app: 0, mesh: 0, client: 0 }, retries: 0, latencyMs: { p50: 1, p95: 2, p99: 3 }, mtlsShare: 1, connections: 0, bytesPerSecond: 0, timeMs: null,
};
const node = (name: string, namespace = 'shop'): TopologyNode => ({ key: `${namespace}/deployment/${name}`, kind: 'workload', namespace, name, meshed: true, instances: 1, status: 'ok', golden: GOLDEN });
const edge = (source: TopologyNode, target: TopologyNode, status: HealthStatus = 'ok', tls: TopologyEdge['tls'] = 'mtls'): TopologyEdge => ({ id: `${source.name}-${target.name}`, source: source.key, target: target.key, service: '', protocol: 'http1', tls, golden: GOLDEN, status });
const topology = (nodes: TopologyNode[], edges: TopologyEdge[]): Topology => ({ range: { fromMs: 0, toMs: 10_000, resolutionMs: 10_000 }, sentence: '', nodes, edges });

const [A, B, C, D] = [node('a'), node('b'), node('c'), node('d', 'bank')];
const NONE: ReadonlySet<string> = new Set();
const id = (source: TopologyNode, target: TopologyNode): string => `${source.key}→${target.key}`;

test('what came, what went and what changed are told apart, and what stayed is not told', () => {
  const before = topology([A, B, C], [edge(A, B), edge(B, C)]);
  const after = topology([A, B, D], [edge(A, B, 'failing'), edge(A, D)]);
  const { graph, changes } = compared(before, after, NONE, NONE);
  expect(Object.fromEntries(changes)).toEqual({ [C.key]: 'gone', [id(B, C)]: 'gone', [D.key]: 'added', [id(A, D)]: 'added', [id(A, B)]: 'changed' });
  expect(graph.nodes.map((each) => each.key).toSorted()).toEqual([A, B, C, D].map((each) => each.key).toSorted());
});

test.each([['mtls', 'plain', 'ok', 'ok', true], ['mtls', 'mtls', 'ok', 'degraded', true], ['mtls', 'mtls', 'nodata', 'failing', false], ['mtls', 'mtls', 'ok', 'ok', false]] as const)('an edge from %s to %s, from %s to %s: changed is %s', (tlsBefore, tlsAfter, statusBefore, statusAfter, changed) => {
  const { changes } = compared(topology([A, B], [edge(A, B, statusBefore, tlsBefore)]), topology([A, B], [edge(A, B, statusAfter, tlsAfter)]), NONE, NONE);
  expect(changes.has(id(A, B))).toBe(changed);
});

test('what the API calls changed is drawn as changed', () => {
  const both = topology([A, B], [edge(A, B)]);
  expect(Object.fromEntries(compared(both, both, NONE, new Set([A.key, 'a-b'])).changes)).toEqual({ [A.key]: 'changed', [id(A, B)]: 'changed' });
});

test('a folded namespace is gone only when all of it is', () => {
  const { changes } = compared(topology([A, B, D], []), topology([A], []), new Set(['shop', 'bank']), NONE);
  expect(Object.fromEntries(changes)).toEqual({ 'namespace:bank': 'gone' });
});

test('the layout keeps the places of what was seen', () => {
  const [now, then] = [visibleGraph(topology([A, B], [edge(A, B)]), NONE), visibleGraph(topology([A, C, D], [edge(A, C)]), NONE)];
  const all = withSeen(now, then);
  expect(all.nodes.map((each) => each.key)).toEqual([A, B, C, D].map((each) => each.key));
  expect(all.frames).toEqual(['bank', 'shop']);
  expect(withSeen(then, all).nodes).toHaveLength(united(now, then).nodes.length);
});

test('the layout begins anew when a namespace is turned or too much has been seen', () => {
  const now = visibleGraph(topology([A, B], []), NONE);
  expect(withSeen(now, visibleGraph(topology([A, B, D], []), new Set(['bank'])))).toBe(now);
  const many = visibleGraph(topology(Array.from({ length: VISIBLE_NODES_MAX }, (_, at) => node(`w${at}`)), []), NONE);
  expect(withSeen(now, many)).toBe(now);
});
