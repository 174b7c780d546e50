/** What of a topology is drawn: at most some 60 boxes; beyond, namespaces fold into one box each. Pure. */
import type { Golden, HealthStatus, Topology, TopologyEdge, TopologyNode } from '../../../cloud/wire/entities.ts';
import { overallStatus, troubleRank } from '../../format/status.ts';

/** More boxes than this can't be read, and take the layout over a second. */
export const VISIBLE_NODES_MAX = 60;

export interface VisibleNode {
  readonly key: string;
  readonly kind: TopologyNode['kind'] | 'namespace';
  readonly namespace: string;
  readonly name: string;
  readonly meshed: boolean;
  readonly status: HealthStatus;
  readonly successRate: number | null;
  readonly requestsPerSecond: number;
  readonly connections: number;
  /** Workloads folded into it; 1 for a box of its own. */
  readonly members: number;
}

export interface VisibleEdge {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly status: HealthStatus;
  readonly mtls: boolean;
  readonly successRate: number | null;
  readonly requestsPerSecond: number;
  readonly failuresPerSecond: number;
  readonly connections: number;
  /** Null for several edges in one: quantiles are never averaged. */
  readonly p95: number | null;
  /** The API's edges that are drawn as this one. */
  readonly ids: readonly string[];
}

export interface VisibleGraph {
  readonly nodes: readonly VisibleNode[];
  readonly edges: readonly VisibleEdge[];
  /** Namespaces that are open: drawn as a frame around their boxes. */
  readonly frames: readonly string[];
  readonly folded: ReadonlySet<string>;
}

/** Namespaces that are folded: all when the graph is too big, none otherwise, except those that the reader turned. */
export function foldedNamespaces(topology: Topology, turned: ReadonlySet<string>): ReadonlySet<string> {
  const namespaces = new Set(topology.nodes.filter((node) => node.kind !== 'outside').map((node) => node.namespace));
  const foldAll = topology.nodes.length > VISIBLE_NODES_MAX;
  return new Set([...namespaces].filter((namespace) => turned.has(namespace) !== foldAll));
}

/** `folded` is given where several graphs must fold alike. */
export function visibleGraph(topology: Topology, turned: ReadonlySet<string>, folded = foldedNamespaces(topology, turned)): VisibleGraph {
  const boxOf = new Map(topology.nodes.map((node) => [node.key, node.kind !== 'outside' && folded.has(node.namespace) ? `namespace:${node.namespace}` : node.key]));
  const nodes = foldNodes(topology.nodes, boxOf);
  const frames = [...new Set(nodes.filter((node) => node.kind !== 'namespace' && node.kind !== 'outside').map((node) => node.namespace))].toSorted();
  return { nodes, edges: foldEdges(topology.edges, boxOf), frames, folded };
}

function foldNodes(nodes: readonly TopologyNode[], boxOf: ReadonlyMap<string, string>): VisibleNode[] {
  const groups = Map.groupBy(nodes, (node) => boxOf.get(node.key) ?? node.key);
  return [...groups].map(([key, members]) => {
    const [first] = members;
    if (first !== undefined && first.key === key) return nodeOf(first);
    return namespaceOf(key, members);
  });
}

function nodeOf(node: TopologyNode): VisibleNode {
  const { key, kind, namespace, name, meshed, status, golden } = node;
  return { key, kind, namespace, name, meshed, status, successRate: golden?.successRate ?? null, requestsPerSecond: golden?.requestsPerSecond ?? 0, connections: golden?.connections ?? 0, members: 1 };
}

function namespaceOf(key: string, members: readonly TopologyNode[]): VisibleNode {
  const goldens = members.flatMap((member) => (member.golden === null ? [] : [member.golden]));
  const namespace = members[0]?.namespace ?? '';
  return {
    key, kind: 'namespace', namespace, name: namespace, meshed: members.every((member) => member.meshed),
    status: overallStatus(members.map((member) => member.status)), successRate: successOf(goldens),
    requestsPerSecond: goldens.reduce((total, golden) => total + golden.requestsPerSecond, 0),
    connections: goldens.reduce((total, golden) => total + golden.connections, 0), members: members.length,
  };
}

function foldEdges(edges: readonly TopologyEdge[], boxOf: ReadonlyMap<string, string>): VisibleEdge[] {
  const between = Map.groupBy(edges, (edge) => `${boxOf.get(edge.source) ?? edge.source}\n${boxOf.get(edge.target) ?? edge.target}`);
  return [...between].flatMap(([pair, members]) => {
    const [source = '', target = ''] = pair.split('\n');
    const folded = source === target && members.every((edge) => edge.source !== edge.target);
    return folded ? [] : [edgeOf(source, target, members)];
  });
}

function edgeOf(source: string, target: string, members: readonly TopologyEdge[]): VisibleEdge {
  const goldens = members.map((edge) => edge.golden);
  const only = goldens.length === 1 ? goldens[0] : undefined;
  return {
    id: `${source}→${target}`, source, target, ids: members.map((edge) => edge.id),
    status: overallStatus(members.map((edge) => edge.status)), mtls: members.every((edge) => edge.tls === 'mtls'), successRate: successOf(goldens),
    requestsPerSecond: goldens.reduce((total, golden) => total + golden.requestsPerSecond, 0),
    failuresPerSecond: goldens.reduce((total, golden) => total + failureRate(golden), 0),
    connections: goldens.reduce((total, golden) => total + golden.connections, 0), p95: only?.latencyMs.p95 ?? null,
  };
}

function failureRate({ requests, requestsPerSecond, failures }: Golden): number {
  return requests === 0 ? 0 : ((failures.app + failures.mesh) / requests) * requestsPerSecond;
}

/** Success of several together, from their counts. */
function successOf(goldens: readonly Golden[]): number | null {
  let judged = 0;
  let failed = 0;
  for (const { requests, failures } of goldens) {
    judged += requests - failures.client;
    failed += failures.app + failures.mesh;
  }
  return judged <= 0 ? null : 1 - failed / judged;
}

/** A node, its neighbours and the edges between it and them. */
export function neighbourhood(graph: VisibleGraph, key: string): { nodes: ReadonlySet<string>; edges: ReadonlySet<string> } {
  const edges = graph.edges.filter((edge) => edge.source === key || edge.target === key);
  return { nodes: new Set([key, ...edges.flatMap((edge) => [edge.source, edge.target])]), edges: new Set(edges.map((edge) => edge.id)) };
}

/** Width of an edge in px from its traffic: 1 to 6, on a log scale, so that 10 times the traffic is one step. */
export function edgeWidth(requestsPerSecond: number): number {
  return requestsPerSecond <= 0 ? 1 : Math.min(6, Math.max(1, 1.5 + Math.log10(requestsPerSecond) * 1.1));
}

/** Edges with the most trouble first: by state, then by failures per second, then by traffic. */
export function ranked(edges: readonly TopologyEdge[]): TopologyEdge[] {
  return edges.toSorted((a, b) => troubleRank(a.status) - troubleRank(b.status) || failureRate(b.golden) - failureRate(a.golden) || b.golden.requestsPerSecond - a.golden.requestsPerSecond);
}
