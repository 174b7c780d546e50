/** One cluster's line of the fleet's overview, from what was read of all clusters at once. */
import { isConnected } from '../actions/cluster/row.ts';
import type { ClusterRow } from '../actions/cluster/row.ts';
import { symptomOf } from '../alerts/symptom.ts';
import type { HealthCluster } from '../wire/entities.ts';
import { isRequestProtocol } from './edge.ts';
import type { EdgeTotal } from './edge.ts';
import type { ClusterSum, Inventory } from './fleet-reads.ts';
import { goldenOf, successRate } from './golden.ts';
import { origin } from './origin.ts';
import { clusterStatus } from './status.ts';
import type { Counts } from './status.ts';

const EVERYTHING = { clusterId: null, namespace: null, workload: null, service: null };
const HEALTHY_FROM = 0.99;

export interface ClusterFacts {
  readonly row: ClusterRow;
  readonly total: ClusterSum | undefined;
  /** The last minutes, which the status is judged by. */
  readonly recent: ClusterSum | undefined;
  readonly inventory: Inventory | undefined;
  readonly openIncidents: number;
  readonly strip: HealthCluster['strip'];
}

/** Without its worst workload, which only troubled clusters have. */
export function clusterHealth({ row, total, recent, inventory, openIncidents, strip }: ClusterFacts, nowMs: number): HealthCluster {
  const golden = total && goldenOf(total.sum, total.seconds);
  const connected = isConnected(row, nowMs);
  const none: Counts = { requests: 0, failuresApp: 0, failuresMesh: 0, failuresClient: 0 };
  return {
    id: row.id,
    name: row.name,
    status: clusterStatus(recent?.sum.counters ?? none, connected),
    successRate: golden?.successRate ?? null,
    requestsPerSecond: golden?.requestsPerSecond ?? 0,
    latencyMs: golden?.latencyMs ?? { p50: null, p95: null, p99: null },
    mtlsShare: golden?.mtlsShare ?? null,
    lastSeen: row.last_seen_at?.toISOString() ?? null,
    agent: { connected, version: row.agent_version },
    proxies: inventory ? { ...inventory.proxies, versions: [...inventory.proxies.versions] } : { total: 0, ready: 0, versions: [] },
    workloads: inventory?.workloads ?? 0,
    certificateNotAfter: firstExpiry([row.trust_anchor_not_after, inventory?.leafNotAfter ?? null]),
    openIncidents,
    worst: null,
    strip,
  };
}

/** The workload where users notice the failures, and where those start. */
export function worstOf(edges: readonly EdgeTotal[]): HealthCluster['worst'] {
  const workload = symptomOf(edges, EVERYTHING, HEALTHY_FROM)?.workload;
  if (workload === undefined) return null;
  const rate = successRate(inboundCounts(edges, workload));
  if (rate === null) return null;
  const last = origin(edges, { workload }).at(-1);
  return { workload, successRate: rate, origin: last?.workload ?? last?.service ?? null };
}

function inboundCounts(edges: readonly EdgeTotal[], workload: string): Counts {
  const total = { requests: 0, failuresApp: 0, failuresMesh: 0, failuresClient: 0 };
  for (const edge of edges) {
    if (edge.direction !== 'inbound' || edge.destination !== workload || !isRequestProtocol(edge.protocol)) continue;
    total.requests += edge.requests;
    total.failuresApp += edge.failuresApp;
    total.failuresMesh += edge.failuresMesh;
    total.failuresClient += edge.failuresClient;
  }
  return total;
}

/** The first leaf or trust anchor to expire. */
function firstExpiry(ends: readonly (Date | null)[]): string | null {
  const known = ends.flatMap((end) => (end === null ? [] : [end.getTime()]));
  return known.length === 0 ? null : new Date(known.reduce((first, end) => Math.min(first, end))).toISOString();
}
