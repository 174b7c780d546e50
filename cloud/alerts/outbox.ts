/** The outbox: events wait here from the transaction that made them until they are delivered or given up. All state is in Postgres. */
import { asWorker } from '../db/client.ts';
import type { Sql, Transaction } from '../db/client.ts';
import type { OrgId, Tenant } from '../db/tenant.ts';
import { newId } from '../ids.ts';
import type { WebhookEvent } from '../wire/webhook.ts';
import type { AlertScene, Incident } from './incident.ts';

/** A claim holds this long: the time limit of a send and a slow database. A sender that died is followed by another after it. */
export const LEASE_MS = 30_000;
/** Due rows looked at in one claim; an organization that fills them is left out of the next once its share is under way. */
const SCANNED_MAX = 1_000;
/** Deliveries that are done are kept this long for the deliveries page. */
const KEPT_MS = 35 * 86_400_000;
const DROPPED_MAX = 100;
/** A resolve looks again after its opening no sooner than this. */
const DEFER_MS_MIN = 1_000;

export interface IncidentEvent {
  readonly event: 'incident.opened' | 'incident.resolved';
  readonly incident: Incident;
  readonly channelIds: readonly string[];
}

/** One delivery per channel that still exists and is on. The same event enqueued twice is one delivery. */
export async function enqueue(tx: Transaction, scene: AlertScene, event: IncidentEvent): Promise<void> {
  const channels = await tx<{ id: string }[]>`
    select id from tenant.channel where org_id = ${scene.orgId} and id = any(${[...event.channelIds]}::text[]) and disabled_at is null`;
  for (const channel of channels) {
    await insertDelivery(tx, scene, {
      channelId: channel.id,
      incidentId: event.incident.id,
      dedupeKey: `${event.incident.id}-${event.event === 'incident.opened' ? 'opened' : 'resolved'}-${channel.id}`,
      payload: {
        type: event.event,
        timestamp: new Date(scene.nowMs).toISOString(),
        data: { org: scene.orgSlug, incident: event.incident, url: `${scene.publicUrl}/o/${scene.orgSlug}/incidents/${event.incident.id}` },
      },
    });
  }
}

export interface NewDelivery {
  readonly channelId: string;
  readonly incidentId: string | null;
  /** The webhook-id: the receiver tells repeats by it. */
  readonly dedupeKey: string;
  readonly payload: WebhookEvent;
}

/** Answers the delivery's id. */
export async function insertDelivery(tx: Transaction, scene: Pick<AlertScene, 'orgId' | 'nowMs' | 'randomBytes'>, delivery: NewDelivery): Promise<string> {
  const id = newId('delivery', scene.randomBytes);
  const at = new Date(scene.nowMs);
  await tx`
    insert into tenant.outbox (org_id, id, channel_id, incident_id, event, dedupe_key, payload, created_at, next_attempt_at)
    values (${scene.orgId}, ${id}, ${delivery.channelId}, ${delivery.incidentId}, ${delivery.payload.type}, ${delivery.dedupeKey},
      ${tx.json(delivery.payload)}, ${at}, ${at})
    on conflict (org_id, dedupe_key) do nothing`;
  return id;
}

/** A delivery that this sender alone may attempt until `until`. */
export interface DeliveryClaim {
  readonly orgId: OrgId;
  readonly id: string;
  readonly until: Date;
}

export interface ClaimLimits {
  readonly claimsMax: number;
  /** Claims of one organization at once, so that its hanging receivers don't hold up the others. */
  readonly perOrgMax: number;
  /** Claims of each organization that are under way here. */
  readonly underWay: ReadonlyMap<OrgId, number>;
}

/** Due rows whose claim is free, oldest first, at most some per organization; rows that another sender looks at are skipped. */
export async function claimDeliveries(sql: Sql, nowMs: number, limits: ClaimLimits): Promise<DeliveryClaim[]> {
  const now = new Date(nowMs);
  const until = new Date(nowMs + LEASE_MS);
  const busy = [...limits.underWay];
  const rows = await asWorker(sql, (tx) => tx<{ org_id: OrgId; id: string }[]>`
    with busy as (
      select * from unnest(${busy.map(([orgId]) => orgId)}::text[], ${busy.map(([, count]) => count)}::int[]) as b (org_id, count)
    ), oldest as (
      select o.org_id, o.id, o.next_attempt_at from tenant.outbox o
      where o.state = 'pending' and o.next_attempt_at <= ${now} and (o.claimed_until is null or o.claimed_until < ${now})
        and not (o.org_id = any(${busy.filter(([, count]) => count >= limits.perOrgMax).map(([orgId]) => orgId)}::text[]))
      order by o.next_attempt_at limit ${SCANNED_MAX}
    ), due as (
      select org_id, id, row_number() over (partition by org_id order by next_attempt_at, id) as place from oldest
    ), free as (
      select o.org_id, o.id from tenant.outbox o join due using (org_id, id) left join busy using (org_id)
      where due.place <= ${limits.perOrgMax} - coalesce(busy.count, 0)
        and o.state = 'pending' and o.next_attempt_at <= ${now} and (o.claimed_until is null or o.claimed_until < ${now})
      order by o.next_attempt_at limit ${limits.claimsMax} for update of o skip locked
    )
    update tenant.outbox o set claimed_until = ${until} from free where o.org_id = free.org_id and o.id = free.id
    returning o.org_id, o.id`);
  return rows.map((row) => ({ orgId: row.org_id, id: row.id, until }));
}

export interface ClaimedDelivery {
  readonly dedupeKey: string;
  readonly event: WebhookEvent['type'];
  readonly payload: WebhookEvent;
  readonly attempts: number;
  readonly incidentId: string | null;
  readonly channel: { readonly id: string; readonly url: string; readonly sealed: Uint8Array };
}

export type Loaded =
  | { readonly kind: 'send'; readonly delivery: ClaimedDelivery }
  /** Its opening is still on the way; it waits for that. */
  | { readonly kind: 'deferred' }
  /** The channel is off; the delivery was given up. */
  | { readonly kind: 'disabled' }
  /** Delivered, deleted or claimed by another meanwhile. */
  | { readonly kind: 'lost' };

/** Reads a claimed delivery and whether its turn has come: a resolve never overtakes its opening. */
export function loadDelivery(tenant: Tenant, claim: DeliveryClaim, nowMs: number): Promise<Loaded> {
  return tenant.transaction(async (tx): Promise<Loaded> => {
    const [row] = await tx<{
      dedupe_key: string; event: WebhookEvent['type']; payload: WebhookEvent; attempts: number; incident_id: string | null;
      channel_id: string; url: string; secret_sealed: Uint8Array; disabled_at: Date | null;
    }[]>`
      select o.dedupe_key, o.event, o.payload, o.attempts, o.incident_id, o.channel_id, c.url, c.secret_sealed, c.disabled_at
      from tenant.outbox o join tenant.channel c on c.org_id = o.org_id and c.id = o.channel_id
      where o.org_id = ${claim.orgId} and o.id = ${claim.id} and o.state = 'pending' and o.claimed_until = ${claim.until}`;
    if (row === undefined) return { kind: 'lost' };
    if (row.disabled_at !== null && row.event !== 'channel.test') {
      await giveUp(tx, claim, 'the receiver answered 410 Gone before; a delivered test switches the channel on again');
      return { kind: 'disabled' };
    }
    if (row.event === 'incident.resolved' && (await deferBehindOpening(tx, claim, row.channel_id, row.incident_id, nowMs))) return { kind: 'deferred' };
    const channel = { id: row.channel_id, url: row.url, sealed: row.secret_sealed };
    return {
      kind: 'send',
      delivery: { dedupeKey: row.dedupe_key, event: row.event, payload: row.payload, attempts: row.attempts, incidentId: row.incident_id, channel },
    };
  });
}

/** The opening is locked first, as `recordDelivered` does, so that its end and this look at it take turns. */
async function deferBehindOpening(tx: Transaction, claim: DeliveryClaim, channelId: string, incidentId: string | null, nowMs: number): Promise<boolean> {
  const [opening] = await tx<{ next_attempt_at: Date; claimed_until: Date | null }[]>`
    select next_attempt_at, claimed_until from tenant.outbox
    where org_id = ${claim.orgId} and incident_id = ${incidentId} and channel_id = ${channelId} and event = 'incident.opened' and state = 'pending'
    for share`;
  if (opening === undefined) return false;
  const againMs = Math.max(nowMs + DEFER_MS_MIN, opening.next_attempt_at.getTime(), opening.claimed_until?.getTime() ?? 0);
  await tx`
    update tenant.outbox set claimed_until = null, next_attempt_at = ${new Date(againMs)}
    where org_id = ${claim.orgId} and id = ${claim.id} and claimed_until = ${claim.until}`;
  return true;
}

/** The receiver has it. True whoever claims the row by now; false when it was known already. */
export function recordDelivered(tenant: Tenant, claim: DeliveryClaim, delivery: ClaimedDelivery, nowMs: number): Promise<boolean> {
  return tenant.transaction(async (tx) => {
    // The channel before its deliveries, as everyone locks them.
    if (delivery.event === 'channel.test') await tx`update tenant.channel set disabled_at = null where org_id = ${claim.orgId} and id = ${delivery.channel.id}`;
    const marked = await tx`
      update tenant.outbox set state = 'delivered', delivered_at = ${new Date(nowMs)}, attempts = attempts + 1, claimed_until = null, last_error = null
      where org_id = ${claim.orgId} and id = ${claim.id} and state = 'pending'`;
    if (marked.count === 0) return false;
    await releaseResolve(tx, claim, delivery, nowMs);
    await dropOld(tx, claim, delivery.channel.id, nowMs);
    return true;
  });
}

/** It did not work: again at `nextMs`, or given up when that is null. False when another sender has the row by now. */
export function recordFailed(
  tenant: Tenant, claim: DeliveryClaim, delivery: ClaimedDelivery, error: string, nextMs: number | null, nowMs: number,
): Promise<boolean> {
  return tenant.transaction(async (tx) => {
    const marked = await tx`
      update tenant.outbox set attempts = attempts + 1, claimed_until = null, last_error = ${error},
        state = ${nextMs === null ? 'failed' : 'pending'}, next_attempt_at = ${new Date(nextMs ?? nowMs)}
      where org_id = ${claim.orgId} and id = ${claim.id} and state = 'pending' and claimed_until = ${claim.until}`;
    if (marked.count === 0) return false;
    if (nextMs === null) await releaseResolve(tx, claim, delivery, nowMs);
    return true;
  });
}

/** 410 Gone: the channel goes off, and what waits for it is given up. A test only fails. */
export function recordGone(tenant: Tenant, claim: DeliveryClaim, delivery: ClaimedDelivery, nowMs: number): Promise<void> {
  return tenant.transaction(async (tx) => {
    await tx`update tenant.channel set disabled_at = ${new Date(nowMs)} where org_id = ${claim.orgId} and id = ${delivery.channel.id} and disabled_at is null`;
    await tx`update tenant.outbox set attempts = attempts + 1 where org_id = ${claim.orgId} and id = ${claim.id} and state = 'pending'`;
    await tx`
      update tenant.outbox set state = 'failed', claimed_until = null, last_error = 'the receiver answered 410 Gone; the channel is off until a test is delivered'
      where org_id = ${claim.orgId} and channel_id = ${delivery.channel.id} and state = 'pending' and (event <> 'channel.test' or id = ${claim.id})`;
  });
}

/** The attempt never got through on our side (a stop): the row is free again, uncounted. */
export function releaseClaim(tenant: Tenant, claim: DeliveryClaim): Promise<void> {
  return tenant.transaction(async (tx) => {
    await tx`update tenant.outbox set claimed_until = null where org_id = ${claim.orgId} and id = ${claim.id} and state = 'pending' and claimed_until = ${claim.until}`;
  });
}

async function giveUp(tx: Transaction, claim: DeliveryClaim, error: string): Promise<void> {
  await tx`
    update tenant.outbox set state = 'failed', claimed_until = null, last_error = ${error}
    where org_id = ${claim.orgId} and id = ${claim.id} and state = 'pending' and claimed_until = ${claim.until}`;
}

/** Deliveries that are done and old go, a few each time one ends; those of an open incident stay, since its end goes to who knows of it. */
async function dropOld(tx: Transaction, claim: DeliveryClaim, channelId: string, nowMs: number): Promise<void> {
  await tx`
    delete from tenant.outbox where org_id = ${claim.orgId} and id in (
      select o.id from tenant.outbox o
      where o.org_id = ${claim.orgId} and o.channel_id = ${channelId} and o.state <> 'pending' and o.created_at < ${new Date(nowMs - KEPT_MS)}
        and not exists (select from tenant.incident i where i.org_id = o.org_id and i.id = o.incident_id and i.resolved_at is null)
      order by o.created_at limit ${DROPPED_MAX} for update skip locked)`;
}

/** An opening that is done with lets its waiting resolve go at once. */
async function releaseResolve(tx: Transaction, claim: DeliveryClaim, delivery: ClaimedDelivery, nowMs: number): Promise<void> {
  if (delivery.event !== 'incident.opened') return;
  await tx`
    update tenant.outbox set next_attempt_at = least(next_attempt_at, ${new Date(nowMs)})
    where org_id = ${claim.orgId} and incident_id = ${delivery.incidentId} and channel_id = ${delivery.channel.id}
      and event = 'incident.resolved' and state = 'pending'`;
}
