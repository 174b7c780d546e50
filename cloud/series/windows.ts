/** Reads packed 10-second windows of a cluster. Ranges are ms since 1970, `toMs` excluded, by the windows' begin. */
import type { Transaction } from '../db/client.ts';
import type { OrgId } from '../db/tenant.ts';
import { createUnpacker } from '../ingest/packed.ts';
import type { UnpackedPart } from '../ingest/packed.ts';
import type { EntityKind } from './names.ts';

/** Rows fetched from Postgres at once: some 2 MB of packed parts. */
const CURSOR_ROWS = 500;

export interface WindowPart {
  readonly startMs: number;
  readonly lengthMs: number;
  readonly part: UnpackedPart;
}

/** Up to this long a range is read in one piece. */
const WHOLE_MS_MAX = 900_000;

/** Calls `visit` for each part of the range, oldest first; it may keep nothing of it. Without `histograms` the latencies are not read; a part without an entity that passes `some` is visited as one without rows. */
export async function readParts(
  tx: Transaction, orgId: OrgId, clusterId: string, kind: EntityKind | 'sum', fromMs: number, toMs: number, histograms: boolean,
  visit: (part: WindowPart) => void, some?: (entity: number) => boolean,
): Promise<void> {
  const unpacker = createUnpacker();
  const query = tx<{ start_ms: number; length_ms: number; data: string }[]>`
    select start_ms, length_ms, encode(data, 'base64') as data from tenant.window_part
    where org_id = ${orgId} and cluster_id = ${clusterId} and kind = ${kind} and start_ms >= ${fromMs} and start_ms < ${toMs}
    order by start_ms`;
  for await (const rows of toMs - fromMs <= WHOLE_MS_MAX ? [await query] : query.cursor(CURSOR_ROWS)) {
    for (const row of rows) visit({ startMs: row.start_ms, lengthMs: row.length_ms, part: unpacker.unpack(row.data, histograms, some) });
  }
}

/** End of the newest stored window, ms since 1970; null before the first. */
export async function lastWindowEndMs(tx: Transaction, orgId: OrgId, clusterId: string): Promise<number | null> {
  const [row] = await tx<{ end_ms: number }[]>`
    select start_ms + length_ms as end_ms from tenant.window_part
    where org_id = ${orgId} and cluster_id = ${clusterId} order by start_ms desc limit 1`;
  return row?.end_ms ?? null;
}
