import { expect, test } from 'vitest';
import type { Golden, Topology, TopologyEdge, TopologyNode } from '../../../cloud/wire/entities.ts';
import { edgeWidth, neighbourhood, ranked, visibleGraph, VISIBLE_NODES_MAX } from './visible.ts';

function golden(requests: number, app = 0): Golden {
  return {
    requests, requestsPerSecond: requests / 10, successRate: requests === 0 ? null : 1 - app / requests, failures: { app, mesh: 0, client: 0 }, retries: 0,
    latencyMs: { p50: 1, p95: 2, p99: 3 }, mtlsShare: 1, connections: 0, bytesPerSecond: 0, timeMs: null,
  };
}

function node(namespace: string, name: string, status: TopologyNode['status'] = 'ok'): TopologyNode {
  return { key: `${namespace}/deployment/${name}`, kind: 'workload', namespace, name, meshed: true, instances: 1, status, golden: golden(100) };
}

function edge(source: string, target: string, requests: number, app = 0): TopologyEdge {
  return { id: `${source}-${target}-${requests}`, source, target, service: '', protocol: 'http1', tls: 'mtls', golden: golden(requests, app), status: app > 0 ? 'failing' : 'ok' };
}

function topology(nodes: TopologyNode[], edges: TopologyEdge[]): Topology {
  return { range: { fromMs: 0, toMs: 10_000, resolutionMs: 10_000 }, sentence: '', nodes, edges };
}

const [A, B, C] = [node('shop', 'a'), node('shop', 'b', 'failing'), node('bank', 'c')];
const SMALL = topology([A, B, C], [edge(A.key, B.key, 100), edge(A.key, C.key, 100, 50), edge(B.key, C.key, 300)]);

test('a small graph is drawn whole, with a frame for each namespace', () => {
  const graph = visibleGraph(SMALL, new Set());
  expect(graph.nodes).toHaveLength(3);
  expect(graph.edges).toHaveLength(3);
  expect(graph.frames).toEqual(['bank', 'shop']);
});

test('a folded namespace is one box with the worst state, the sum of the traffic, and edges added by count', () => {
  const graph = visibleGraph(SMALL, new Set(['shop']));
  expect(graph.nodes.find((each) => each.kind === 'namespace')).toMatchObject({ key: 'namespace:shop', members: 2, status: 'failing', requestsPerSecond: 20 });
  expect(graph.edges).toHaveLength(1);
  expect(graph.edges[0]).toMatchObject({ source: 'namespace:shop', target: C.key, successRate: 1 - 50 / 400, requestsPerSecond: 40, failuresPerSecond: 5, p95: null });
  expect(graph.edges[0]?.ids).toHaveLength(2);
});

test('a graph that is too big begins folded and a namespace opens when it is turned', () => {
  const nodes = Array.from({ length: VISIBLE_NODES_MAX + 1 }, (_, at) => node(`ns${at % 4}`, `w${at}`));
  expect(visibleGraph(topology(nodes, []), new Set()).nodes).toHaveLength(4);
  const opened = visibleGraph(topology(nodes, []), new Set(['ns1']));
  expect(opened.nodes).toHaveLength(3 + 15);
  expect(opened.frames).toEqual(['ns1']);
});

test('callers outside the mesh are never folded away, and a call to oneself stays', () => {
  const outside: TopologyNode = { ...node('', 'outside'), key: 'outside', kind: 'outside' };
  const graph = visibleGraph(topology([outside, A], [edge('outside', A.key, 10), edge(A.key, A.key, 10)]), new Set(['shop', '']));
  expect(graph.nodes.map((each) => each.key).toSorted()).toEqual(['namespace:shop', 'outside']);
  expect(graph.edges.map((each) => each.id).toSorted()).toEqual(['namespace:shop→namespace:shop', 'outside→namespace:shop']);
});

test('a selected box keeps its neighbours and nothing else', () => {
  const { nodes, edges } = neighbourhood(visibleGraph(SMALL, new Set()), B.key);
  expect([...nodes].toSorted()).toEqual([A.key, B.key, C.key].toSorted());
  expect(edges.size).toBe(2);
});

test('width follows traffic within its bounds', () => {
  const widths = [0, 0.01, 1, 10, 100, 1_000, 1e9].map(edgeWidth);
  expect(widths).toEqual(widths.toSorted((a, b) => a - b));
  expect([widths[0], widths.at(-1)]).toEqual([1, 6]);
});

test('the worst state comes first, then the most failures per second, then the most traffic', () => {
  const degraded = { ...edge(B.key, A.key, 10_000, 300), status: 'degraded' as const };
  const order = ranked([edge(A.key, B.key, 100), degraded, edge(B.key, C.key, 300), edge(A.key, C.key, 100, 50), edge(B.key, A.key, 100, 60)]);
  expect(order.map(({ golden: { requests, failures } }) => [requests, failures.app])).toEqual([[100, 60], [100, 50], [10_000, 300], [300, 0], [100, 0]]);
});
