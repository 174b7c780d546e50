/** Versions of workloads, services and proxies that an import brings: taken where nothing is known of their time. */
import type { Transaction } from '../../db/client.ts';
import { canonical } from '../../ingest/topology.ts';
import type { ClusterRef } from '../../rollup/write.ts';
import type { HistoryEntity, HistoryImport } from '../../wire/history.ts';

type Refusal = HistoryImport['refused'][number];

interface Known {
  readonly fromMs: number;
  readonly toMs: number | null;
  readonly attributes: unknown;
}

/** Refusals are added to `refused`. The caller holds the cluster's row. */
export async function importEntities(tx: Transaction, cluster: ClusterRef, entities: readonly HistoryEntity[], nowMs: number, refused: Refusal[]): Promise<HistoryImport['entities']> {
  const known = await readKnown(tx, cluster, entities);
  const taken: HistoryEntity[] = [];
  let unchanged = 0;
  for (const entity of entities) {
    const name = `${entity.kind} ${entity.key}`;
    const others = known.get(name) ?? [];
    const same = others.find((other) => other.fromMs === entity.validFromMs && canonical(other.attributes) === canonical(entity.attributes));
    if (same) unchanged++;
    else if (entity.validFromMs > nowMs) refused.push({ startMs: entity.validFromMs, reason: 'open', text: `${name}: its validity has not begun yet.` });
    else if (others.some((other) => overlaps(other, entity))) refused.push({ startMs: entity.validFromMs, reason: 'overlap', text: `${name}: another version of that time is known.` });
    else {
      taken.push(entity);
      known.set(name, [...others, { fromMs: entity.validFromMs, toMs: entity.validToMs, attributes: entity.attributes }]);
    }
  }
  await insert(tx, cluster, taken);
  return { imported: taken.length, unchanged };
}

function overlaps(known: Known, entity: HistoryEntity): boolean {
  return known.fromMs < (entity.validToMs ?? Infinity) && entity.validFromMs < (known.toMs ?? Infinity);
}

async function readKnown(tx: Transaction, { orgId, clusterId }: ClusterRef, entities: readonly HistoryEntity[]): Promise<Map<string, Known[]>> {
  if (entities.length === 0) return new Map();
  const keys = [...new Set(entities.map((entity) => entity.key))];
  const rows = await tx<{ kind: string; key: string; valid_from: Date; valid_to: Date | null; attributes: unknown }[]>`
    select kind, key, valid_from, valid_to, attributes from tenant.entity_version
    where org_id = ${orgId} and cluster_id = ${clusterId} and key = any(${keys})`;
  const known = new Map<string, Known[]>();
  for (const row of rows) {
    const name = `${row.kind} ${row.key}`;
    known.set(name, [...(known.get(name) ?? []), { fromMs: row.valid_from.getTime(), toMs: row.valid_to?.getTime() ?? null, attributes: row.attributes }]);
  }
  return known;
}

async function insert(tx: Transaction, { orgId, clusterId }: ClusterRef, entities: readonly HistoryEntity[]): Promise<void> {
  if (entities.length === 0) return;
  const column = <T>(pick: (entity: HistoryEntity) => T): T[] => entities.map(pick);
  await tx`
    insert into tenant.entity_version (org_id, cluster_id, kind, key, valid_from, valid_to, attributes)
    select ${orgId}, ${clusterId}, kind, key, valid_from, valid_to, attributes::jsonb
    from unnest(${column((entity) => entity.kind)}::text[], ${column((entity) => entity.key)}::text[], ${column((entity) => new Date(entity.validFromMs).toISOString())}::timestamptz[],
      ${column((entity) => (entity.validToMs === null ? null : new Date(entity.validToMs).toISOString()))}::timestamptz[], ${column((entity) => JSON.stringify(entity.attributes))}::text[])
      as fresh (kind, key, valid_from, valid_to, attributes)`;
}
