/** A further agent token for a cluster, so that one can be replaced without a gap. */
import type { OrgContext } from '../../context.ts';
import type { RandomBytes } from '../../ids.ts';
import { readCluster } from '../cluster/row.ts';
import { insertToken } from './insert.ts';
import type { TokenOnce } from './insert.ts';

export async function createAgentToken(context: OrgContext, input: { readonly clusterId: string; readonly randomBytes: RandomBytes }): Promise<TokenOnce> {
  return context.tenant.transaction(async (tx) => {
    const cluster = await readCluster(tx, context.tenant.orgId, input.clusterId);
    return insertToken(tx, context, { kind: 'agent', clusterId: cluster.id, name: cluster.name, randomBytes: input.randomBytes });
  });
}
