/** The graph of a range: nodes and edges out of summed rows and what exists. Pure. */
import type { WorkloadState } from '../../agent/wire/topology.ts';
import type { Topology, TopologyEdge, TopologyNode, WorkloadRow } from '../wire/entities.ts';
import { edgeKey, isEdgeView, nameOf, namespaceOf } from './edge.ts';
import type { EdgeLabels } from './edge.ts';
import type { Existing } from './exists.ts';
import { addEdge, createSum, goldenOf } from './golden.ts';
import type { Sum } from './golden.ts';
import { NONE_OPEN, openOf } from './open.ts';
import type { OpenEdges } from './open.ts';
import { statusOf } from './status.ts';
import type { EdgeSum } from './sums.ts';

/** The node of all callers outside the mesh. */
export const OUTSIDE = 'outside';

/** An edge row of the range with a name for each of its ends. */
export function sourceNode(labels: EdgeLabels): string {
  return labels.source === '' ? OUTSIDE : labels.source;
}

export function targetNode(labels: EdgeLabels): string {
  return labels.destination === '' ? `service:${labels.service}` : labels.destination;
}

/** Edges and nodes of the namespace (of either end), or of all; workloads without traffic are nodes too. */
export function graphOf(edges: readonly EdgeSum[], existing: Existing, coveredSeconds: number, namespace: string | null, open: OpenEdges = NONE_OPEN): Pick<Topology, 'nodes' | 'edges'> {
  const inbound = inboundByWorkload(edges);
  const shown = edges.filter(({ labels }) => isEdgeView(labels) && (namespace === null || touches(labels, namespace)));
  const drawn = shown.map(({ labels, raw }) => ({ ...drawEdge(labels, raw, coveredSeconds), ...openOf(open, edgeKey(labels)) }));
  const keys = new Set([...existing.workloads.keys()].filter((key) => namespace === null || namespaceOf(key) === namespace));
  for (const edge of drawn) keys.add(edge.source).add(edge.target);
  const nodes = [...keys].sort().map((key) => drawNode(key, existing.workloads.get(key), inbound.get(key), coveredSeconds));
  return { nodes, edges: drawn.toSorted((a, b) => (a.id < b.id ? -1 : 1)) };
}

function touches(labels: EdgeLabels, namespace: string): boolean {
  return [labels.source, labels.destination, labels.service].some((key) => namespaceOf(key) === namespace);
}

function drawEdge(labels: EdgeLabels, raw: EdgeSum['raw'], coveredSeconds: number): TopologyEdge {
  const sum = createSum();
  addEdge(sum, raw, labels);
  return {
    id: edgeKey(labels),
    source: sourceNode(labels),
    target: targetNode(labels),
    service: labels.service,
    protocol: labels.protocol,
    tls: labels.tls,
    golden: goldenOf(sum, coveredSeconds),
    status: statusOf(sum.counters),
  };
}

function drawNode(key: string, state: WorkloadState | undefined, sum: Sum | undefined, coveredSeconds: number): TopologyNode {
  const kind = key === OUTSIDE ? 'outside' : key.startsWith('service:') ? 'service' : 'workload';
  const named = key.replace(/^service:/, '');
  return {
    key,
    kind,
    namespace: namespaceOf(named),
    name: nameOf(named),
    meshed: state?.meshed ?? sum !== undefined,
    instances: state?.instances ?? 0,
    status: sum ? statusOf(sum.counters) : 'nodata',
    golden: sum ? goldenOf(sum, coveredSeconds) : null,
  };
}

/** A workload's golden metrics are its inbound view. */
export function inboundByWorkload(edges: readonly EdgeSum[]): Map<string, Sum> {
  const sums = new Map<string, Sum>();
  for (const { labels, raw } of edges) {
    if (labels.direction !== 'inbound' || labels.destination === '') continue;
    const sum = sums.get(labels.destination) ?? createSum();
    addEdge(sum, raw, labels);
    sums.set(labels.destination, sum);
  }
  return sums;
}

/** One row of the list of workloads. */
export function workloadRow(key: string, state: WorkloadState | undefined, sum: Sum | undefined, coveredSeconds: number, open = 0): WorkloadRow {
  const [namespace = '', kind = ''] = key.split('/');
  const total = sum ?? createSum();
  return {
    key,
    namespace,
    kind,
    name: nameOf(key),
    meshed: state?.meshed ?? sum !== undefined,
    instances: state?.instances ?? 0,
    status: statusOf(total.counters),
    golden: goldenOf(total, coveredSeconds),
    ...(open > 0 ? { open } : {}),
  };
}
