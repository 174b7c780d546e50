/** The organization's clusters by name. */
import type { OrgContext } from '../../context.ts';
import type { Cluster } from '../../wire/entities.ts';
import { clusterOf, readClusters } from './row.ts';

export async function listClusters(context: OrgContext): Promise<Cluster[]> {
  const rows = await context.tenant.transaction((tx) => readClusters(tx, context.tenant.orgId));
  return rows.map((row) => clusterOf(row, context.now()));
}
