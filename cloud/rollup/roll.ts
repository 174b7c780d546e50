/**
 * Rolls hours up: 10-second parts → minute chunks, and when the hour has closed, its point in the day chunks. Each is
 * replaced as a whole in one transaction, so running twice, or after a crash, changes nothing. While an hour is open its
 * minutes are written in slices, so that nobody has to read an hour of 10-second parts.
 */
import type { Sql, Transaction } from '../db/client.ts';
import { asWorker } from '../db/client.ts';
import { tenant } from '../db/tenant.ts';
import type { OrgId } from '../db/tenant.ts';
import { createUnpacker } from '../ingest/packed.ts';
import { WINDOW_RETENTION_MS } from '../jobs/retention.ts';
import type { EntityNames } from '../series/names.ts';
import { CLUSTER_SUBJECT, coveredTotal, DAY_MS, foldHour, HOUR_MS, MINUTE_MS, SLICE_MS } from './chunk.ts';
import { createRoller } from './roller.ts';
import type { MinuteChunks } from './roller.ts';
import { lockDay, replaceChunks, replacePoint } from './write.ts';

/** An hour is closed when the agents' seal delay and a slow uplink have passed; what comes later makes it dirty again. */
export const CLOSED_AFTER_MS = 120_000;
/** A worker that dies leaves its claim to expire. */
export const CLAIM_MS = 120_000;
/** Late windows come in bursts: an hour that was rolled up is not rolled up again before they have paused this long. */
const SETTLE_MS = 10_000;
/** Parts decoded in one turn of the event loop. */
const CURSOR_PARTS = 64;

export interface DirtyHour {
  readonly orgId: OrgId;
  readonly clusterId: string;
  readonly hourMs: number;
}

/** What a roll-up did with its hour. */
export type Rolled =
  | { readonly kind: 'hour' | 'slices'; readonly chunks: number }
  /** Someone else did it meanwhile, or it was deleted. */
  | { readonly kind: 'nothing' }
  /** Its windows are past their retention: what was rolled up of it stays. */
  | { readonly kind: 'expired' };

/** Claims hours that are due, oldest first: dirty and closed, or open with a slice to write. */
export async function claimDirtyHours(sql: Sql, nowMs: number, max: number): Promise<DirtyHour[]> {
  const closedMs = nowMs - CLOSED_AFTER_MS;
  const rows = await asWorker(sql, (tx) => tx<{ org_id: OrgId; cluster_id: string; hour_ms: number }[]>`
    with due as (
      select org_id, cluster_id, hour_ms from tenant.rollup_hour
      where dirty_since is not null and origin = 'measured'
        and ((hour_ms <= ${closedMs - HOUR_MS} and dirty_since <= ${new Date(nowMs - SETTLE_MS)})
          or (hour_ms > ${closedMs - HOUR_MS} and coalesce(sliced_to_ms, hour_ms) <= ${closedMs - SLICE_MS}))
        and (claimed_until is null or claimed_until < ${new Date(nowMs)})
      order by hour_ms limit ${max} for update skip locked
    )
    update tenant.rollup_hour h set claimed_until = ${new Date(nowMs + CLAIM_MS)} from due
    where h.org_id = due.org_id and h.cluster_id = due.cluster_id and h.hour_ms = due.hour_ms
    returning h.org_id, h.cluster_id, h.hour_ms`);
  return rows.map((row) => ({ orgId: row.org_id, clusterId: row.cluster_id, hourMs: row.hour_ms })).sort((a, b) => a.hourMs - b.hourMs);
}

/** Rolls one hour up as far as it is closed. Late windows committed meanwhile wait for the hour's row and make it dirty again. */
export async function rollUpHour(sql: Sql, names: EntityNames, hour: DirtyHour, nowMs: number): Promise<Rolled> {
  return tenant(sql, hour.orgId).transaction(async (tx): Promise<Rolled> => {
    const [row] = await tx<{ origin: string; dirty: boolean; sliced_to_ms: number | null }[]>`
      select origin, dirty_since is not null as dirty, sliced_to_ms from tenant.rollup_hour
      where org_id = ${hour.orgId} and cluster_id = ${hour.clusterId} and hour_ms = ${hour.hourMs} for update`;
    if (row?.origin !== 'measured' || !row.dirty) return { kind: 'nothing' };
    if (windowsExpired(hour.hourMs, nowMs)) {
      await finish(tx, hour, nowMs);
      return { kind: 'expired' };
    }
    return hour.hourMs + HOUR_MS + CLOSED_AFTER_MS <= nowMs ? closeHour(tx, names, hour, nowMs) : writeSlices(tx, names, hour, row.sliced_to_ms ?? hour.hourMs, nowMs);
  });
}

/** True when the day of the hour may be gone from the 10-second rows. */
function windowsExpired(hourMs: number, nowMs: number): boolean {
  return Math.floor(hourMs / DAY_MS) * DAY_MS + DAY_MS <= nowMs - WINDOW_RETENTION_MS;
}

async function closeHour(tx: Transaction, names: EntityNames, hour: DirtyHour, nowMs: number): Promise<Rolled> {
  const rolled = await rollRange(tx, names, hour, hour.hourMs, hour.hourMs + HOUR_MS);
  const dayMs = Math.floor(hour.hourMs / DAY_MS) * DAY_MS;
  const at = (hour.hourMs - dayMs) / HOUR_MS;
  await lockDay(tx, hour.clusterId, dayMs);
  await replaceChunks(tx, 'minute', hour, { fromMs: hour.hourMs, toMs: hour.hourMs + HOUR_MS }, rolled.chunks, rolled.coveredS);
  const points = rolled.chunks.map((chunk) => ({ subject: chunk.subject, rows: foldHour(chunk, at) }));
  await replacePoint(tx, hour, dayMs, [at], points, new Map([[at, coveredTotal(rolled.coveredS)]]));
  await finish(tx, hour, nowMs);
  return { kind: 'hour', chunks: rolled.chunks.length };
}

async function finish(tx: Transaction, hour: DirtyHour, nowMs: number): Promise<void> {
  await tx`
    update tenant.rollup_hour set dirty_since = null, claimed_until = null, sliced_to_ms = null, rolled_at = ${new Date(nowMs)}
    where org_id = ${hour.orgId} and cluster_id = ${hour.clusterId} and hour_ms = ${hour.hourMs}`;
}

/** Slices of the open hour that have closed; they are closed by the same delay as hours. */
async function writeSlices(tx: Transaction, names: EntityNames, hour: DirtyHour, fromMs: number, nowMs: number): Promise<Rolled> {
  const toMs = Math.min(hour.hourMs + HOUR_MS, Math.floor((nowMs - CLOSED_AFTER_MS) / SLICE_MS) * SLICE_MS);
  let chunks = 0;
  for (let sliceMs = fromMs; sliceMs < toMs; sliceMs += SLICE_MS) {
    const rolled = await rollRange(tx, names, hour, sliceMs, sliceMs + SLICE_MS);
    await replaceChunks(tx, 'minute', hour, { fromMs: sliceMs, toMs: sliceMs + SLICE_MS }, rolled.chunks, rolled.coveredS);
    chunks += rolled.chunks.length;
  }
  await tx`
    update tenant.rollup_hour set claimed_until = null, sliced_to_ms = ${Math.max(fromMs, toMs)}
    where org_id = ${hour.orgId} and cluster_id = ${hour.clusterId} and hour_ms = ${hour.hourMs}`;
  return { kind: 'slices', chunks };
}

/** The range's minute chunks, with one for the cluster even when nothing was counted: it carries the coverage. */
async function rollRange(tx: Transaction, names: EntityNames, hour: DirtyHour, fromMs: number, toMs: number): Promise<MinuteChunks> {
  const roller = createRoller(fromMs, (toMs - fromMs) / MINUTE_MS, await names.allEdges(tx, hour.orgId, hour.clusterId));
  const batches = tx<{ start_ms: number; length_ms: number; kind: 'edge' | 'route'; data: string }[]>`
    select start_ms, length_ms, kind, encode(data, 'base64') as data from tenant.window_part
    where org_id = ${hour.orgId} and cluster_id = ${hour.clusterId} and start_ms >= ${fromMs} and start_ms < ${toMs} and kind in ('edge', 'route')
    order by start_ms`.cursor(CURSOR_PARTS);
  const unpacker = createUnpacker();
  for await (const rows of batches) {
    for (const row of rows) roller.add({ startMs: row.start_ms, lengthMs: row.length_ms, kind: row.kind, part: unpacker.unpack(row.data, true) });
  }
  const { chunks, coveredS } = roller.finish();
  return { chunks: chunks.some((chunk) => chunk.subject === CLUSTER_SUBJECT) ? chunks : [...chunks, { subject: CLUSTER_SUBJECT, rows: [] }], coveredS };
}
