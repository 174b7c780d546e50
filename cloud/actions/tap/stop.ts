/** Ends a tap. One that is over stays over. */
import type { OrgContext } from '../../context.ts';
import { audit } from '../audit.ts';
import { readTap } from './row.ts';

export async function stopTap(context: OrgContext, { clusterId, id }: { readonly clusterId: string; readonly id: string }): Promise<void> {
  const { orgId } = context.tenant;
  await context.tenant.transaction(async (tx) => {
    const tap = await readTap(tx, orgId, clusterId, id, context.now());
    const stopped = await tx`
      update tenant.tap set stopped_at = ${new Date(context.now())} where org_id = ${orgId} and cluster_id = ${clusterId} and id = ${id} and stopped_at is null`;
    if (stopped.count === 0) return;
    await tx`delete from tenant.tap_batch where org_id = ${orgId} and tap_id = ${id}`;
    await audit(tx, context, { action: 'tap.stop', target: id, details: { clusterId, matched: tap.matched, told: tap.told } });
  });
}
