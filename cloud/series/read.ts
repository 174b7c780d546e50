/** Reads packed 10-second windows of a cluster and sums them. Ranges are ms since 1970, `toMs` excluded, by the windows' begin. */
import type { z } from 'zod';
import type { Transaction } from '../db/client.ts';
import type { OrgId } from '../db/tenant.ts';
import { unpackRows } from '../ingest/packed.ts';
import type { UnpackedPart } from '../ingest/packed.ts';
import type { RuleScope } from '../wire/entities.ts';
import { isEdgeView, isRequestProtocol, namespaceOf } from './edge.ts';
import type { EdgeLabels, EdgeTotal } from './edge.ts';
import { createEntityNames } from './names.ts';
import type { EntityKind, EntityNames } from './names.ts';

export type { EdgeTotal } from './edge.ts';

/** Rows fetched from Postgres at once: some 2 MB of packed parts. */
const CURSOR_ROWS = 500;

export interface WindowPart {
  readonly startMs: number;
  readonly lengthMs: number;
  readonly part: UnpackedPart;
}

/** Calls `visit` for each part of the range, oldest first. Without `histograms` the latencies are not read. */
export async function readParts(
  tx: Transaction, orgId: OrgId, clusterId: string, kind: EntityKind, fromMs: number, toMs: number, histograms: boolean,
  visit: (part: WindowPart) => void,
): Promise<void> {
  const batches = tx<{ start_ms: number; length_ms: number; data: Uint8Array }[]>`
    select start_ms, length_ms, data from tenant.window_part
    where org_id = ${orgId} and cluster_id = ${clusterId} and kind = ${kind} and start_ms >= ${fromMs} and start_ms < ${toMs}
    order by start_ms`.cursor(CURSOR_ROWS);
  for await (const rows of batches) {
    for (const row of rows) visit({ startMs: row.start_ms, lengthMs: row.length_ms, part: unpackRows(row.data, histograms) });
  }
}

interface Sums {
  requests: number;
  failuresApp: number;
  failuresMesh: number;
  failuresClient: number;
}

/** Sums of the counters by edge id. */
async function sumByEdge(tx: Transaction, orgId: OrgId, clusterId: string, fromMs: number, toMs: number): Promise<Map<number, Sums>> {
  const sums = new Map<number, Sums>();
  await readParts(tx, orgId, clusterId, 'edge', fromMs, toMs, false, ({ part }) => {
    for (let row = 0; row < part.rows; row++) {
      const id = part.entity[row] ?? 0;
      const sum = sums.get(id) ?? { requests: 0, failuresApp: 0, failuresMesh: 0, failuresClient: 0 };
      sum.requests += part.counters.requests[row] ?? 0;
      sum.failuresApp += part.counters.failuresApp[row] ?? 0;
      sum.failuresMesh += part.counters.failuresMesh[row] ?? 0;
      sum.failuresClient += part.counters.failuresClient[row] ?? 0;
      sums.set(id, sum);
    }
  });
  return sums;
}

/** All rows of both views; filter by `isEdgeView` for edges, by direction for a workload's inbound view. */
export async function readEdgeTotals(
  tx: Transaction, orgId: OrgId, clusterId: string, fromMs: number, toMs: number, names: EntityNames = createEntityNames(),
): Promise<EdgeTotal[]> {
  const sums = await sumByEdge(tx, orgId, clusterId, fromMs, toMs);
  const labels = await names.edges(tx, orgId, clusterId, sums.keys());
  const totals: EdgeTotal[] = [];
  for (const [id, sum] of sums) {
    const edge = labels.get(id);
    if (edge) totals.push({ ...edge, ...sum });
  }
  return totals;
}

/** True when a rule's scope takes the row into its sum. The scope's cluster is the caller's business. */
export function inScope(scope: z.infer<typeof RuleScope>, edge: EdgeLabels): boolean {
  if (!isRequestProtocol(edge.protocol)) return false;
  if (scope.workload !== null && edge.destination !== scope.workload) return false;
  if (scope.service === null) {
    return edge.direction === 'inbound' && (scope.namespace === null || namespaceOf(edge.destination) === scope.namespace);
  }
  return edge.service === scope.service && isEdgeView(edge) && (scope.namespace === null || namespaceOf(edge.service) === scope.namespace);
}

/** What a rule's scope counted in a range of one cluster; zeros when the scope names another cluster. */
export async function readTotals(
  tx: Transaction, orgId: OrgId, clusterId: string, scope: z.infer<typeof RuleScope>, fromMs: number, toMs: number, names?: EntityNames,
): Promise<Sums> {
  const total: Sums = { requests: 0, failuresApp: 0, failuresMesh: 0, failuresClient: 0 };
  if (scope.clusterId !== null && scope.clusterId !== clusterId) return total;
  for (const edge of await readEdgeTotals(tx, orgId, clusterId, fromMs, toMs, names)) {
    if (!inScope(scope, edge)) continue;
    total.requests += edge.requests;
    total.failuresApp += edge.failuresApp;
    total.failuresMesh += edge.failuresMesh;
    total.failuresClient += edge.failuresClient;
  }
  return total;
}

/** End of the newest stored window, ms since 1970; null before the first. */
export async function lastWindowEndMs(tx: Transaction, orgId: OrgId, clusterId: string): Promise<number | null> {
  const [row] = await tx<{ end_ms: number }[]>`
    select start_ms + length_ms as end_ms from tenant.window_part
    where org_id = ${orgId} and cluster_id = ${clusterId} order by start_ms desc limit 1`;
  return row?.end_ms ?? null;
}
