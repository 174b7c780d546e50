/**
 * Chunks: up to 60 minutes of an hour, or 24 hours of a day, of one subject, in the packed columns of a window's part.
 * A row's entity is its point's index; for subjects that sum several edges it is index × 4 + class, since requests and
 * connections, and mutual TLS and plain, are never added in storage. Pure.
 */
import { addSparse, toSparse } from '../../proxy/wire/histogram.ts';
import { COUNTERS, latencyOf, packRows, unpackRows } from '../ingest/packed.ts';
import type { PackedRow } from '../ingest/packed.ts';
import { isEdgeView, isRequestProtocol } from '../series/edge.ts';
import type { EdgeLabels } from '../series/edge.ts';
import { createRaw } from '../series/golden.ts';
import type { Raw } from '../series/golden.ts';

export const MINUTE_MS = 60_000;
export const QUARTER_MS = 900_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
/** An open hour's minutes are written in slices of this length; they are replaced when the hour has closed. */
export const SLICE_MS = 300_000;

/** A level of chunks: how long its points and its chunks are. */
export const LEVELS = {
  minute: { pointMs: MINUTE_MS, chunkMs: HOUR_MS, points: 60, table: 'minute_chunk' },
  hour: { pointMs: HOUR_MS, chunkMs: DAY_MS, points: 24, table: 'hour_chunk' },
} as const satisfies Record<string, { pointMs: number; chunkMs: number; points: number; table: string }>;
export type Level = keyof typeof LEVELS;

export const CLASSES = 4;
const CONNECTIONS = 2;
const PLAIN = 1;

/** 0 requests over mTLS, 1 requests in plain, 2 connections over mTLS, 3 connections in plain. */
export function classOf(labels: Pick<EdgeLabels, 'protocol' | 'tls'>): number {
  return (isRequestProtocol(labels.protocol) ? 0 : CONNECTIONS) + (labels.tls === 'mtls' ? 0 : PLAIN);
}

/** Labels as far as sums need them; the protocol stands for its kind. */
export function labelsOfClass(kind: number): Pick<EdgeLabels, 'protocol' | 'tls'> {
  return { protocol: kind >= CONNECTIONS ? 'opaque' : 'http1', tls: kind % 2 === PLAIN ? 'plain' : 'mtls' };
}

export const CLUSTER_SUBJECT = 'c';
export const edgeSubject = (id: number): string => `e:${id}`;
export const routeSubject = (id: number): string => `r:${id}`;
export const workloadSubject = (key: string): string => `w:${key}`;
export const serviceSubject = (key: string): string => `s:${key}`;

/** The subjects that sum an edge: the workload's and the cluster's inbound view, the service's edges. */
export function sumSubjects(labels: EdgeLabels): string[] {
  const subjects: string[] = [];
  if (labels.direction === 'inbound') {
    subjects.push(CLUSTER_SUBJECT);
    if (labels.destination !== '') subjects.push(workloadSubject(labels.destination));
  }
  if (isEdgeView(labels) && labels.service !== '') subjects.push(serviceSubject(labels.service));
  return subjects;
}

/** One subject's chunk: rows by point (× 4 + class). */
export interface Chunk {
  readonly subject: string;
  readonly rows: readonly PackedRow[];
}

export function packedRow(entity: number, raw: Raw): PackedRow {
  return { ...raw.counters, entity, latency: toSparse(raw.latency) };
}

/** Adds a row that is not packed. */
export function addPackedRow(into: Raw, row: PackedRow): void {
  for (const name of COUNTERS) into.counters[name] += row[name];
  addSparse(into.latency, row.latency);
}

/** True for subjects whose rows are by point × 4 + class. */
export function isSummed(subject: string): boolean {
  return !subject.startsWith('e:') && !subject.startsWith('r:');
}

/** The point of a row, and for summed subjects its class. */
export function pointOf(subject: string, entity: number): { readonly point: number; readonly kind: number } {
  return isSummed(subject) ? { point: Math.floor(entity / CLASSES), kind: entity % CLASSES } : { point: entity, kind: 0 };
}

export function packChunk(chunk: Chunk): Uint8Array<ArrayBuffer> {
  return packRows(chunk.rows);
}

/** An hour's minutes of one subject as rows of its day chunk: one point, by class. `hour` is 0…23. */
export function foldHour(chunk: Chunk, hour: number): PackedRow[] {
  const byClass = new Map<number, Raw>();
  for (const row of chunk.rows) {
    const { kind } = pointOf(chunk.subject, row.entity);
    const raw = byClass.get(kind) ?? createRaw();
    addPackedRow(raw, row);
    byClass.set(kind, raw);
  }
  return [...byClass].map(([kind, raw]) => packedRow(isSummed(chunk.subject) ? hour * CLASSES + kind : hour, raw));
}

/** A day chunk with one hour replaced: its other hours stay as they are. */
export function replaceHour(subject: string, day: Uint8Array | null, hour: number, rows: readonly PackedRow[]): Chunk {
  const kept = day === null ? [] : rowsOf(day).filter((row) => pointOf(subject, row.entity).point !== hour);
  return { subject, rows: [...kept, ...rows] };
}

/** The rows of a packed chunk. */
export function rowsOf(data: Uint8Array): PackedRow[] {
  const part = unpackRows(data, true);
  return Array.from({ length: part.rows }, (_, row) => {
    const counters = Object.fromEntries(COUNTERS.map((name) => [name, part.counters[name][row] ?? 0])) as Omit<PackedRow, 'entity' | 'latency'>;
    return { ...counters, entity: part.entity[row] ?? 0, latency: latencyOf(part, row) };
  });
}

/** Total of a chunk's covered seconds. */
export function coveredTotal(coveredS: readonly number[]): number {
  return coveredS.reduce((sum, seconds) => sum + seconds, 0);
}
