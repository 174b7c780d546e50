/** Partitions are made ahead and dropped when they are past their retention; marks, gaps, versions and incidents of gone times go too. */
import { asWorker } from '../db/client.ts';
import type { Sql } from '../db/client.ts';
import { HOUR_RETENTION_MS, MINUTE_RETENTION_MS, WINDOW_RETENTION_MS } from './retention.ts';

const DAY_MS = 86_400_000;
/** Partitions exist this far ahead: several failed runs do no harm. */
const AHEAD_MS = 2 * DAY_MS;
/** A mark that did not move for this long is of a proxy whose windows no spool holds any more. */
const MARK_RETENTION_MS = 2 * DAY_MS;
/** How often the job is due. */
export const PARTITION_JOB_MS = 3_600_000;

/** Answers the number of partitions that were dropped. */
export async function keepPartitions(sql: Sql, now: number): Promise<number> {
  return asWorker(sql, async (tx) => {
    await tx`select tenant.ensure_window_partitions(${now - WINDOW_RETENTION_MS}, ${now + AHEAD_MS})`;
    await tx`select tenant.ensure_chunk_partitions(${now - WINDOW_RETENTION_MS}, ${now + AHEAD_MS})`;
    const [row] = await tx<{ dropped: number }[]>`
      select tenant.drop_window_partitions(${now - WINDOW_RETENTION_MS})
        + tenant.drop_chunk_partitions(${now - MINUTE_RETENTION_MS}, ${now - HOUR_RETENTION_MS}) as dropped`;
    const old = new Date(now - HOUR_RETENTION_MS);
    await tx`delete from tenant.uplink_mark where updated_at < ${new Date(now - MARK_RETENTION_MS)}`;
    await tx`delete from tenant.rollup_hour where hour_ms < ${now - HOUR_RETENTION_MS}`;
    await tx`delete from tenant.uplink_gap where at < ${old}`;
    await tx`delete from tenant.entity_version where valid_to < ${old}`;
    await tx`delete from tenant.incident where resolved_at < ${old}`;
    return row?.dropped ?? 0;
  });
}
