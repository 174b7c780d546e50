/** The overview of all clusters, with its sentence. */
import type { OrgContext } from '../context.ts';
import { readClusters } from '../actions/cluster/row.ts';
import { failingSinceMs } from '../alerts/since.ts';
import type { Health, HealthCluster } from '../wire/entities.ts';
import { clusterHealth } from './health.ts';
import type { EntityNames } from './names.ts';
import { resolveRange } from './range.ts';
import type { RangeQuery, Span } from './range.ts';
import { lastWindowEndMs, readTotals } from './read.ts';
import { fleetSentence } from './sentences.ts';
import type { Reading } from './sums.ts';

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
    const windowMs = rows.reduce((shortest, row) => Math.min(shortest, row.window_ms), WINDOW_MS);
    const ends: number[] = [];
    for (const row of rows) ends.push((await lastWindowEndMs(tx, orgId, row.id)) ?? 0);
    const span = resolveRange(query, nowMs, windowMs, ends.length > 0 ? ends.reduce((latest, end) => Math.max(latest, end)) : null);
    const clusters: HealthCluster[] = [];
    for (const row of rows) clusters.push(await clusterHealth({ tx, orgId, clusterId: row.id, names }, row, span, nowMs));
    const sentence = await sentenceOf({ tx, orgId, clusterId: '', names }, clusters, span, windowMs, nowMs);
    return { range: { ...span, resolutionMs: windowMs }, sentence, clusters };
  });
}

async function sentenceOf(reading: Reading, clusters: readonly HealthCluster[], span: Span, windowMs: number, nowMs: number): Promise<string> {
  const worst = clusters.filter((cluster) => cluster.worst !== null).toSorted(byTrouble)[0];
  const told = worst?.worst
    ? {
        cluster: worst.name,
        workload: worst.worst.workload,
        failureShare: 1 - worst.worst.successRate,
        sinceMs: await failingSince({ ...reading, clusterId: worst.id }, worst.worst.workload, span.toMs, windowMs),
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

async function failingSince(reading: Reading, workload: string, toMs: number, windowMs: number): Promise<number> {
  const scope = { clusterId: null, namespace: null, service: null, workload };
  return failingSinceMs({ fromMs: toMs - SINCE_LOOK_BACK_MS, toMs }, windowMs, HEALTHY_FROM, (slice) =>
    readTotals(reading.tx, reading.orgId, reading.clusterId, scope, slice.fromMs, slice.toMs, reading.names));
}
