/** What a rule's scope counts in a list of edges, and where in it a failure shows first to its users. Pure. */
import { isRequestProtocol } from '../series/edge.ts';
import type { EdgeTotal } from '../series/edge.ts';
import { inScope } from '../series/read.ts';
import type { RuleScope } from './sentence.ts';
import { successRate } from './transition.ts';
import type { WindowTotals } from './transition.ts';

/** Where the search for the origin begins. */
export interface Symptom {
  readonly workload?: string;
  readonly service?: string;
}

/** Sums of the rows that the scope takes in. */
export function scopeTotals(edges: readonly EdgeTotal[], scope: RuleScope): WindowTotals {
  return sum(edges.filter((edge) => inScope(scope, edge)));
}

/**
 * The scope's own workload or service; for a namespace or a whole cluster the workload that passes the most failures to
 * callers that are not failing themselves, which is where users notice. Null when nothing in the scope fails.
 */
export function symptomOf(edges: readonly EdgeTotal[], scope: RuleScope, threshold: number): Symptom | null {
  if (scope.workload !== null) return { workload: scope.workload };
  if (scope.service !== null) return { service: scope.service };
  const inbound = edges.filter((edge) => inScope(scope, edge) && edge.destination !== '');
  const failing = failingWorkloads(edges, threshold);
  const shown = inbound.filter((edge) => !failing.has(edge.source));
  const workload = mostFailures(shown) ?? mostFailures(inbound);
  return workload === null ? null : { workload };
}

function failingWorkloads(edges: readonly EdgeTotal[], threshold: number): Set<string> {
  const byWorkload = Map.groupBy(edges.filter((edge) => edge.direction === 'inbound' && isRequestProtocol(edge.protocol)), (edge) => edge.destination);
  const failing = [...byWorkload].filter(([, rows]) => (successRate(sum(rows)) ?? 1) < threshold);
  return new Set(failing.map(([workload]) => workload));
}

function mostFailures(edges: readonly EdgeTotal[]): string | null {
  const failures = new Map<string, number>();
  for (const edge of edges) failures.set(edge.destination, (failures.get(edge.destination) ?? 0) + edge.failuresApp + edge.failuresMesh);
  const sorted = [...failures].filter(([, count]) => count > 0).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return sorted[0]?.[0] ?? null;
}

function sum(edges: readonly WindowTotals[]): WindowTotals {
  const total = { requests: 0, failuresApp: 0, failuresMesh: 0, failuresClient: 0 };
  for (const edge of edges) {
    total.requests += edge.requests;
    total.failuresApp += edge.failuresApp;
    total.failuresMesh += edge.failuresMesh;
    total.failuresClient += edge.failuresClient;
  }
  return total;
}
