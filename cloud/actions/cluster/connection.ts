/** How far the connecting of a cluster has come. */
import type { OrgContext } from '../../context.ts';
import { readExisting } from '../../series/exists.ts';
import type { Connection } from '../../wire/entities.ts';
import { connectionSteps } from './connection-steps.ts';
import { clusterOf, isConnected, readCluster } from './row.ts';

export async function connectionOf(context: OrgContext, input: { readonly clusterId: string; readonly publicUrl: string }): Promise<Connection> {
  const { orgId } = context.tenant;
  const nowMs = context.now();
  const { row, proxies } = await context.tenant.snapshot(async (tx) => ({
    row: await readCluster(tx, orgId, input.clusterId),
    proxies: (await readExisting({ tx, orgId, clusterId: input.clusterId }, null)).proxies,
  }));
  const steps = connectionSteps({
    publicUrl: input.publicUrl,
    nowMs,
    tokenUsedMs: row.token_used_at?.getTime() ?? null,
    agentOnlineMs: row.agent_online_at?.getTime() ?? null,
    agent: { version: row.agent_version, platform: row.platform, connected: isConnected(row, nowMs), lastSeenMs: row.last_seen_at?.getTime() ?? null },
    firstProxyMs: row.first_proxy_at?.getTime() ?? null,
    proxies: { total: proxies.length, ready: proxies.filter((proxy) => proxy.ready).length },
    firstRequestMs: row.first_request_at?.getTime() ?? null,
  });
  return { cluster: clusterOf(row, nowMs), steps, complete: steps.every((step) => step.state === 'done') };
}
