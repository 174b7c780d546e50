/** What the overview reads of all clusters at once: a query per kind of thing, never one per cluster, as far as windows answer. */
import type { Transaction } from '../db/client.ts';
import type { OrgId } from '../db/tenant.ts';
import { createUnpacker } from '../ingest/packed.ts';
import { labelsOfClass } from '../rollup/chunk.ts';
import { createCoverage } from './coverage.ts';
import { addEdgeRow, createSum } from './golden.ts';
import type { Sum } from './golden.ts';
import { visitSubject } from './levels.ts';
import type { EntityNames } from './names.ts';
import { alignSpan, planRange } from './plan.ts';
import type { Hours } from './plan.ts';
import type { Span } from './range.ts';

export interface FleetReading {
  readonly tx: Transaction;
  readonly orgId: OrgId;
  readonly names: EntityNames;
  readonly nowMs: number;
  readonly clusterIds: readonly string[];
  /** Hours of the range and of the strip. */
  readonly hours: ReadonlyMap<string, Hours>;
}

/** A cluster's inbound requests of a span, and the seconds of it that are covered. */
export interface ClusterSum {
  readonly sum: Sum;
  readonly seconds: number;
}

/** Ends of the newest stored windows, ms since 1970; clusters without any are absent. */
export async function readEnds(tx: Transaction, orgId: OrgId, clusterIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const rows = await tx<{ id: string; end_ms: number | null }[]>`
    select wanted.id, (select start_ms + length_ms from tenant.window_part
      where org_id = ${orgId} and cluster_id = wanted.id order by start_ms desc limit 1) as end_ms
    from unnest(${[...clusterIds]}::text[]) as wanted (id)`;
  return new Map(rows.flatMap((row) => (row.end_ms === null ? [] : [[row.id, row.end_ms] as const])));
}

/** The span's sum of every cluster. */
export async function readClusterSums(reading: FleetReading, span: Span): Promise<ReadonlyMap<string, ClusterSum>> {
  const plans = reading.clusterIds.map((id) => {
    const hours = reading.hours.get(id) ?? new Map();
    return { id, plan: planRange(alignSpan(span, hours, reading.nowMs), hours, reading.nowMs, { coarsest: 'hour', everything: true }) };
  });
  const [rolled, open] = [plans.filter(({ plan }) => plan.minutes.length + plan.hours.length > 0), plans.filter(({ plan }) => plan.minutes.length + plan.hours.length === 0)];
  const sums = new Map(await readWindowSums(reading, open.map(({ id }) => id), span));
  for (const { id, plan } of rolled) {
    const [sum, coverage] = [createSum(), createCoverage()];
    await visitSubject({ ...reading, clusterId: id }, plan, { kind: 'cluster' }, true, (labels, _, part, row) => addEdgeRow(sum, part, row, labels), coverage.add);
    sums.set(id, { sum, seconds: coverage.seconds() });
  }
  return sums;
}

async function readWindowSums({ tx, orgId }: FleetReading, clusterIds: readonly string[], span: Span): Promise<ReadonlyMap<string, ClusterSum>> {
  const rows = clusterIds.length === 0 ? [] : await tx<{ cluster_id: string; start_ms: number; length_ms: number; data: string }[]>`
    select cluster_id, start_ms, length_ms, encode(data, 'base64') as data from tenant.window_part
    where org_id = ${orgId} and cluster_id = any(${[...clusterIds]}) and kind = 'sum' and start_ms >= ${span.fromMs} and start_ms < ${span.toMs}`;
  const byCluster = Map.groupBy(rows, (row) => row.cluster_id);
  const unpacker = createUnpacker();
  return new Map(clusterIds.map((id) => {
    const [sum, coverage] = [createSum(), createCoverage()];
    for (const row of byCluster.get(id) ?? []) {
      coverage.add(row.start_ms, row.length_ms);
      const part = unpacker.unpack(row.data, true);
      for (let at = 0; at < part.rows; at++) addEdgeRow(sum, part, at, labelsOfClass(part.entity[at] ?? 0));
    }
    return [id, { sum, seconds: coverage.seconds() }];
  }));
}

/** What exists in a cluster now, as far as an overview tells. */
export interface Inventory {
  readonly workloads: number;
  readonly proxies: { readonly total: number; readonly ready: number; readonly versions: readonly string[] };
  /** The first leaf to expire. */
  readonly leafNotAfter: Date | null;
}

export async function readInventories(tx: Transaction, orgId: OrgId, clusterIds: readonly string[]): Promise<ReadonlyMap<string, Inventory>> {
  const rows = await tx<{ cluster_id: string; workloads: number; total: number; ready: number; versions: string[] | null; not_after: Date | null }[]>`
    select cluster_id, count(*) filter (where kind = 'workload') as workloads, count(*) filter (where kind = 'proxy') as total,
      count(*) filter (where kind = 'proxy' and (attributes ->> 'ready')::boolean and (attributes ->> 'connected')::boolean) as ready,
      array_agg(distinct attributes ->> 'version') filter (where kind = 'proxy') as versions,
      min((attributes ->> 'certificateNotAfter')::timestamptz) filter (where kind = 'proxy') as not_after
    from tenant.entity_version where org_id = ${orgId} and cluster_id = any(${[...clusterIds]}) and valid_to is null group by cluster_id`;
  return new Map(rows.map((row) => [row.cluster_id, {
    workloads: row.workloads, proxies: { total: row.total, ready: row.ready, versions: [...(row.versions ?? [])].sort() }, leafNotAfter: row.not_after,
  }]));
}

export async function readOpenIncidents(tx: Transaction, orgId: OrgId, clusterIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const rows = await tx<{ cluster_id: string; count: number }[]>`
    select cluster_id, count(*) as count from tenant.incident
    where org_id = ${orgId} and cluster_id = any(${[...clusterIds]}) and resolved_at is null group by cluster_id`;
  return new Map(rows.map((row) => [row.cluster_id, row.count]));
}
