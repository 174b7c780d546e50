/** What exists in a cluster, or existed: the versions of workloads, services and proxies that were valid at a moment. */
import type { ProxyState, ServiceState, WorkloadState } from '../../agent/wire/topology.ts';
import type { Transaction } from '../db/client.ts';
import type { OrgId } from '../db/tenant.ts';

export interface Existing {
  readonly workloads: ReadonlyMap<string, WorkloadState>;
  readonly services: ReadonlyMap<string, ServiceState>;
  readonly proxies: readonly ProxyState[];
}

type Version =
  | { readonly kind: 'workload'; readonly key: string; readonly attributes: WorkloadState }
  | { readonly kind: 'service'; readonly key: string; readonly attributes: ServiceState }
  | { readonly kind: 'proxy'; readonly key: string; readonly attributes: ProxyState };

/** What existed at a moment, ms since 1970; null is now. */
export async function readExisting({ tx, orgId, clusterId }: { readonly tx: Transaction; readonly orgId: OrgId; readonly clusterId: string }, atMs: number | null): Promise<Existing> {
  const at = atMs === null ? null : new Date(atMs);
  const valid = at === null ? tx`valid_to is null` : tx`valid_from <= ${at} and (valid_to is null or valid_to > ${at})`;
  const rows = await tx<Version[]>`
    select kind, key, attributes from tenant.entity_version
    where org_id = ${orgId} and cluster_id = ${clusterId} and ${valid} order by kind, key`;
  const workloads = new Map<string, WorkloadState>();
  const services = new Map<string, ServiceState>();
  const proxies: ProxyState[] = [];
  for (const row of rows) {
    if (row.kind === 'workload') workloads.set(row.key, row.attributes);
    else if (row.kind === 'service') services.set(row.key, row.attributes);
    else proxies.push(row.attributes);
  }
  return { workloads, services, proxies };
}
