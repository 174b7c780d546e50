/** Reads what is stored of each hour of a range. */
import type { Transaction } from '../db/client.ts';
import type { OrgId } from '../db/tenant.ts';
import { HOUR_MS } from '../rollup/chunk.ts';
import type { HourState, Hours } from './plan.ts';
import type { Span } from './range.ts';

interface HourRow {
  readonly cluster_id: string;
  readonly hour_ms: number;
  readonly origin: 'measured' | 'imported';
  readonly dirty: boolean;
  readonly sliced_to_ms: number | null;
  readonly points: 'minute' | 'hour' | null;
  readonly source: string | null;
}

/** Hours that a span touches, of one cluster. */
export async function readHours(tx: Transaction, orgId: OrgId, clusterId: string, span: Span): Promise<Hours> {
  return (await readHoursOf(tx, orgId, [clusterId], span)).get(clusterId) ?? new Map();
}

/** The same of several clusters, in one query. */
export async function readHoursOf(tx: Transaction, orgId: OrgId, clusterIds: readonly string[], span: Span): Promise<ReadonlyMap<string, Hours>> {
  const rows = await tx<HourRow[]>`
    select cluster_id, hour_ms, origin, dirty_since is not null as dirty, sliced_to_ms, points, source from tenant.rollup_hour
    where org_id = ${orgId} and cluster_id = any(${[...clusterIds]}) and hour_ms >= ${span.fromMs - (span.fromMs % HOUR_MS)} and hour_ms < ${span.toMs}`;
  const byCluster = Map.groupBy(rows, (row) => row.cluster_id);
  return new Map([...byCluster].map(([id, hours]) => [id, new Map(hours.map((row) => [row.hour_ms, stateOf(row)]))]));
}

function stateOf(row: HourRow): HourState {
  if (row.origin === 'imported') return { kind: 'imported', points: row.points ?? 'hour', source: row.source ?? '' };
  return row.dirty ? { kind: 'open', slicedToMs: row.sliced_to_ms ?? row.hour_ms } : { kind: 'rolled' };
}
