/** API tokens of the organization, or agent tokens of a cluster, newest first; never their secrets. */
import type { OrgContext } from '../../context.ts';
import type { Transaction } from '../../db/client.ts';
import { readCluster } from '../cluster/row.ts';

/** What the API shows of a token. */
export interface ListedToken {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
}

interface TokenRow {
  id: string;
  name: string;
  prefix: string;
  created_at: Date;
  last_used_at: Date | null;
  revoked_at: Date | null;
}

export async function listApiTokens(context: OrgContext): Promise<ListedToken[]> {
  return context.tenant.transaction((tx) => readTokens(tx, context, null));
}

export async function listAgentTokens(context: OrgContext, input: { readonly clusterId: string }): Promise<ListedToken[]> {
  return context.tenant.transaction(async (tx) => {
    const cluster = await readCluster(tx, context.tenant.orgId, input.clusterId);
    return readTokens(tx, context, cluster.id);
  });
}

async function readTokens(tx: Transaction, context: OrgContext, clusterId: string | null): Promise<ListedToken[]> {
  const rows = await tx<TokenRow[]>`
    select id, name, prefix, created_at, last_used_at, revoked_at from tenant.token
    where org_id = ${context.tenant.orgId} and cluster_id is not distinct from ${clusterId} order by created_at desc, id limit 500`;
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    createdAt: row.created_at.toISOString(),
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
  }));
}
