/** What ingest notes about the hours that its windows fall into, in its own transaction. */
import type { Transaction } from '../db/client.ts';
import type { OrgId } from '../db/tenant.ts';
import { HOUR_MS, SLICE_MS } from './chunk.ts';

/**
 * No roll-up can be at work on windows younger than this (`CLOSED_AFTER_MS` is twice as long), so their hour's row need
 * not be locked: frames of the open hour never wait for a roll-up.
 */
const FRESH_MS = 60_000;

export const hourOf = (atMs: number): number => Math.floor(atMs / HOUR_MS) * HOUR_MS;

/** Those of the hours that were imported: they take no measured windows. The caller holds the cluster's row, and so does an import. */
export async function importedAmong(tx: Transaction, orgId: OrgId, clusterId: string, hours: Iterable<number>): Promise<ReadonlySet<number>> {
  const list = [...new Set(hours)];
  if (list.length === 0) return new Set();
  const rows = await tx<{ hour_ms: number }[]>`
    select hour_ms from tenant.rollup_hour
    where org_id = ${orgId} and cluster_id = ${clusterId} and hour_ms = any(${list}::bigint[]) and origin = 'imported'`;
  return new Set(rows.map((row) => row.hour_ms));
}

/**
 * Marks the hours of windows that begin at `starts`: a roll-up is due when they have closed, or again. Minutes of an open
 * hour that were already sliced are taken back from the first late window on.
 */
export async function markDirty(tx: Transaction, orgId: OrgId, clusterId: string, starts: readonly number[], nowMs: number): Promise<void> {
  const now = new Date(nowMs);
  const late = starts.filter((start) => start < nowMs - FRESH_MS);
  const fresh = [...new Set(starts.filter((start) => start >= nowMs - FRESH_MS).map(hourOf))];
  if (fresh.length > 0) {
    await tx`
      insert into tenant.rollup_hour (org_id, cluster_id, hour_ms, dirty_since)
      select ${orgId}, ${clusterId}, hour_ms, ${now} from unnest(${fresh}::bigint[]) as fresh (hour_ms) on conflict do nothing`;
  }
  const byHour = Map.groupBy(late, hourOf);
  if (byHour.size === 0) return;
  const hours = [...byHour.keys()].sort((a, b) => a - b);
  const slices = hours.map((hour) => (byHour.get(hour) ?? []).reduce((first, start) => Math.min(first, Math.floor(start / SLICE_MS) * SLICE_MS), Infinity));
  // Not least(): it would take an hour without slices for one with some.
  await tx`
    with late as (select * from unnest(${hours}::bigint[], ${slices}::bigint[]) as late (hour_ms, slice_ms))
    insert into tenant.rollup_hour as h (org_id, cluster_id, hour_ms, dirty_since)
    select ${orgId}, ${clusterId}, late.hour_ms, ${now} from late
    on conflict (org_id, cluster_id, hour_ms) do update set dirty_since = coalesce(h.dirty_since, excluded.dirty_since),
      sliced_to_ms = (select case when h.sliced_to_ms > late.slice_ms then late.slice_ms else h.sliced_to_ms end from late where late.hour_ms = h.hour_ms)
    where h.origin = 'measured'`;
}
