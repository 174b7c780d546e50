/** A workload's page: who calls it, whom it calls, and the share of failures on each side. Pure. */
import type { Neighbour, RouteInfo } from '../wire/entities.ts';
import type { z } from 'zod';
import { edgeKey, isEdgeView } from './edge.ts';
import type { EdgeLabels } from './edge.ts';
import { addEdge, createSum, goldenOf } from './golden.ts';
import type { Sum } from './golden.ts';
import { NONE_OPEN, openOf } from './open.ts';
import type { OpenEdges } from './open.ts';
import { statusOf } from './status.ts';
import type { EdgeSum, RouteSum } from './sums.ts';

/** Callers: the edges that end at the workload, worst first. */
export function callersOf(edges: readonly EdgeSum[], key: string, coveredSeconds: number, open: OpenEdges = NONE_OPEN): Neighbour[] {
  return neighbours(edges.filter(({ labels }) => isEdgeView(labels) && labels.destination === key), (labels) => labels.source, coveredSeconds, open);
}

/** Callees: the edges that the workload's own proxy sees going out, worst first. */
export function calleesOf(edges: readonly EdgeSum[], key: string, coveredSeconds: number, open: OpenEdges = NONE_OPEN): Neighbour[] {
  return neighbours(edges.filter(({ labels }) => labels.direction === 'outbound' && labels.source === key), (labels) => labels.destination, coveredSeconds, open);
}

function neighbours(edges: readonly EdgeSum[], otherEnd: (labels: EdgeLabels) => string, coveredSeconds: number, open: OpenEdges): Neighbour[] {
  const sums = edges.map(({ labels, raw }) => {
    const sum = createSum();
    addEdge(sum, raw, labels);
    return { labels, sum };
  });
  const failures = sums.reduce((total, { sum }) => total + failed(sum), 0);
  return sums
    .map(({ labels, sum }) => ({
      workload: otherEnd(labels) || null,
      service: labels.service,
      edge: edgeKey(labels),
      protocol: labels.protocol,
      tls: labels.tls,
      golden: goldenOf(sum, coveredSeconds),
      failureShare: failures > 0 ? failed(sum) / failures : null,
      status: statusOf(sum.counters),
      ...openOf(open, edgeKey(labels)),
    }))
    .sort((a, b) => (b.failureShare ?? 0) - (a.failureShare ?? 0) || b.golden.requests - a.golden.requests || (a.service < b.service ? -1 : 1));
}

function failed(sum: Sum): number {
  return sum.counters.failuresApp + sum.counters.failuresMesh;
}

/** Routes of the workload's services, busiest first; at most `ROUTES_SHOWN_MAX`. */
const ROUTES_SHOWN_MAX = 200;

export function routesOf(routes: readonly RouteSum[], coveredSeconds: number): z.infer<typeof RouteInfo>[] {
  const sums = new Map<string, { route: string; service: string; sum: Sum }>();
  for (const { labels, raw } of routes) {
    const key = `${labels.service}\n${labels.route}`;
    const held = sums.get(key) ?? { route: labels.route, service: labels.service, sum: createSum() };
    // Route rows have no TLS state, so they have no share of it.
    addEdge(held.sum, raw, { protocol: 'http1', tls: 'plain' });
    sums.set(key, held);
  }
  return [...sums.values()]
    .map(({ route, service, sum }) => ({ route, service, golden: { ...goldenOf(sum, coveredSeconds), mtlsShare: null } }))
    .sort((a, b) => b.golden.requests - a.golden.requests || (a.route < b.route ? -1 : 1))
    .slice(0, ROUTES_SHOWN_MAX);
}

/** Services that lead to the workload: by what exists, and by the traffic of the range. */
export function servicesOf(edges: readonly EdgeSum[], declared: Iterable<{ readonly key: string; readonly workloads: readonly string[] }>, key: string): string[] {
  const services = new Set<string>();
  for (const service of declared) if (service.workloads.includes(key)) services.add(service.key);
  for (const { labels } of edges) if (labels.destination === key && labels.service !== '') services.add(labels.service);
  return [...services].sort();
}
