/**
 * Rolls closed hours up: 10-second parts → minute chunks of the hour → the hour's point in the day chunks, replaced as a
 * whole in one transaction. A late window makes its hour dirty again, so running twice, or after a crash, changes nothing.
 */
import type { Sql, Transaction } from '../db/client.ts';
import { asWorker } from '../db/client.ts';
import { tenant } from '../db/tenant.ts';
import type { OrgId } from '../db/tenant.ts';
import { unpackRows } from '../ingest/packed.ts';
import type { EntityNames } from '../series/names.ts';
import { coveredTotal, DAY_MS, foldHour, HOUR_MS, LEVELS, packChunk, replaceHour, rollHour } from './chunk.ts';
import type { Chunk, RollPart } from './chunk.ts';

/** An hour is closed when the agents' seal delay and a slow uplink have passed; what comes later makes it dirty again. */
export const CLOSED_AFTER_MS = 120_000;
/** A worker that dies leaves its claim to expire. */
const CLAIM_MS = 120_000;
const ROWS_PER_STATEMENT = 500;

/** Marks the hours of windows that were just committed; called in the ingest transaction. Imported hours stay imported. */
export async function markDirty(tx: Transaction, orgId: OrgId, clusterId: string, hours: Iterable<number>, now: Date): Promise<void> {
  const list = [...new Set(hours)].sort((a, b) => a - b);
  if (list.length === 0) return;
  await tx`
    insert into tenant.rollup_hour as h (org_id, cluster_id, hour_ms, dirty_since)
    select ${orgId}, ${clusterId}, hour_ms, ${now} from unnest(${list}::bigint[]) as fresh (hour_ms)
    on conflict (org_id, cluster_id, hour_ms) do update set dirty_since = coalesce(h.dirty_since, excluded.dirty_since)
    where h.origin = 'measured' and h.dirty_since is null`;
}

export interface DirtyHour {
  readonly orgId: OrgId;
  readonly clusterId: string;
  readonly hourMs: number;
}

/** Claims closed dirty hours, oldest first. */
export async function claimDirtyHours(sql: Sql, nowMs: number, max: number): Promise<DirtyHour[]> {
  const rows = await asWorker(sql, (tx) => tx<{ org_id: OrgId; cluster_id: string; hour_ms: number }[]>`
    with due as (
      select org_id, cluster_id, hour_ms from tenant.rollup_hour
      where dirty_since is not null and origin = 'measured' and hour_ms <= ${nowMs - HOUR_MS - CLOSED_AFTER_MS}
        and (claimed_until is null or claimed_until < ${new Date(nowMs)})
      order by hour_ms limit ${max} for update skip locked
    )
    update tenant.rollup_hour h set claimed_until = ${new Date(nowMs + CLAIM_MS)} from due
    where h.org_id = due.org_id and h.cluster_id = due.cluster_id and h.hour_ms = due.hour_ms
    returning h.org_id, h.cluster_id, h.hour_ms`);
  return rows.map((row) => ({ orgId: row.org_id, clusterId: row.cluster_id, hourMs: row.hour_ms }));
}

/** Rolls one hour up. Idempotent; a window committed meanwhile waits for the hour's row and makes it dirty again. */
export async function rollUpHour(sql: Sql, names: EntityNames, hour: DirtyHour, nowMs: number): Promise<void> {
  const { orgId, clusterId, hourMs } = hour;
  await tenant(sql, orgId).transaction(async (tx) => {
    const [row] = await tx<{ origin: string }[]>`
      select origin from tenant.rollup_hour where org_id = ${orgId} and cluster_id = ${clusterId} and hour_ms = ${hourMs} for update`;
    if (row?.origin !== 'measured') return;
    const edges = await names.allEdges(tx, orgId, clusterId);
    const rolled = rollHour(hourMs, await readHour(tx, hour), edges);
    await writeMinutes(tx, hour, rolled.chunks, rolled.coveredS);
    await writeDay(tx, hour, rolled.chunks, coveredTotal(rolled.coveredS));
    await tx`
      update tenant.rollup_hour set dirty_since = null, claimed_until = null, rolled_at = ${new Date(nowMs)}
      where org_id = ${orgId} and cluster_id = ${clusterId} and hour_ms = ${hourMs}`;
  });
}

async function readHour(tx: Transaction, hour: DirtyHour): Promise<RollPart[]> {
  const rows = await tx<{ start_ms: number; length_ms: number; kind: 'edge' | 'route'; data: Uint8Array }[]>`
    select start_ms, length_ms, kind, data from tenant.window_part
    where org_id = ${hour.orgId} and cluster_id = ${hour.clusterId} and start_ms >= ${hour.hourMs} and start_ms < ${hour.hourMs + HOUR_MS}
    order by start_ms`;
  return rows.map((row) => ({ startMs: row.start_ms, lengthMs: row.length_ms, kind: row.kind, part: unpackRows(row.data, true) }));
}

async function writeMinutes(tx: Transaction, hour: DirtyHour, chunks: readonly Chunk[], coveredS: readonly number[]): Promise<void> {
  await tx`
    delete from tenant.minute_chunk where org_id = ${hour.orgId} and cluster_id = ${hour.clusterId} and start_ms = ${hour.hourMs}`;
  await insertChunks(tx, 'minute_chunk', hour, hour.hourMs, withCluster(chunks), coveredS);
}

/** The cluster's own row carries the coverage, so it is there even when nothing was counted. */
function withCluster(chunks: readonly Chunk[]): readonly Chunk[] {
  return chunks.some((chunk) => chunk.subject === 'c') ? chunks : [...chunks, { subject: 'c', rows: [] }];
}

async function writeDay(tx: Transaction, hour: DirtyHour, chunks: readonly Chunk[], coveredS: number): Promise<void> {
  const dayMs = Math.floor(hour.hourMs / DAY_MS) * DAY_MS;
  const at = (hour.hourMs - dayMs) / HOUR_MS;
  const rows = await tx<{ subject: string; covered_s: number[] | null; data: Uint8Array }[]>`
    select subject, covered_s, data from tenant.hour_chunk
    where org_id = ${hour.orgId} and cluster_id = ${hour.clusterId} and start_ms = ${dayMs} for update`;
  const before = new Map(rows.map((row) => [row.subject, row]));
  const fresh = new Map(withCluster(chunks).map((chunk) => [chunk.subject, foldHour(chunk, at)]));
  const merged: Chunk[] = [];
  for (const subject of new Set([...before.keys(), ...fresh.keys()])) {
    merged.push(replaceHour(subject, before.get(subject)?.data ?? null, at, fresh.get(subject) ?? []));
  }
  const covered = [...(before.get('c')?.covered_s ?? new Array<number>(LEVELS.hour.points).fill(0))];
  covered[at] = coveredS;
  await tx`delete from tenant.hour_chunk where org_id = ${hour.orgId} and cluster_id = ${hour.clusterId} and start_ms = ${dayMs}`;
  await insertChunks(tx, 'hour_chunk', hour, dayMs, merged, covered);
}

/** Writes chunks of one start; empty ones are left out, but for the cluster's. */
export async function insertChunks(
  tx: Transaction, table: 'minute_chunk' | 'hour_chunk', hour: Pick<DirtyHour, 'orgId' | 'clusterId'>, startMs: number,
  chunks: readonly Chunk[], coveredS: readonly number[],
): Promise<void> {
  const kept = chunks.filter((chunk) => chunk.rows.length > 0 || chunk.subject === 'c');
  for (let from = 0; from < kept.length; from += ROWS_PER_STATEMENT) {
    const slice = kept.slice(from, from + ROWS_PER_STATEMENT);
    const rows = slice.map((chunk) => ({
      org_id: hour.orgId, cluster_id: hour.clusterId, start_ms: startMs, subject: chunk.subject,
      covered_s: chunk.subject === 'c' ? [...coveredS] : null, data: packChunk(chunk),
    }));
    await tx`insert into ${tx(`tenant.${table}`)} ${tx(rows, 'org_id', 'cluster_id', 'start_ms', 'subject', 'covered_s', 'data')}`;
  }
}
