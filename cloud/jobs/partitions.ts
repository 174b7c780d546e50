/** Days of windows: partitions are made ahead and dropped when they are past their retention; marks of gone proxies go too. */
import { asWorker } from '../db/client.ts';
import type { Sql } from '../db/client.ts';

const DAY_MS = 86_400_000;
/** 10-second windows are kept this long. */
export const WINDOW_RETENTION_MS = 3 * DAY_MS;
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
    const [row] = await tx<{ dropped: number }[]>`select tenant.drop_window_partitions(${now - WINDOW_RETENTION_MS}) as dropped`;
    await tx`delete from tenant.uplink_mark where updated_at < ${new Date(now - MARK_RETENTION_MS)}`;
    return row?.dropped ?? 0;
  });
}
