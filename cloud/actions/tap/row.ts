/** A tap's row, and how the API shows it. */
import { ApiError } from '../../context.ts';
import type { Transaction } from '../../db/client.ts';
import type { OrgId } from '../../db/tenant.ts';
import { TAP_UNREAD_MS_MAX, type Tap } from '../../wire/tap.ts';

interface TapRow {
  readonly id: string;
  readonly cluster_id: string;
  readonly workload: string | null;
  readonly per_second_max: number;
  readonly started_at: Date;
  readonly started_by: string;
  readonly ends_at: Date;
  readonly stopped_at: Date | null;
  readonly read_at: Date;
  readonly sent_at: Date | null;
  readonly matched: number;
  readonly told: number;
}

/** Throws `ApiError('not_found')`. */
export async function readTap(tx: Transaction, orgId: OrgId, clusterId: string, id: string, nowMs: number): Promise<Tap> {
  const [row] = await tx<TapRow[]>`
    select id, cluster_id, workload, per_second_max, started_at, started_by, ends_at, stopped_at, read_at, sent_at, matched, told
    from tenant.tap where org_id = ${orgId} and cluster_id = ${clusterId} and id = ${id}`;
  if (!row) throw new ApiError('not_found', 'There is no such tap; start a new one.');
  return tapOf(row, nowMs);
}

function tapOf(row: TapRow, nowMs: number): Tap {
  return {
    id: row.id,
    clusterId: row.cluster_id,
    workload: row.workload,
    state: stateOf(row, nowMs),
    perSecondMax: row.per_second_max,
    startedAt: row.started_at.toISOString(),
    startedBy: row.started_by,
    endsAt: row.ends_at.toISOString(),
    matched: row.matched,
    told: row.told,
  };
}

function stateOf({ stopped_at: stoppedAt, ends_at: endsAt, read_at: readAt, sent_at: sentAt }: TapRow, nowMs: number): Tap['state'] {
  if (stoppedAt !== null || endsAt.getTime() <= nowMs || readAt.getTime() + TAP_UNREAD_MS_MAX < nowMs) return 'over';
  return sentAt === null ? 'waiting' : 'live';
}
