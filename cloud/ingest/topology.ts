/** A snapshot of what exists, as changes of versions: unchanged things write nothing. */
import type { TopologySnapshot } from '../../agent/wire/topology.ts';
import type { Transaction } from '../db/client.ts';
import { whyLost } from './link.ts';
import type { Lost, OpenLink } from './link.ts';

export type VersionKind = 'workload' | 'service' | 'proxy';

export interface Version {
  readonly kind: VersionKind;
  readonly key: string;
  readonly attributes: object;
}

export interface VersionChanges {
  /** Versions that end now: gone, or about to be replaced. */
  readonly ended: readonly { readonly kind: VersionKind; readonly key: string }[];
  readonly begun: readonly Version[];
}

/** Every thing of a snapshot as a version; the last of two with one key counts. Pure. */
export function versionsOf(snapshot: TopologySnapshot): Version[] {
  const versions = [
    ...snapshot.workloads.map((workload): Version => ({ kind: 'workload', key: workload.key, attributes: workload })),
    ...snapshot.services.map((service): Version => ({ kind: 'service', key: service.key, attributes: service })),
    ...snapshot.proxies.map((proxy): Version => ({ kind: 'proxy', key: proxy.instance, attributes: proxy })),
  ];
  return [...new Map(versions.map((version) => [nameOf(version), version])).values()];
}

/** What has to change for the versions in force to become those of the snapshot. Pure. */
export function changesOf(inForce: readonly Version[], wanted: readonly Version[]): VersionChanges {
  const before = new Map(inForce.map((version) => [nameOf(version), canonical(version.attributes)]));
  const after = new Set(wanted.map(nameOf));
  const begun = wanted.filter((version) => before.get(nameOf(version)) !== canonical(version.attributes));
  const gone = inForce.filter((version) => !after.has(nameOf(version)));
  const replaced = begun.filter((version) => before.has(nameOf(version)));
  return { ended: [...gone, ...replaced].map(({ kind, key }) => ({ kind, key })), begun };
}

function nameOf(version: { readonly kind: VersionKind; readonly key: string }): string {
  return `${version.kind} ${version.key}`;
}

/** The same text for the same value, whatever the order of its fields: jsonb has an order of its own. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner);
}

/** Stores a snapshot in one transaction. */
export async function commitTopology(link: OpenLink, snapshot: TopologySnapshot, now: number): Promise<'stored' | Lost> {
  const at = new Date(now);
  const { orgId } = link.tenant;
  return link.tenant.transaction(async (tx) => {
    const held = await tx`
      update tenant.cluster set connected = true, last_seen_at = greatest(last_seen_at, ${at}), trust_domain = ${snapshot.trustDomain},
        trust_anchor_not_after = ${snapshot.trustAnchorNotAfter}::timestamptz,
        first_proxy_at = coalesce(first_proxy_at, ${snapshot.proxies.some((proxy) => proxy.connected) ? at : null}::timestamptz)
      where org_id = ${orgId} and id = ${link.clusterId} and session_id = ${link.sessionId}`;
    if (held.count !== 1) return whyLost(tx, link);
    const inForce = await tx<Version[]>`
      select kind, key, attributes from tenant.entity_version where org_id = ${orgId} and cluster_id = ${link.clusterId} and valid_to is null`;
    await applyChanges(tx, link, changesOf(inForce, versionsOf(snapshot)), at);
    return 'stored';
  });
}

/** A version that began at this very moment is changed in place; two versions of one thing can't begin at once. */
async function applyChanges(tx: Transaction, link: OpenLink, changes: VersionChanges, at: Date): Promise<void> {
  const { orgId } = link.tenant;
  if (changes.ended.length > 0) {
    await tx`
      update tenant.entity_version as version set valid_to = greatest(${at}, version.valid_from)
      from unnest(${changes.ended.map((ended) => ended.kind)}::text[], ${changes.ended.map((ended) => ended.key)}::text[]) as ended (kind, key)
      where version.org_id = ${orgId} and version.cluster_id = ${link.clusterId}
        and version.kind = ended.kind and version.key = ended.key and version.valid_to is null`;
  }
  if (changes.begun.length > 0) {
    await tx`
      insert into tenant.entity_version (org_id, cluster_id, kind, key, valid_from, attributes)
      select ${orgId}, ${link.clusterId}, begun.kind, begun.key, ${at}, begun.attributes::jsonb
      from unnest(${changes.begun.map((begun) => begun.kind)}::text[], ${changes.begun.map((begun) => begun.key)}::text[],
        ${changes.begun.map((begun) => JSON.stringify(begun.attributes))}::text[]) as begun (kind, key, attributes)
      on conflict (org_id, cluster_id, kind, key, valid_from) do update set attributes = excluded.attributes, valid_to = null`;
  }
}
