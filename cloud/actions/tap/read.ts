/** What a tap has seen since the last look; looking keeps it alive. */
import type { OrgContext } from '../../context.ts';
import { TAP_EVENTS_MAX, type TapEvent, type TapPage } from '../../wire/tap.ts';
import { readTap } from './row.ts';

/** A tap's `read_at` is renewed at most this often. */
const READ_RENEWAL_MS = 3_000;

export interface ReadTap {
  readonly clusterId: string;
  readonly id: string;
  /** `next` of the page before; empty for the first. */
  readonly after: string;
}

interface BatchRow {
  readonly sequence: number;
  readonly events: readonly TapEvent[];
}

/** Batches until a page is full, oldest first. Throws `ApiError('not_found')`. */
export async function readTapEvents(context: OrgContext, { clusterId, id, after }: ReadTap): Promise<TapPage> {
  const { orgId } = context.tenant;
  const nowMs = context.now();
  return context.tenant.transaction(async (tx) => {
    await tx`
      update tenant.tap set read_at = ${new Date(nowMs)}
      where org_id = ${orgId} and cluster_id = ${clusterId} and id = ${id} and stopped_at is null and read_at < ${new Date(nowMs - READ_RENEWAL_MS)}`;
    const batches = await tx<BatchRow[]>`
      select sequence, events from tenant.tap_batch
      where org_id = ${orgId} and tap_id = ${id} and sequence > ${after === '' ? 0 : Number(after)} order by sequence limit ${BATCHES_PER_PAGE}`;
    // Behind the batches, so that its counts are never behind what is shown.
    const tap = await readTap(tx, orgId, clusterId, id, nowMs);
    return { tap, ...pageOf(batches, after) };
  });
}

/** A page takes whole batches only, so that `next` names one. */
const BATCHES_PER_PAGE = 50;

function pageOf(batches: readonly BatchRow[], after: string): Pick<TapPage, 'events' | 'next'> {
  const events: TapEvent[] = [];
  let next = after;
  for (const batch of batches) {
    if (events.length > 0 && events.length + batch.events.length > TAP_EVENTS_MAX) break;
    events.push(...batch.events);
    next = String(batch.sequence);
  }
  return { events, next };
}
