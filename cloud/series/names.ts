/** Names behind the small integer ids of edges and routes, with a bounded cache: an id never changes its meaning. */
import { OTHER } from '../../proxy/wire/report.ts';
import type { Transaction } from '../db/client.ts';
import type { OrgId } from '../db/tenant.ts';
import { edgeKey, parseEdgeKey, parseRouteKey, routeKey } from './edge.ts';
import type { EdgeLabels, RouteLabels } from './edge.ts';

export type EntityKind = 'edge' | 'route';

/** Names kept over all clusters; some 200 bytes each. The least recently used cluster goes first. */
export const CACHED_NAMES_MAX = 400_000;

/** Names that one cluster may ever have; keys beyond this or the organization's cap are one name, `other`, per direction, protocol and TLS state. */
export const NAMES_PER_CLUSTER_MAX = 200_000;

/** Names that one organization may ever have: its 100,000 edges, with those of their past. */
export const NAMES_PER_ORG_MAX = 1_000_000;

interface ClusterNames {
  /** All edges and routes up to these ids are known: ids of a cluster grow in the order of their commits. */
  readonly upTo: Record<EntityKind, number>;
  readonly ids: Map<string, number>;
  readonly edges: Map<number, EdgeLabels>;
  readonly routes: Map<number, RouteLabels>;
}

export interface EntityNames {
  /**
   * Ids of the keys, made where they are new; a key over the cluster's cap has the id of `other`. Names enter the cache by
   * `learn` once the transaction is committed.
   */
  idsOf(tx: Transaction, orgId: OrgId, clusterId: string, kind: EntityKind, keys: readonly string[]): Promise<Map<string, number>>;
  learn(orgId: OrgId, clusterId: string, kind: EntityKind, ids: ReadonlyMap<string, number>): void;
  edges(tx: Transaction, orgId: OrgId, clusterId: string, ids: Iterable<number>): Promise<ReadonlyMap<number, EdgeLabels>>;
  routes(tx: Transaction, orgId: OrgId, clusterId: string, ids: Iterable<number>): Promise<ReadonlyMap<number, RouteLabels>>;
  /** Every edge that the cluster ever had. In a snapshot, read before the windows, it names all of their ids. */
  allEdges(tx: Transaction, orgId: OrgId, clusterId: string): Promise<ReadonlyMap<number, EdgeLabels>>;
  allRoutes(tx: Transaction, orgId: OrgId, clusterId: string): Promise<ReadonlyMap<number, RouteLabels>>;
  readonly counters: { hits: number; misses: number; evictions: number; folded: number };
}

export function createEntityNames(cachedMax: number = CACHED_NAMES_MAX, perClusterMax: number = NAMES_PER_CLUSTER_MAX, perOrgMax: number = NAMES_PER_ORG_MAX): EntityNames {
  const clusters = new Map<string, ClusterNames>();
  const counters = { hits: 0, misses: 0, evictions: 0, folded: 0 };

  function namesOf(orgId: OrgId, clusterId: string): ClusterNames {
    const key = `${orgId}/${clusterId}`;
    const names = clusters.get(key) ?? { upTo: { edge: 0, route: 0 }, ids: new Map(), edges: new Map(), routes: new Map() };
    clusters.delete(key);
    clusters.set(key, names);
    return names;
  }

  function remember(names: ClusterNames, kind: EntityKind, key: string, id: number): void {
    if (names.ids.has(`${kind}:${key}`)) return;
    const edge = kind === 'edge' ? parseEdgeKey(key) : null;
    const route = kind === 'route' ? parseRouteKey(key) : null;
    if (edge) names.edges.set(id, edge);
    if (route) names.routes.set(id, route);
    names.ids.set(`${kind}:${key}`, id);
  }

  /** The least recently used clusters go until the rest fits; a reading that holds one goes on with it. */
  function evict(): void {
    let cached = 0;
    for (const names of clusters.values()) cached += names.ids.size;
    for (const [key, names] of clusters) {
      if (cached <= cachedMax) return;
      clusters.delete(key);
      cached -= names.ids.size;
      counters.evictions += names.ids.size;
    }
  }

  async function idsOf(tx: Transaction, orgId: OrgId, clusterId: string, kind: EntityKind, keys: readonly string[]): Promise<Map<string, number>> {
    const names = namesOf(orgId, clusterId);
    const found = new Map<string, number>();
    for (const key of keys) {
      const id = names.ids.get(`${kind}:${key}`);
      if (id !== undefined) found.set(key, id);
    }
    const missing = [...new Set(keys.filter((key) => !found.has(key)))];
    counters.hits += keys.length - missing.length;
    counters.misses += missing.length;
    if (missing.length === 0) return found;
    await readIds(tx, orgId, clusterId, kind, missing, found);
    const fresh = missing.filter((key) => !found.has(key));
    const room = fresh.length === 0 ? 0 : Math.max(0, Math.min(perClusterMax - (await countNames(tx, orgId, clusterId)), perOrgMax - (await countOrgNames(tx, orgId))));
    await insertNew(tx, orgId, clusterId, kind, fresh.slice(0, room), found);
    await fold(tx, orgId, clusterId, kind, fresh.slice(room), found);
    return found;
  }

  /** Gives keys that have no room the id of their `other`. */
  async function fold(tx: Transaction, orgId: OrgId, clusterId: string, kind: EntityKind, keys: readonly string[], found: Map<string, number>): Promise<void> {
    counters.folded += keys.length;
    const others = [...new Set(keys.map((key) => otherKey(kind, key)))].filter((key) => !found.has(key));
    await readIds(tx, orgId, clusterId, kind, others, found);
    await insertNew(tx, orgId, clusterId, kind, others.filter((key) => !found.has(key)), found);
    for (const key of keys) found.set(key, found.get(otherKey(kind, key)) ?? 0);
  }

  /** Reads what the cache lacks; ids of another cluster or of no row stay absent. */
  async function fill(tx: Transaction, orgId: OrgId, clusterId: string, kind: EntityKind, ids: Iterable<number>): Promise<ClusterNames> {
    const names = namesOf(orgId, clusterId);
    const known = kind === 'edge' ? names.edges : names.routes;
    const missing: number[] = [];
    for (const id of ids) {
      if (known.has(id)) counters.hits++;
      else missing.push(id);
    }
    counters.misses += missing.length;
    if (missing.length > 0) {
      const rows = await tx<{ id: number; key: string }[]>`
        select id, key from tenant.entity where org_id = ${orgId} and cluster_id = ${clusterId} and kind = ${kind} and id = any(${missing})`;
      for (const row of rows) remember(names, kind, row.key, row.id);
      evict();
    }
    return names;
  }

  async function readAll(tx: Transaction, orgId: OrgId, clusterId: string, kind: EntityKind): Promise<ClusterNames> {
    const names = namesOf(orgId, clusterId);
    const rows = await tx<{ id: number; key: string }[]>`
      select id, key from tenant.entity
      where org_id = ${orgId} and cluster_id = ${clusterId} and kind = ${kind} and id > ${names.upTo[kind]} order by id`;
    for (const row of rows) remember(names, kind, row.key, row.id);
    names.upTo[kind] = Math.max(rows.at(-1)?.id ?? 0, names.upTo[kind]);
    evict();
    return names;
  }

  return {
    idsOf,
    allEdges: async (tx, orgId, clusterId) => (await readAll(tx, orgId, clusterId, 'edge')).edges,
    allRoutes: async (tx, orgId, clusterId) => (await readAll(tx, orgId, clusterId, 'route')).routes,
    learn: (orgId, clusterId, kind, ids) => {
      const names = namesOf(orgId, clusterId);
      for (const [key, id] of ids) if (!isFolded(kind, key, ids)) remember(names, kind, key, id);
      evict();
    },
    edges: async (tx, orgId, clusterId, ids) => (await fill(tx, orgId, clusterId, 'edge', ids)).edges,
    routes: async (tx, orgId, clusterId, ids) => (await fill(tx, orgId, clusterId, 'route', ids)).routes,
    counters,
  };
}

/** True for a key that only borrows the id of its `other`. */
function isFolded(kind: EntityKind, key: string, ids: ReadonlyMap<string, number>): boolean {
  const other = otherKey(kind, key);
  return other !== key && ids.get(other) === ids.get(key);
}

/** How many of the keys had no room for a name of their own. */
export function foldedAmong(kind: EntityKind, ids: ReadonlyMap<string, number>): number {
  let count = 0;
  for (const key of ids.keys()) if (isFolded(kind, key, ids)) count++;
  return count;
}

/** The key that stands for all keys of its direction, and for edges of its protocol and TLS state, that have no room. */
function otherKey(kind: EntityKind, key: string): string {
  const edge = kind === 'edge' ? parseEdgeKey(key) : null;
  if (edge) return edgeKey({ ...edge, source: OTHER, service: OTHER, destination: OTHER });
  return routeKey({ direction: parseRouteKey(key)?.direction ?? 'inbound', service: OTHER, route: OTHER });
}

async function readIds(tx: Transaction, orgId: OrgId, clusterId: string, kind: EntityKind, keys: readonly string[], found: Map<string, number>): Promise<void> {
  if (keys.length === 0) return;
  const stored = await tx<{ id: number; key: string }[]>`
    select id, key from tenant.entity where org_id = ${orgId} and cluster_id = ${clusterId} and kind = ${kind} and key = any(${[...keys]})`;
  for (const row of stored) found.set(row.key, row.id);
}

async function countNames(tx: Transaction, orgId: OrgId, clusterId: string): Promise<number> {
  const [row] = await tx<{ count: number }[]>`select count(*) as count from tenant.entity where org_id = ${orgId} and cluster_id = ${clusterId}`;
  return row?.count ?? 0;
}

/** Ids are given one after the other and never again. */
async function countOrgNames(tx: Transaction, orgId: OrgId): Promise<number> {
  const [row] = await tx<{ last_id: number }[]>`select last_id from tenant.entity_counter where org_id = ${orgId}`;
  return row?.last_id ?? 0;
}

/** The caller holds the cluster's row, so no other transaction makes names for it; the counter's row orders the organization. */
async function insertNew(tx: Transaction, orgId: OrgId, clusterId: string, kind: EntityKind, keys: readonly string[], found: Map<string, number>): Promise<void> {
  if (keys.length === 0) return;
  const [counter] = await tx<{ last: number }[]>`
    insert into tenant.entity_counter as c (org_id, last_id) values (${orgId}, ${keys.length})
    on conflict (org_id) do update set last_id = c.last_id + excluded.last_id returning last_id as last`;
  const first = (counter?.last ?? 0) - keys.length + 1;
  const ids = keys.map((_, at) => first + at);
  await tx`
    insert into tenant.entity (org_id, id, cluster_id, kind, key)
    select ${orgId}, fresh.id, ${clusterId}, ${kind}, fresh.key from unnest(${ids}::integer[], ${[...keys]}::text[]) as fresh (id, key)`;
  keys.forEach((key, at) => found.set(key, first + at));
}
