/** The overview of all clusters, with its sentence. */
import type { OrgContext } from '../context.ts';
import { readClusters } from '../actions/cluster/row.ts';
import type { ClusterRow } from '../actions/cluster/row.ts';
import { failingSinceMs } from '../alerts/since.ts';
import type { Health, HealthCluster } from '../wire/entities.ts';
import { readClusterSums, readEnds, readInventories, readOpenIncidents } from './fleet-reads.ts';
import type { FleetReading } from './fleet-reads.ts';
import { clusterHealth, worstOf } from './health.ts';
import { readHoursOf } from './hours.ts';
import type { EntityNames } from './names.ts';
import { sourcesOf } from './plan.ts';
import { resolveRange } from './range.ts';
import type { RangeQuery, Span } from './range.ts';
import { readEdgeTotals, readTotals } from './read.ts';
import { fleetSentence } from './sentences.ts';
import { STATUS_WINDOW_MS } from './status.ts';
import { hoursSpan, readStrips } from './strip.ts';

/** How far back the begin of a failure is searched. */
const SINCE_LOOK_BACK_MS = 3_600_000;
const HEALTHY_FROM = 0.99;
/** The fleet's range is aligned to this where clusters have no windows of another length. */
const WINDOW_MS = 10_000;

export async function readFleet(context: OrgContext, names: EntityNames, query: RangeQuery): Promise<Health> {
  const { orgId } = context.tenant;
  const nowMs = context.now();
  return context.tenant.snapshot(async (tx) => {
    const rows = await readClusters(tx, orgId);
    const clusterIds = rows.map((row) => row.id);
    const windowMs = rows.reduce((shortest, row) => Math.min(shortest, row.window_ms), WINDOW_MS);
    const ends = [...(await readEnds(tx, orgId, clusterIds)).values()];
    const span = resolveRange(query, nowMs, windowMs, ends.length > 0 ? ends.reduce((latest, end) => Math.max(latest, end)) : null);
    const hours = await readHoursOf(tx, orgId, clusterIds, hoursSpan(span));
    const reading = { tx, orgId, names, nowMs, clusterIds, hours };
    const clusters = await readLines(reading, rows, span);
    const imported = [...new Set([...hours.values()].flatMap((of) => sourcesOf(span, of)))].sort();
    const sentence = await sentenceOf(reading, clusters, span, windowMs);
    return { range: { ...span, resolutionMs: windowMs, ...(imported.length > 0 ? { imported } : {}) }, sentence, clusters };
  });
}

async function readLines(reading: FleetReading, rows: readonly ClusterRow[], span: Span): Promise<HealthCluster[]> {
  const { tx, orgId, clusterIds, hours, nowMs } = reading;
  const status = { fromMs: span.toMs - STATUS_WINDOW_MS, toMs: span.toMs };
  const totals = await readClusterSums(reading, span);
  const recent = span.fromMs === status.fromMs ? totals : await readClusterSums(reading, status);
  const inventories = await readInventories(tx, orgId, clusterIds);
  const incidents = await readOpenIncidents(tx, orgId, clusterIds);
  const strips = await readStrips(tx, orgId, clusterIds, hours, span.toMs, nowMs);
  const lines: HealthCluster[] = [];
  for (const row of rows) {
    const strip = strips.get(row.id) ?? { startMs: span.fromMs, stepMs: 1, points: [] };
    const line = clusterHealth({ row, total: totals.get(row.id), recent: recent.get(row.id), inventory: inventories.get(row.id), openIncidents: incidents.get(row.id) ?? 0, strip }, nowMs);
    const troubled = line.status === 'degraded' || line.status === 'failing';
    lines.push(troubled ? { ...line, worst: worstOf(await readEdgeTotals(tx, orgId, row.id, status.fromMs, status.toMs, reading.names)) } : line);
  }
  return lines;
}

async function sentenceOf(reading: FleetReading, clusters: readonly HealthCluster[], span: Span, windowMs: number): Promise<string> {
  const { nowMs } = reading;
  const worst = clusters.filter((cluster) => cluster.worst !== null).toSorted(byTrouble)[0];
  const told = worst?.worst
    ? {
        cluster: worst.name,
        workload: worst.worst.workload,
        failureShare: 1 - worst.worst.successRate,
        sinceMs: await failingSince(reading, worst.id, worst.worst.workload, span.toMs, windowMs),
        origin: worst.worst.origin,
      }
    : null;
  const silentMs = (lastSeen: string | null): number | null => (lastSeen === null ? null : nowMs - Date.parse(lastSeen));
  return fleetSentence({ clusters: clusters.map((cluster) => ({ name: cluster.name, status: cluster.status, silentMs: silentMs(cluster.lastSeen) })), worst: told, nowMs });
}

/** Failing before degraded, then by the share that fails. */
function byTrouble(a: HealthCluster, b: HealthCluster): number {
  const rank = (cluster: HealthCluster): number => (cluster.status === 'failing' ? 0 : 1);
  return rank(a) - rank(b) || (a.worst?.successRate ?? 1) - (b.worst?.successRate ?? 1);
}

async function failingSince({ tx, orgId, names }: FleetReading, clusterId: string, workload: string, toMs: number, windowMs: number): Promise<number> {
  const scope = { clusterId: null, namespace: null, service: null, workload };
  return failingSinceMs({ fromMs: toMs - SINCE_LOOK_BACK_MS, toMs }, windowMs, HEALTHY_FROM, (slice) =>
    readTotals(tx, orgId, clusterId, scope, slice.fromMs, slice.toMs, names));
}
