/** Sends a test event to a channel: put in the outbox here, delivered by the worker within a second or so, tried once. */
import { insertDelivery } from '../../alerts/outbox.ts';
import { ApiError } from '../../context.ts';
import type { OrgContext } from '../../context.ts';
import { newId } from '../../ids.ts';
import type { RandomBytes } from '../../ids.ts';
import type { Delivery } from '../../wire/entities.ts';
import { audit } from '../audit.ts';
import { readDeliveries } from './delivery.ts';
import { readChannel } from './row.ts';

/** Tests of one channel in a minute, so that nobody is flooded through us. */
export const TESTS_PER_MINUTE_MAX = 6;

export async function testChannel(context: OrgContext, input: { readonly id: string; readonly randomBytes: RandomBytes }): Promise<Delivery> {
  const { orgId } = context.tenant;
  const nowMs = context.now();
  return context.tenant.transaction(async (tx) => {
    const channel = await readChannel(tx, orgId, input.id);
    const [recent] = await tx<{ count: number }[]>`
      select count(*) as count from tenant.outbox
      where org_id = ${orgId} and channel_id = ${channel.id} and event = 'channel.test' and created_at > ${new Date(nowMs - 60_000)}`;
    if ((recent?.count ?? 0) >= TESTS_PER_MINUTE_MAX) throw new ApiError('rate_limited', `At most ${String(TESTS_PER_MINUTE_MAX)} tests a minute go to one channel; wait a minute.`);
    const id = await insertDelivery(tx, { orgId, nowMs, randomBytes: input.randomBytes }, {
      channelId: channel.id,
      incidentId: null,
      dedupeKey: `test-${newId('delivery', input.randomBytes)}`,
      payload: {
        type: 'channel.test', timestamp: new Date(nowMs).toISOString(),
        data: { org: context.org.slug, text: `A test of the channel ${channel.name}. When you read this, alerts arrive here.` },
      },
    });
    await audit(tx, context, { action: 'channel.test', target: channel.id });
    const [delivery] = await readDeliveries(tx, orgId, channel.id, id);
    if (delivery === undefined) throw new Error(`delivery ${id} is not readable in the transaction that made it`);
    return delivery;
  });
}
