/** Removes a cluster with its tokens, windows and incidents. Its data plane is not touched; its agent is told so and stops. */
import type { OrgContext } from '../../context.ts';
import { audit } from '../audit.ts';
import { readCluster } from './row.ts';

export async function deleteCluster(context: OrgContext, input: { readonly clusterId: string }): Promise<void> {
  const { orgId } = context.tenant;
  const { clusterId } = input;
  await context.tenant.transaction(async (tx) => {
    const row = await readCluster(tx, orgId, clusterId);
    await tx`delete from tenant.cluster where org_id = ${orgId} and id = ${clusterId}`;
    await tx`delete from tenant.window_part where org_id = ${orgId} and cluster_id = ${clusterId}`;
    await tx`delete from tenant.incident where org_id = ${orgId} and cluster_id = ${clusterId}`;
    await audit(tx, context, { action: 'cluster.delete', target: clusterId, details: { name: row.name } });
  });
}
