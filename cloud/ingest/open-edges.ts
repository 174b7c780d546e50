/** Exchanges open on each edge at the end of the newest window: a long stream or connection shows although nothing ends on it. */
import type { ClusterWindow } from '../../agent/wire/rollup.ts';
import type { Transaction } from '../db/client.ts';
import type { OrgId } from '../db/tenant.ts';
import { edgeKey, isRequestProtocol } from '../series/edge.ts';
import { edgeLabels } from './rows.ts';

/** Edges of a cluster whose open exchanges are kept: connections first, then those with the most. */
export const OPEN_EDGES_MAX = 1_000;

export interface OpenEdge {
  readonly edge: string;
  readonly open: number;
}

/** Of one window, bounded. Pure. */
export function openEdges(window: ClusterWindow): OpenEdge[] {
  const { open = [] } = window.edges;
  const found = open.flatMap((count, at) => {
    const labels = edgeLabels(window, at);
    return count > 0 ? [{ edge: edgeKey(labels), open: count, connection: !isRequestProtocol(labels.protocol) }] : [];
  });
  if (found.length > OPEN_EDGES_MAX) found.sort((a, b) => Number(b.connection) - Number(a.connection) || b.open - a.open);
  return found.slice(0, OPEN_EDGES_MAX).map(({ edge, open: count }) => ({ edge, open: count }));
}

/** Puts the newest of these windows in place of what is stored, unless that is newer. */
export async function replaceOpenEdges(tx: Transaction, orgId: OrgId, clusterId: string, windows: readonly ClusterWindow[]): Promise<void> {
  const newest = windows.reduce<ClusterWindow | null>((latest, window) => (latest === null || window.startMs > latest.startMs ? window : latest), null);
  if (newest === null) return;
  const [held] = await tx<{ start_ms: number }[]>`select start_ms from tenant.edge_open where org_id = ${orgId} and cluster_id = ${clusterId} limit 1`;
  if (held !== undefined && held.start_ms > newest.startMs) return;
  const edges = openEdges(newest);
  if (held === undefined && edges.length === 0) return;
  await tx`delete from tenant.edge_open where org_id = ${orgId} and cluster_id = ${clusterId}`;
  if (edges.length === 0) return;
  await tx`
    insert into tenant.edge_open (org_id, cluster_id, edge, open, start_ms)
    select ${orgId}, ${clusterId}, one.edge, sum(one.open), ${newest.startMs}
    from unnest(${edges.map(({ edge }) => edge)}::text[], ${edges.map(({ open }) => open)}::integer[]) as one (edge, open) group by one.edge`;
}
