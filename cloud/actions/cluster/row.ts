/** A cluster's row, and how the API shows it. */
import { ApiError } from '../../context.ts';
import type { Transaction } from '../../db/client.ts';
import type { OrgId } from '../../db/tenant.ts';
import type { Cluster } from '../../wire/entities.ts';

/** An agent that was not heard of for longer than this is silent: its socket answers a ping each 10 s. */
export const AGENT_SILENT_MS = 30_000;

export interface ClusterRow {
  readonly id: string;
  readonly name: string;
  readonly platform: 'host' | 'kubernetes' | null;
  readonly agent_version: string | null;
  readonly window_ms: number;
  readonly trust_domain: string | null;
  readonly trust_anchor_not_after: Date | null;
  readonly created_at: Date;
  readonly token_used_at: Date | null;
  readonly agent_online_at: Date | null;
  readonly first_proxy_at: Date | null;
  readonly first_request_at: Date | null;
  readonly connected: boolean;
  readonly last_seen_at: Date | null;
}

/** Clusters of the organization by name; at most 1,000. */
export async function readClusters(tx: Transaction, orgId: OrgId): Promise<ClusterRow[]> {
  return tx<ClusterRow[]>`
    select id, name, platform, agent_version, window_ms, trust_domain, trust_anchor_not_after, created_at,
      token_used_at, agent_online_at, first_proxy_at, first_request_at, connected, last_seen_at
    from tenant.cluster where org_id = ${orgId} order by name limit 1000`;
}

/** Throws `ApiError('not_found')`. */
export async function readCluster(tx: Transaction, orgId: OrgId, clusterId: string): Promise<ClusterRow> {
  const [row] = await tx<ClusterRow[]>`
    select id, name, platform, agent_version, window_ms, trust_domain, trust_anchor_not_after, created_at,
      token_used_at, agent_online_at, first_proxy_at, first_request_at, connected, last_seen_at
    from tenant.cluster where org_id = ${orgId} and id = ${clusterId}`;
  if (!row) throw new ApiError('not_found', `There is no cluster ${clusterId} in this organization.`);
  return row;
}

/** A socket is open, and something came over it lately. */
export function isConnected(row: Pick<ClusterRow, 'connected' | 'last_seen_at'>, now: number): boolean {
  return row.connected && row.last_seen_at !== null && now - row.last_seen_at.getTime() <= AGENT_SILENT_MS;
}

export function clusterOf(row: ClusterRow, now: number): Cluster {
  return {
    id: row.id,
    name: row.name,
    createdAt: row.created_at.toISOString(),
    platform: row.platform,
    agent: { connected: isConnected(row, now), version: row.agent_version, lastSeen: row.last_seen_at?.toISOString() ?? null },
    trust: { domain: row.trust_domain, anchorNotAfter: row.trust_anchor_not_after?.toISOString() ?? null },
  };
}
