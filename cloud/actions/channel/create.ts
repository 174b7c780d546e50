/** Adds a webhook; its signing secret is in this answer only, and is kept sealed. */
import type { z } from 'zod';
import { checkUrl, parseOutboundAllow } from '../../alerts/outbound.ts';
import { newChannelSecret, seal, sealingKey } from '../../alerts/seal.ts';
import { ApiError } from '../../context.ts';
import type { OrgContext } from '../../context.ts';
import { newId } from '../../ids.ts';
import type { RandomBytes } from '../../ids.ts';
import type { ChannelOnce } from '../../wire/entities.ts';
import { actorName } from '../actor-name.ts';
import { audit } from '../audit.ts';
import { readChannel } from './row.ts';

/** Channels of one organization. */
export const CHANNELS_MAX = 50;

export interface CreateChannel {
  readonly kind: 'webhook';
  readonly name: string;
  readonly url: string;
  readonly randomBytes: RandomBytes;
  /** SIDELIGHT_SECRET. */
  readonly secret: string;
  /** `host:port` entries. */
  readonly outboundAllow: readonly string[];
}

/** Throws `address_refused` for an address that can be told to be private as it stands; names are checked again at each send. */
export async function createChannel(context: OrgContext, input: CreateChannel): Promise<z.infer<typeof ChannelOnce>> {
  const { orgId } = context.tenant;
  const check = checkUrl(input.url, parseOutboundAllow(input.outboundAllow.join(' ')).allow);
  if (check.kind === 'refused') throw new ApiError('address_refused', `Sidelight does not send there: ${check.message}.`);
  const id = newId('channel', input.randomBytes);
  const secret = newChannelSecret(input.randomBytes);
  const sealed = seal(sealingKey(input.secret), { orgId, channelId: id }, secret);
  return context.tenant.transaction(async (tx) => {
    const [held] = await tx<{ count: number }[]>`select count(*) as count from tenant.channel where org_id = ${orgId}`;
    if ((held?.count ?? 0) >= CHANNELS_MAX) throw new ApiError('limit_reached', `An organization has at most ${String(CHANNELS_MAX)} channels; remove one first.`);
    await tx`
      insert into tenant.channel (org_id, id, kind, name, url, secret_sealed, created_at, created_by)
      values (${orgId}, ${id}, ${input.kind}, ${input.name}, ${check.target.url.href}, ${sealed}, ${new Date(context.now())}, ${actorName(context.actor)})`;
    await audit(tx, context, { action: 'channel.create', target: id, details: { name: input.name, host: check.target.host } });
    return { ...(await readChannel(tx, orgId, id)), secret };
  });
}
