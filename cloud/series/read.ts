/** What edges, and what a rule's scope, counted in a range: from whole hours and minutes where they are rolled up, else from windows. */
import type { z } from 'zod';
import type { Transaction } from '../db/client.ts';
import type { OrgId } from '../db/tenant.ts';
import type { RuleScope } from '../wire/entities.ts';
import { isEdgeView, isRequestProtocol, namespaceOf } from './edge.ts';
import type { EdgeLabels, EdgeTotal } from './edge.ts';
import { readHours } from './hours.ts';
import { visitEntities } from './levels.ts';
import { createEntityNames } from './names.ts';
import type { EntityNames } from './names.ts';
import { alignSpan, planRange } from './plan.ts';

export type { EdgeTotal } from './edge.ts';
export { lastWindowEndMs } from './windows.ts';

interface Sums {
  requests: number;
  failuresApp: number;
  failuresMesh: number;
  failuresClient: number;
}

/**
 * All rows of both views; filter by `isEdgeView` for edges, by direction for a workload's inbound view. The range is
 * widened where its ends lie in hours that are kept as minutes or hours only.
 */
export async function readEdgeTotals(
  tx: Transaction, orgId: OrgId, clusterId: string, fromMs: number, toMs: number, names: EntityNames = createEntityNames(),
): Promise<EdgeTotal[]> {
  const hours = await readHours(tx, orgId, clusterId, { fromMs, toMs });
  // What is kept is judged at the range's end: no level that is older than that is dropped any sooner.
  const span = alignSpan({ fromMs, toMs }, hours, toMs);
  const plan = planRange(span, hours, toMs, { coarsest: 'hour', everything: true });
  const sums = new Map<number, Sums>();
  await visitEntities({ tx, orgId, clusterId, names, nowMs: toMs }, plan, 'edge', null, false, (id, _, { counters }, row) => {
    const sum = sums.get(id) ?? { requests: 0, failuresApp: 0, failuresMesh: 0, failuresClient: 0 };
    sum.requests += counters.requests[row] ?? 0;
    sum.failuresApp += counters.failuresApp[row] ?? 0;
    sum.failuresMesh += counters.failuresMesh[row] ?? 0;
    sum.failuresClient += counters.failuresClient[row] ?? 0;
    sums.set(id, sum);
  }, null);
  const labels = await names.edges(tx, orgId, clusterId, sums.keys());
  return [...sums].flatMap(([id, sum]) => {
    const edge = labels.get(id);
    return edge ? [{ ...edge, ...sum }] : [];
  });
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
