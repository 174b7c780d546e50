/** What existed when, as versions with their validity: read for moments and ranges. */
import type { ProxyState, ServiceState, WorkloadState } from '../../agent/wire/topology.ts';
import type { Transaction } from '../db/client.ts';
import type { OrgId } from '../db/tenant.ts';
import type { Span } from './range.ts';

export type VersionState =
  | { readonly kind: 'workload'; readonly key: string; readonly attributes: WorkloadState }
  | { readonly kind: 'service'; readonly key: string; readonly attributes: ServiceState }
  | { readonly kind: 'proxy'; readonly key: string; readonly attributes: ProxyState };

/** `toMs` null: valid until something newer is known. */
export type Version = VersionState & { readonly fromMs: number; readonly toMs: number | null };

interface ClusterRef {
  readonly tx: Transaction;
  readonly orgId: OrgId;
  readonly clusterId: string;
}

/** Versions read at once; a range with more is answered by its newest. */
export const VERSIONS_MAX = 20_000;

type Row = VersionState & { readonly valid_from: Date; readonly valid_to: Date | null };

function versionOf({ valid_from, valid_to, ...state }: Row): Version {
  return { ...state, fromMs: valid_from.getTime(), toMs: valid_to?.getTime() ?? null };
}

/** Versions valid at a moment, ms since 1970. */
export async function versionsAt({ tx, orgId, clusterId }: ClusterRef, atMs: number): Promise<Version[]> {
  const at = new Date(atMs);
  const rows = await tx<Row[]>`
    select kind, key, attributes, valid_from, valid_to from tenant.entity_version
    where org_id = ${orgId} and cluster_id = ${clusterId} and valid_from <= ${at} and (valid_to is null or valid_to > ${at}) order by kind, key`;
  return rows.map(versionOf);
}

/** Versions valid at any time of a range, oldest first. */
export async function versionsIn({ tx, orgId, clusterId }: ClusterRef, span: Span): Promise<Version[]> {
  const rows = await tx<Row[]>`
    select kind, key, attributes, valid_from, valid_to from tenant.entity_version
    where org_id = ${orgId} and cluster_id = ${clusterId} and valid_from < ${new Date(span.toMs)} and (valid_to is null or valid_to > ${new Date(span.fromMs)})
    order by valid_from desc limit ${VERSIONS_MAX}`;
  return rows.map(versionOf).reverse();
}
