/** Writes chunks into their tables: always a whole range of a cluster at once, inside the caller's transaction. */
import type { Transaction } from '../db/client.ts';
import type { OrgId } from '../db/tenant.ts';
import type { PackedRow } from '../ingest/packed.ts';
import { isRequestProtocol } from '../series/edge.ts';
import { CLUSTER_SUBJECT, DAY_MS, labelsOfClass, LEVELS, packChunk, pointOf, QUARTER_MS, rowsOf } from './chunk.ts';
import type { Chunk, Level } from './chunk.ts';

/** Chunks packed in one turn of the event loop, and written by one statement. */
const CHUNKS_PER_STATEMENT = 100;

export interface ClusterRef {
  readonly orgId: OrgId;
  readonly clusterId: string;
}

/** Two hours of one day share its chunks: whoever changes them waits for the other here. */
export async function lockDay(tx: Transaction, clusterId: string, dayMs: number): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtext(${clusterId}), ${dayMs / DAY_MS})`;
}

/** Replaces every chunk that begins in the range by the given ones, which begin at its begin. */
export async function replaceChunks(
  tx: Transaction, level: Level, cluster: ClusterRef, range: { readonly fromMs: number; readonly toMs: number }, chunks: readonly Chunk[], coveredS: readonly number[],
): Promise<void> {
  await tx`
    delete from ${tx(`tenant.${LEVELS[level].table}`)}
    where org_id = ${cluster.orgId} and cluster_id = ${cluster.clusterId} and start_ms >= ${range.fromMs} and start_ms < ${range.toMs}`;
  await insertChunks(tx, level, cluster, range.fromMs, chunks, coveredS);
}

/**
 * Replaces the hours `hours` (0…23) of a day: their points come from `points`, whose subjects may be new; the other hours
 * stay as they are. `coveredS` by hour. The caller holds the day's lock.
 */
export async function replacePoint(
  tx: Transaction, cluster: ClusterRef, dayMs: number, hours: readonly number[], points: readonly Chunk[], coveredS: ReadonlyMap<number, number>,
): Promise<void> {
  const rows = await tx<{ subject: string; covered_s: number[] | null; data: Uint8Array }[]>`
    select subject, covered_s, data from tenant.hour_chunk
    where org_id = ${cluster.orgId} and cluster_id = ${cluster.clusterId} and start_ms = ${dayMs}`;
  const fresh = new Map(points.map((chunk) => [chunk.subject, chunk.rows]));
  const covered = rows.find((row) => row.subject === CLUSTER_SUBJECT)?.covered_s ?? new Array<number>(LEVELS.hour.points).fill(0);
  const before = new Map(rows.map((row) => [row.subject, row.data]));
  const chunks = [...new Set([CLUSTER_SUBJECT, ...before.keys(), ...fresh.keys()])].map((subject) => ({
    subject, rows: () => [...keptRows(subject, before.get(subject), hours), ...(fresh.get(subject) ?? [])],
  }));
  await tx`delete from tenant.hour_chunk where org_id = ${cluster.orgId} and cluster_id = ${cluster.clusterId} and start_ms = ${dayMs}`;
  for (let from = 0; from < chunks.length; from += CHUNKS_PER_STATEMENT) {
    const slice = chunks.slice(from, from + CHUNKS_PER_STATEMENT).map(({ subject, rows: make }) => ({ subject, rows: make() }));
    await insertChunks(tx, 'hour', cluster, dayMs, slice, covered.map((seconds, hour) => coveredS.get(hour) ?? seconds));
  }
}

function keptRows(subject: string, data: Uint8Array | undefined, hours: readonly number[]): PackedRow[] {
  return data === undefined ? [] : rowsOf(data).filter((row) => !hours.includes(pointOf(subject, row.entity).point));
}

/** Writes chunks of one begin; empty ones are left out, but for the cluster's, which carries the coverage. */
async function insertChunks(tx: Transaction, level: Level, cluster: ClusterRef, startMs: number, chunks: readonly Chunk[], coveredS: readonly number[]): Promise<void> {
  const kept = chunks.filter((chunk) => chunk.rows.length > 0 || chunk.subject === CLUSTER_SUBJECT);
  for (let from = 0; from < kept.length; from += CHUNKS_PER_STATEMENT) {
    const rows = kept.slice(from, from + CHUNKS_PER_STATEMENT).map((chunk) => ({
      org_id: cluster.orgId, cluster_id: cluster.clusterId, start_ms: startMs, subject: chunk.subject, data: packChunk(chunk),
      ...(chunk.subject === CLUSTER_SUBJECT ? { covered_s: [...coveredS], ...stripOf(chunk, LEVELS[level].pointMs, coveredS) } : { covered_s: null, requests: null, failures: null }),
    }));
    await tx`insert into ${tx(`tenant.${LEVELS[level].table}`)} ${tx(rows, 'org_id', 'cluster_id', 'start_ms', 'subject', 'data', 'covered_s', 'requests', 'failures')}`;
  }
}

/** Requests, and those that failed by app or mesh, of each quarter of an hour (of each point where those are longer); null where nothing is covered. */
export function stripOf(chunk: Chunk, pointMs: number, coveredS: readonly number[]): { requests: (number | null)[]; failures: (number | null)[] } {
  const merged = Math.max(1, QUARTER_MS / pointMs);
  const length = Math.ceil(coveredS.length / merged);
  const strip = { requests: new Array<number | null>(length).fill(null), failures: new Array<number | null>(length).fill(null) };
  const add = (point: number, requests: number, failures: number): void => {
    const at = Math.floor(point / merged);
    strip.requests[at] = (strip.requests[at] ?? 0) + requests;
    strip.failures[at] = (strip.failures[at] ?? 0) + failures;
  };
  for (const [point, seconds] of coveredS.entries()) if (seconds > 0) add(point, 0, 0);
  for (const row of chunk.rows) {
    const { point, kind } = pointOf(chunk.subject, row.entity);
    if (isRequestProtocol(labelsOfClass(kind).protocol)) add(point, row.requests, row.failuresApp + row.failuresMesh);
  }
  return strip;
}
