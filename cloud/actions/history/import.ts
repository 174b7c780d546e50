/**
 * Imports hours of history. Each hour is taken as a whole or refused with its reason, is marked with its source, and is
 * never rolled up or imported otherwise again; the same hours again change nothing. Owners only.
 */
import { createHash } from 'node:crypto';
import { ApiError } from '../../context.ts';
import type { OrgContext } from '../../context.ts';
import { asWorker } from '../../db/client.ts';
import type { Sql, Transaction } from '../../db/client.ts';
import { HOUR_RETENTION_MS, MINUTE_RETENTION_MS } from '../../jobs/retention.ts';
import { DAY_MS, HOUR_MS } from '../../rollup/chunk.ts';
import type { Chunk } from '../../rollup/chunk.ts';
import { groupHours, hourChunks, windowKeys } from '../../rollup/imported.ts';
import type { HistoryHour, HistoryIds, HourImport } from '../../rollup/imported.ts';
import { lockDay, replaceChunks, replacePoint } from '../../rollup/write.ts';
import type { ClusterRef } from '../../rollup/write.ts';
import type { EdgeLabels } from '../../series/edge.ts';
import type { EntityKind, EntityNames } from '../../series/names.ts';
import type { History, HistoryImport } from '../../wire/history.ts';
import { audit } from '../audit.ts';
import { readCluster } from '../cluster/row.ts';
import { importEntities } from './entities.ts';

type Refusal = HistoryImport['refused'][number];

export interface ImportInput {
  readonly clusterId: string;
  readonly history: History;
  readonly sql: Sql;
  readonly names: EntityNames;
}

/** Throws `ApiError` `not_found` or `invalid_request`. */
export async function importHistory(context: OrgContext, { clusterId, history, sql, names }: ImportInput): Promise<HistoryImport> {
  const grouped = groupHours(history.windows);
  if (grouped.kind === 'faults') throw new ApiError('invalid_request', 'Some hours can not be taken as they are.', { faults: [...grouped.faults] });
  const cluster = { orgId: context.tenant.orgId, clusterId };
  const nowMs = context.now();
  const { wanted, refused, unchanged, ids, edges } = await prepare(context, cluster, names, grouped.hours, history.source, nowMs);
  if (wanted.length > 0) await ensurePartitions(sql, wanted);
  let imported = 0;
  for (const [dayMs, hours] of Map.groupBy(wanted, (hour) => Math.floor(hour.hourMs / DAY_MS) * DAY_MS)) {
    const made: (readonly [HistoryHour, HourImport])[] = [];
    for (const hour of hours) {
      made.push([hour, hourChunks(hour, ids, edges)]);
      await nextTurn();
    }
    imported += await writeDay(context, cluster, dayMs, made, history.source, nowMs, refused);
  }
  const entities = await context.tenant.transaction(async (tx) => {
    await holdCluster(tx, cluster);
    const done = await importEntities(tx, cluster, history.entities, nowMs, refused);
    if (imported + done.imported > 0) {
      await audit(tx, context, { action: 'history.import', target: clusterId, details: { source: history.source, hours: imported, entities: done.imported, refused: refused.length } });
    }
    return done;
  });
  return { hours: { imported, unchanged }, entities, refused };
}

/** Other requests and frames get their turn between two hours. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, 0); });
}

/** Ingest and other imports of the cluster wait for this one. Throws `ApiError('not_found')`. */
async function holdCluster(tx: Transaction, { orgId, clusterId }: ClusterRef): Promise<void> {
  const held = await tx`select 1 from tenant.cluster where org_id = ${orgId} and id = ${clusterId} for update`;
  if (held.length === 0) await readCluster(tx, orgId, clusterId);
}

interface Prepared {
  readonly wanted: readonly HistoryHour[];
  readonly refused: Refusal[];
  readonly unchanged: number;
  readonly ids: HistoryIds;
  readonly edges: ReadonlyMap<number, EdgeLabels>;
}

/** Which hours are to be taken, and the ids of their edges and routes. */
async function prepare(context: OrgContext, cluster: ClusterRef, names: EntityNames, hours: readonly HistoryHour[], source: string, nowMs: number): Promise<Prepared> {
  const learned: { kind: EntityKind; ids: Map<string, number> }[] = [];
  const prepared = await context.tenant.transaction(async (tx) => {
    await holdCluster(tx, cluster);
    const states = await stateOf(tx, cluster, hours);
    const verdicts = hours.map((hour) => ({ hour, verdict: judge(hour, states.get(hour.hourMs), source, nowMs) }));
    const wanted = verdicts.flatMap(({ hour, verdict }) => (verdict === 'take' ? [hour] : []));
    const keys = { edge: new Set<string>(), route: new Set<string>() };
    for (const hour of wanted) for (const window of hour.windows) addKeys(keys, windowKeys(window));
    const ids = { edge: await names.idsOf(tx, cluster.orgId, cluster.clusterId, 'edge', [...keys.edge]), route: await names.idsOf(tx, cluster.orgId, cluster.clusterId, 'route', [...keys.route]) };
    learned.push({ kind: 'edge', ids: ids.edge }, { kind: 'route', ids: ids.route });
    return {
      wanted, ids, unchanged: verdicts.filter(({ verdict }) => verdict === 'unchanged').length,
      refused: verdicts.flatMap(({ verdict }) => (typeof verdict === 'object' ? [verdict] : [])),
    };
  });
  for (const { kind, ids } of learned) names.learn(cluster.orgId, cluster.clusterId, kind, ids);
  const edges = await context.tenant.snapshot((tx) => names.edges(tx, cluster.orgId, cluster.clusterId, prepared.ids.edge.values()));
  return { ...prepared, edges };
}

function addKeys(into: { readonly edge: Set<string>; readonly route: Set<string> }, keys: { readonly edge: readonly string[]; readonly route: readonly string[] }): void {
  for (const key of keys.edge) into.edge.add(key);
  for (const key of keys.route) into.route.add(key);
}

/** What is stored of an hour: measured, or an import with its digest. */
type HourState = { readonly kind: 'measured' } | { readonly kind: 'imported'; readonly source: string; readonly digest: string };

async function stateOf(tx: Transaction, { orgId, clusterId }: ClusterRef, hours: readonly Pick<HistoryHour, 'hourMs'>[]): Promise<ReadonlyMap<number, HourState>> {
  const begins = hours.map((hour) => hour.hourMs);
  const rows = await tx<{ hour_ms: number; origin: string; source: string | null; digest: Uint8Array | null }[]>`
    select hour_ms, origin, source, digest from tenant.rollup_hour
    where org_id = ${orgId} and cluster_id = ${clusterId} and hour_ms = any(${begins}::bigint[])`;
  return new Map(rows.map((row) => [row.hour_ms, row.origin === 'imported' ? { kind: 'imported', source: row.source ?? '', digest: Buffer.from(row.digest ?? []).toString('hex') } : { kind: 'measured' }]));
}

function judge(hour: HistoryHour, state: HourState | undefined, source: string, nowMs: number): 'take' | 'unchanged' | Refusal {
  const startMs = hour.hourMs;
  if (startMs + HOUR_MS > nowMs) return { startMs, reason: 'open', text: 'The hour has not ended yet.' };
  if (startMs < nowMs - HOUR_RETENTION_MS) return { startMs, reason: 'too_old', text: 'The hour is older than the 400 days that are kept.' };
  if (state === undefined) return 'take';
  if (state.kind === 'measured') return { startMs, reason: 'measured', text: 'The hour has measured data, which an import never replaces.' };
  if (state.source === source && state.digest === digestOf(hour).toString('hex')) return 'unchanged';
  return { startMs, reason: 'other_import', text: `The hour was imported before, from “${state.source}”, with other content.` };
}

/** The same for the same windows. */
function digestOf(hour: HistoryHour): Buffer {
  return createHash('sha256').update(JSON.stringify(hour.windows)).digest();
}

async function ensurePartitions(sql: Sql, hours: readonly HistoryHour[]): Promise<void> {
  const begins = hours.map((hour) => hour.hourMs);
  const [first, last] = [begins.reduce((a, b) => Math.min(a, b)), begins.reduce((a, b) => Math.max(a, b))];
  await asWorker(sql, (tx) => tx`select tenant.ensure_chunk_partitions(${first}, ${last + HOUR_MS})`);
}

/** Writes the hours of one day in one transaction; those that were taken meanwhile are refused. Answers how many were written. */
async function writeDay(
  context: OrgContext, cluster: ClusterRef, dayMs: number, made: readonly (readonly [HistoryHour, HourImport])[], source: string, nowMs: number, refused: Refusal[],
): Promise<number> {
  return context.tenant.transaction(async (tx) => {
    await holdCluster(tx, cluster);
    const states = await stateOf(tx, cluster, made.map(([hour]) => hour));
    const free = made.filter(([hour]) => !states.has(hour.hourMs));
    for (const [hour] of made) if (states.has(hour.hourMs)) refused.push({ startMs: hour.hourMs, reason: 'other_import', text: 'The hour was filled by someone else meanwhile.' });
    if (free.length === 0) return 0;
    await lockDay(tx, cluster.clusterId, dayMs);
    for (const [hour, chunks] of free) {
      if (hour.points === 'minute' && hour.hourMs >= nowMs - MINUTE_RETENTION_MS) {
        await replaceChunks(tx, 'minute', cluster, { fromMs: hour.hourMs, toMs: hour.hourMs + HOUR_MS }, chunks.minutes, chunks.minuteCoveredS);
      }
    }
    const at = (hour: HistoryHour): number => (hour.hourMs - dayMs) / HOUR_MS;
    await replacePoint(tx, cluster, dayMs, free.map(([hour]) => at(hour)), pointsOf(free.map(([, chunks]) => chunks)), new Map(free.map(([hour, chunks]) => [at(hour), chunks.coveredS])));
    const rows = free.map(([hour]) => ({
      org_id: cluster.orgId, cluster_id: cluster.clusterId, hour_ms: hour.hourMs, origin: 'imported', rolled_at: new Date(nowMs), points: hour.points, source, digest: digestOf(hour),
    }));
    await tx`insert into tenant.rollup_hour ${tx(rows)}`;
    return free.length;
  });
}

/** The hours' points by subject. */
function pointsOf(hours: readonly HourImport[]): Chunk[] {
  const bySubject = Map.groupBy(hours.flatMap((hour) => hour.point), (chunk) => chunk.subject);
  return [...bySubject].map(([subject, chunks]) => ({ subject, rows: chunks.flatMap((chunk) => chunk.rows) }));
}

