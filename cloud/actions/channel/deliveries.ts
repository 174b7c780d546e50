/** The newest deliveries of a channel, newest first. */
import type { OrgContext } from '../../context.ts';
import type { Delivery } from '../../wire/entities.ts';
import { readDeliveries } from './delivery.ts';
import { readChannel } from './row.ts';

export async function listDeliveries(context: OrgContext, input: { readonly id: string }): Promise<Delivery[]> {
  return context.tenant.transaction(async (tx) => {
    await readChannel(tx, context.tenant.orgId, input.id);
    return readDeliveries(tx, context.tenant.orgId, input.id, null);
  });
}
