/**
 * Removes a cluster with its tokens, windows and incidents; receivers of an open incident are told of its end. Its data
 * plane is not touched; its agent is told so and stops.
 */
import { resolveOfCluster } from '../../alerts/incident.ts';
import type { OrgContext } from '../../context.ts';
import { audit } from '../audit.ts';
import { sceneOf } from '../rule/scene.ts';
import type { SceneInput } from '../rule/scene.ts';
import { readCluster } from './row.ts';

/** Tables of a cluster's data that don't go with its row: partitioned ones would check a foreign key at each insert. */
const WITHOUT_FOREIGN_KEY = ['window_part', 'minute_chunk', 'hour_chunk', 'incident'] as const;

export async function deleteCluster(context: OrgContext, input: SceneInput & { readonly clusterId: string }): Promise<void> {
  const { orgId } = context.tenant;
  const { clusterId } = input;
  await context.tenant.transaction(async (tx) => {
    const row = await readCluster(tx, orgId, clusterId);
    await tx`delete from tenant.cluster where org_id = ${orgId} and id = ${clusterId}`;
    // After the cluster's row is gone: an evaluator that still opens an incident fails on it and takes it back.
    await resolveOfCluster(tx, sceneOf(context, input), clusterId, 'The cluster was removed');
    for (const table of WITHOUT_FOREIGN_KEY) await tx`delete from ${tx(`tenant.${table}`)} where org_id = ${orgId} and cluster_id = ${clusterId}`;
    await audit(tx, context, { action: 'cluster.delete', target: clusterId, details: { name: row.name } });
  });
}
