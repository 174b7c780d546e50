/** One cluster. */
import type { OrgContext } from '../../context.ts';
import type { Cluster } from '../../wire/entities.ts';
import { clusterOf, readCluster } from './row.ts';

export async function getCluster(context: OrgContext, input: { readonly clusterId: string }): Promise<Cluster> {
  const row = await context.tenant.transaction((tx) => readCluster(tx, context.tenant.orgId, input.clusterId));
  return clusterOf(row, context.now());
}
