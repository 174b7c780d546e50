/** A delivery's row, and how the API shows it. */
import type { Transaction } from '../../db/client.ts';
import type { OrgId } from '../../db/tenant.ts';
import type { Delivery } from '../../wire/entities.ts';

/** Deliveries shown of a channel. */
const DELIVERIES_SHOWN_MAX = 100;

interface DeliveryRow {
  readonly id: string;
  readonly channel_id: string;
  readonly event: Delivery['event'];
  readonly incident_id: string | null;
  readonly state: Delivery['state'];
  readonly attempts: number;
  readonly created_at: Date;
  readonly delivered_at: Date | null;
  readonly next_attempt_at: Date;
  readonly last_error: string | null;
}

/** The newest deliveries of a channel, newest first, or the one of that id. */
export async function readDeliveries(tx: Transaction, orgId: OrgId, channelId: string, id: string | null): Promise<Delivery[]> {
  const rows = await tx<DeliveryRow[]>`
    select id, channel_id, event, incident_id, state, attempts, created_at, delivered_at, next_attempt_at, last_error from tenant.outbox
    where org_id = ${orgId} and channel_id = ${channelId} and (${id}::text is null or id = ${id})
    order by created_at desc, id limit ${DELIVERIES_SHOWN_MAX}`;
  return rows.map(deliveryOf);
}

function deliveryOf(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    channelId: row.channel_id,
    event: row.event,
    incidentId: row.incident_id,
    state: row.state,
    attempts: row.attempts,
    createdAt: row.created_at.toISOString(),
    deliveredAt: row.delivered_at?.toISOString() ?? null,
    nextAttemptAt: row.state === 'pending' ? row.next_attempt_at.toISOString() : null,
    lastError: row.last_error,
  };
}
