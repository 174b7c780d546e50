/** Reads the minute and hour chunks of a plan: each point of each wanted subject once. */
import type { Transaction } from '../db/client.ts';
import type { OrgId } from '../db/tenant.ts';
import { createUnpacker } from '../ingest/packed.ts';
import type { UnpackedPart, Unpacker } from '../ingest/packed.ts';
import { CLUSTER_SUBJECT, LEVELS, pointOf } from '../rollup/chunk.ts';
import type { Level } from '../rollup/chunk.ts';
import { dayChunks, membership } from './plan.ts';
import type { Plan } from './plan.ts';

/** Chunks fetched at once: some 2,000 rows of points to decode in one turn of the event loop. */
const CURSOR_CHUNKS = 200;
/** So few are read in one piece: a cursor costs two more round trips. */
const WHOLE_CHUNKS_MAX = 1_000;

/** Which chunks: some subjects, or all that begin with a prefix such as `e:`. */
export type Subjects = { readonly kind: 'some'; readonly subjects: readonly string[] } | { readonly kind: 'prefix'; readonly prefix: string };

export interface ChunkPoint {
  readonly subject: string;
  /** Class of the row for subjects that are sums, else 0. */
  readonly kind: number;
  readonly atMs: number;
  readonly part: UnpackedPart;
  readonly row: number;
}

/** Seconds of the point at `atMs` that stored windows cover. */
export type Cover = (atMs: number, lengthMs: number, seconds: number) => void;

export interface ChunkReading {
  readonly tx: Transaction;
  readonly orgId: OrgId;
  readonly clusterId: string;
}

interface ChunkRow {
  readonly start_ms: number;
  readonly subject: string;
  readonly covered_s: number[] | null;
  /** Base64. */
  readonly data: string;
}

/** Without `histograms` the latencies are not decoded; a visit may keep nothing of its part. Coverage is read with the points, from the cluster's own chunks. */
export async function readChunks(
  reading: ChunkReading, plan: Plan, subjects: Subjects, histograms: boolean, visit: (point: ChunkPoint) => void, cover: Cover | null,
): Promise<void> {
  await readLevel(reading, 'minute', plan.minuteChunks, membership(plan.minutes), subjects, histograms, visit, cover);
  await readLevel(reading, 'hour', dayChunks(plan.hours), membership(plan.hours), subjects, histograms, visit, cover);
}

async function readLevel(
  reading: ChunkReading, level: Level, starts: readonly number[], wanted: (atMs: number) => boolean, subjects: Subjects, histograms: boolean,
  visit: (point: ChunkPoint) => void, cover: Cover | null,
): Promise<void> {
  if (starts.length === 0) return;
  const { tx, orgId, clusterId } = reading;
  const { table, pointMs } = LEVELS[level];
  const listed = [...(subjects.kind === 'some' ? subjects.subjects : []), ...(cover ? [CLUSTER_SUBJECT] : [])];
  const passes = subjects.kind === 'some' ? new Set(subjects.subjects) : null;
  const prefixed = subjects.kind === 'prefix' ? tx`or (subject >= ${subjects.prefix} and subject < ${afterPrefix(subjects.prefix)})` : tx``;
  const query = tx<ChunkRow[]>`
    select start_ms, subject, covered_s, encode(data, 'base64') as data from ${tx(`tenant.${table}`)}
    where org_id = ${orgId} and cluster_id = ${clusterId} and start_ms = any(${[...starts]}::bigint[]) and (subject = any(${listed}) ${prefixed})`;
  const unpacker = createUnpacker();
  const few = subjects.kind === 'some' && listed.length * starts.length <= WHOLE_CHUNKS_MAX;
  for await (const rows of few ? [await query] : query.cursor(CURSOR_CHUNKS)) {
    for (const chunk of rows) {
      if (cover && chunk.subject === CLUSTER_SUBJECT) coverPoints(chunk, pointMs, wanted, cover);
      if (passes ? passes.has(chunk.subject) : chunk.subject !== CLUSTER_SUBJECT) visitPoints(unpacker, chunk, pointMs, wanted, histograms, visit);
    }
  }
}

/** The first text after all that begin with the prefix, by bytes. */
function afterPrefix(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}

function coverPoints(chunk: ChunkRow, pointMs: number, wanted: (atMs: number) => boolean, cover: Cover): void {
  for (const [point, seconds] of (chunk.covered_s ?? []).entries()) {
    const atMs = chunk.start_ms + point * pointMs;
    if (seconds > 0 && wanted(atMs)) cover(atMs, pointMs, seconds);
  }
}

function visitPoints(unpacker: Unpacker, chunk: ChunkRow, pointMs: number, wanted: (atMs: number) => boolean, histograms: boolean, visit: (point: ChunkPoint) => void): void {
  const part = unpacker.unpack(chunk.data, histograms);
  for (let row = 0; row < part.rows; row++) {
    const { point, kind } = pointOf(chunk.subject, part.entity[row] ?? 0);
    const atMs = chunk.start_ms + point * pointMs;
    if (wanted(atMs)) visit({ subject: chunk.subject, kind, atMs, part, row });
  }
}
