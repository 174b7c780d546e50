/** Open exchanges by edge, for a range that ends about now. */
import type { ClusterReading } from './reading.ts';
import { edgeKey, parseEdgeKey } from './edge.ts';
import { createRaw } from './golden.ts';
import type { EdgeSum } from './sums.ts';

/** What is older says nothing of the present. */
const OPEN_MS_MAX = 60_000;

/** Exchanges open by the edge's key. */
export type OpenEdges = ReadonlyMap<string, number>;

export const NONE_OPEN: OpenEdges = new Map();

export async function readOpenEdges({ tx, orgId, clusterId, nowMs }: ClusterReading): Promise<OpenEdges> {
  const rows = await tx<{ edge: string; open: number }[]>`
    select edge, open from tenant.edge_open where org_id = ${orgId} and cluster_id = ${clusterId} and start_ms > ${nowMs - OPEN_MS_MAX}`;
  return new Map(rows.map(({ edge, open }) => [edge, open]));
}

/** The edges of a range and those that are only known to be open, with nothing counted on them. */
export function withOpen(edges: readonly EdgeSum[], open: OpenEdges): readonly EdgeSum[] {
  if (open.size === 0) return edges;
  const known = new Set(edges.map(({ labels }) => edgeKey(labels)));
  const silent = [...open.keys()].flatMap((key) => {
    const labels = known.has(key) ? null : parseEdgeKey(key);
    return labels === null ? [] : [{ labels, raw: createRaw() }];
  });
  return [...edges, ...silent];
}

/** Of the edges that begin or end at a workload. */
export function openTouching(open: OpenEdges, workload: string): OpenEdges {
  return new Map([...open].filter(([key]) => {
    const labels = parseEdgeKey(key);
    return labels?.source === workload || labels?.destination === workload;
  }));
}

/** Sums of what is open by workload, in one pass. */
export function openByWorkload(open: OpenEdges): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const [key, count] of open) {
    const labels = parseEdgeKey(key);
    if (labels?.direction === 'inbound' && labels.destination !== '') sums.set(labels.destination, (sums.get(labels.destination) ?? 0) + count);
  }
  return sums;
}

/** Members for an edge on the wire: nothing where nothing is open. */
export function openOf(open: OpenEdges, key: string): { readonly open?: number } {
  const count = open.get(key) ?? 0;
  return count > 0 ? { open: count } : {};
}
