/** Makes a cluster with its first agent token, which is in this answer only. */
import { ApiError } from '../../context.ts';
import type { OrgContext } from '../../context.ts';
import { newId } from '../../ids.ts';
import type { RandomBytes } from '../../ids.ts';
import type { Cluster } from '../../wire/entities.ts';
import { audit } from '../audit.ts';
import { violates } from '../conflict.ts';
import { insertToken } from '../token/insert.ts';
import type { TokenOnce } from '../token/insert.ts';
import { actorName } from '../actor-name.ts';
import { clusterOf, readCluster } from './row.ts';

/** Clusters of one organization. */
export const CLUSTERS_MAX = 50;

export async function createCluster(context: OrgContext, input: { readonly name: string; readonly randomBytes: RandomBytes }): Promise<{ cluster: Cluster; token: TokenOnce }> {
  const { orgId } = context.tenant;
  const id = newId('cluster', input.randomBytes);
  const at = new Date(context.now());
  try {
    return await context.tenant.transaction(async (tx) => {
      const [held] = await tx<{ count: number }[]>`select count(*) as count from tenant.cluster where org_id = ${orgId}`;
      if ((held?.count ?? 0) >= CLUSTERS_MAX) throw new ApiError('limit_reached', `An organization has at most ${CLUSTERS_MAX} clusters.`);
      await tx`
        insert into tenant.cluster (org_id, id, name, created_at, created_by)
        values (${orgId}, ${id}, ${input.name}, ${at}, ${actorName(context.actor)})`;
      await audit(tx, context, { action: 'cluster.create', target: id, details: { name: input.name } });
      const token = await insertToken(tx, context, { kind: 'agent', clusterId: id, name: input.name, randomBytes: input.randomBytes });
      return { cluster: clusterOf(await readCluster(tx, orgId, id), context.now()), token };
    });
  } catch (error) {
    if (violates(error, 'cluster_org_id_name_key')) throw new ApiError('name_taken', `A cluster named ${input.name} exists already; choose another name.`);
    throw error;
  }
}
