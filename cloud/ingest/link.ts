/** One agent connection as the database knows it. */
import type { Transaction } from '../db/client.ts';
import type { Tenant } from '../db/tenant.ts';

/** Whose socket it is: from the token's row, never from a message. */
export interface Link {
  readonly tenant: Tenant;
  readonly clusterId: string;
  readonly tokenId: string;
}

/** After the hello: the epoch in force, and the random name under which this connection owns the cluster. */
export interface OpenLink extends Link {
  readonly epoch: number;
  readonly sessionId: string;
}

/** Why a connection may write no more: another one has said hello since, or the cluster is gone. */
export type Lost = 'replaced' | 'cluster_deleted';

/** For a connection whose update of its cluster's row found none. */
export async function whyLost(tx: Transaction, link: Link): Promise<Lost> {
  const rows = await tx`select 1 from tenant.cluster where org_id = ${link.tenant.orgId} and id = ${link.clusterId}`;
  return rows.length === 0 ? 'cluster_deleted' : 'replaced';
}
