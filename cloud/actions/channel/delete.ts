/** Removes a channel: rules send there no more, and what waited for it is dropped. */
import type { OrgContext } from '../../context.ts';
import { audit } from '../audit.ts';
import { readChannel } from './row.ts';

export async function deleteChannel(context: OrgContext, input: { readonly id: string }): Promise<void> {
  const { orgId } = context.tenant;
  const { id } = input;
  await context.tenant.transaction(async (tx) => {
    const channel = await readChannel(tx, orgId, id);
    // Rules before the channel, in one order, as the evaluator locks them.
    await tx`
      update tenant.alert_rule r set channel_ids = array_remove(r.channel_ids, ${id}) from (
        select id from tenant.alert_rule where org_id = ${orgId} and ${id} = any(channel_ids) order by id for no key update
      ) held where r.org_id = ${orgId} and r.id = held.id`;
    await tx`delete from tenant.channel where org_id = ${orgId} and id = ${id}`;
    await audit(tx, context, { action: 'channel.delete', target: id, details: { name: channel.name } });
  });
}
