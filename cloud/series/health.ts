/** One cluster's line of the fleet's overview. */
import type { Transaction } from '../db/client.ts';
import type { OrgId } from '../db/tenant.ts';
import { isConnected } from '../actions/cluster/row.ts';
import type { ClusterRow } from '../actions/cluster/row.ts';
import { symptomOf } from '../alerts/symptom.ts';
import type { HealthCluster } from '../wire/entities.ts';
import { isRequestProtocol } from './edge.ts';
import type { EdgeTotal } from './edge.ts';
import { readExisting } from './exists.ts';
import type { Existing } from './exists.ts';
import { goldenOf, successRate } from './golden.ts';
import { origin } from './origin.ts';
import type { Span } from './range.ts';
import { readEdgeTotals } from './read.ts';
import { clusterStatus, STATUS_WINDOW_MS } from './status.ts';
import type { Counts } from './status.ts';
import { sumAll, sumEdges } from './sums.ts';
import type { Reading } from './sums.ts';

const STRIP_POINTS = 96;
const STRIP_STEP_MS = 15 * 60_000;
const EVERYTHING = { clusterId: null, namespace: null, workload: null, service: null };
const HEALTHY_FROM = 0.99;

export async function clusterHealth(reading: Reading, row: ClusterRow, span: Span, nowMs: number): Promise<HealthCluster> {
  const { tx, orgId, clusterId } = reading;
  const { edges, coverage } = await sumEdges(reading, span, (labels) => labels.direction === 'inbound');
  const golden = goldenOf(sumAll(edges), coverage.seconds());
  const recent = await readEdgeTotals(tx, orgId, clusterId, span.toMs - STATUS_WINDOW_MS, span.toMs, reading.names);
  const connected = isConnected(row, nowMs);
  const status = clusterStatus(inboundCounts(recent), connected);
  const existing = await readExisting(tx, orgId, clusterId);
  return {
    id: row.id,
    name: row.name,
    status,
    successRate: golden.successRate,
    requestsPerSecond: golden.requestsPerSecond,
    latencyMs: golden.latencyMs,
    mtlsShare: golden.mtlsShare,
    lastSeen: row.last_seen_at?.toISOString() ?? null,
    agent: { connected, version: row.agent_version },
    proxies: proxiesOf(existing),
    workloads: existing.workloads.size,
    certificateNotAfter: firstExpiry(row, existing),
    openIncidents: await countOpenIncidents(tx, orgId, clusterId),
    worst: status === 'degraded' || status === 'failing' ? worstOf(recent) : null,
    strip: await readStrip(tx, orgId, clusterId, span.toMs),
  };
}

function inboundCounts(edges: readonly EdgeTotal[], workload?: string): Counts {
  const total = { requests: 0, failuresApp: 0, failuresMesh: 0, failuresClient: 0 };
  for (const edge of edges) {
    if (edge.direction !== 'inbound' || !isRequestProtocol(edge.protocol)) continue;
    if (workload !== undefined && edge.destination !== workload) continue;
    total.requests += edge.requests;
    total.failuresApp += edge.failuresApp;
    total.failuresMesh += edge.failuresMesh;
    total.failuresClient += edge.failuresClient;
  }
  return total;
}

/** The workload where users notice the failures, and where those start. */
function worstOf(edges: readonly EdgeTotal[]): HealthCluster['worst'] {
  const workload = symptomOf(edges, EVERYTHING, HEALTHY_FROM)?.workload;
  if (workload === undefined) return null;
  const rate = successRate(inboundCounts(edges, workload));
  if (rate === null) return null;
  const last = origin(edges, { workload }).at(-1);
  return { workload, successRate: rate, origin: last?.workload ?? last?.service ?? null };
}

function proxiesOf(existing: Existing): HealthCluster['proxies'] {
  const ready = existing.proxies.filter((proxy) => proxy.ready && proxy.connected).length;
  return { total: existing.proxies.length, ready, versions: [...new Set(existing.proxies.map((proxy) => proxy.version))].sort() };
}

/** The first leaf or trust anchor to expire. */
function firstExpiry(row: ClusterRow, existing: Existing): string | null {
  const ends = existing.proxies.map((proxy) => Date.parse(proxy.certificateNotAfter ?? '')).filter((end) => !Number.isNaN(end));
  if (row.trust_anchor_not_after) ends.push(row.trust_anchor_not_after.getTime());
  return ends.length === 0 ? null : new Date(ends.reduce((first, end) => Math.min(first, end))).toISOString();
}

async function countOpenIncidents(tx: Transaction, orgId: OrgId, clusterId: string): Promise<number> {
  const [row] = await tx<{ count: number }[]>`
    select count(*) as count from tenant.incident where org_id = ${orgId} and cluster_id = ${clusterId} and resolved_at is null`;
  return row?.count ?? 0;
}

/** The last 24 hours by quarter; a quarter without a window is a gap. */
async function readStrip(tx: Transaction, orgId: OrgId, clusterId: string, toMs: number): Promise<HealthCluster['strip']> {
  const startMs = (Math.ceil(toMs / STRIP_STEP_MS) - STRIP_POINTS) * STRIP_STEP_MS;
  const rows = await tx<{ at: number; requests: number; failures: number }[]>`
    select start_ms / ${STRIP_STEP_MS}::bigint * ${STRIP_STEP_MS}::bigint as at, sum(requests)::bigint as requests, sum(failures)::bigint as failures
    from tenant.window_part
    where org_id = ${orgId} and cluster_id = ${clusterId} and kind = 'edge' and start_ms >= ${startMs} and start_ms < ${toMs} group by 1`;
  const byStart = new Map(rows.map((row) => [row.at, row]));
  const points = Array.from({ length: STRIP_POINTS }, (_, at) => {
    const row = byStart.get(startMs + at * STRIP_STEP_MS);
    return { requests: row?.requests ?? 0, failures: row?.failures ?? 0, gap: row === undefined, imported: false };
  });
  return { startMs, stepMs: STRIP_STEP_MS, points };
}
