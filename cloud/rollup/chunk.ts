/**
 * Chunks: up to 60 minutes of an hour, or 24 hours of a day, of one subject, in the packed columns of a window's part.
 * A row's entity is its point's index; for subjects that sum several edges it is index × 4 + class, since requests and
 * connections, and mutual TLS and plain, are never added in storage. Pure.
 */
import { toSparse } from '../../proxy/wire/histogram.ts';
import { COUNTERS, latencyOf, packRows, unpackRows } from '../ingest/packed.ts';
import type { PackedRow, UnpackedPart } from '../ingest/packed.ts';
import { isEdgeView, isRequestProtocol } from '../series/edge.ts';
import type { EdgeLabels } from '../series/edge.ts';
import { addRow, createRaw } from '../series/golden.ts';
import type { Raw } from '../series/golden.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** A level of chunks: how long its points and its chunks are. */
export const LEVELS = {
  minute: { pointMs: MINUTE_MS, chunkMs: HOUR_MS, points: 60 },
  hour: { pointMs: HOUR_MS, chunkMs: DAY_MS, points: 24 },
} as const satisfies Record<string, { pointMs: number; chunkMs: number; points: number }>;
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
  readonly rows: PackedRow[];
}

function packedRow(entity: number, raw: Raw): PackedRow {
  return { ...raw.counters, entity, latency: toSparse(raw.latency) };
}

/** A part of a 10-second window as the roll-up reads it. */
export interface RollPart {
  readonly startMs: number;
  readonly lengthMs: number;
  readonly kind: 'edge' | 'route';
  readonly part: UnpackedPart;
}

export interface HourChunks {
  readonly chunks: readonly Chunk[];
  /** Seconds covered by windows in each of the 60 minutes. */
  readonly coveredS: readonly number[];
}

/** Sums one hour's parts (oldest first) into minute chunks; only one minute's histograms are dense at a time. */
export function rollHour(hourMs: number, parts: Iterable<RollPart>, edges: ReadonlyMap<number, EdgeLabels>): HourChunks {
  const chunks = new Map<string, Chunk>();
  const windows = new Map<number, number>();
  let minute = -1;
  let sums = new Map<string, Map<number, Raw>>();

  function close(): void {
    for (const [subject, byClass] of sums) {
      const chunk = chunks.get(subject) ?? { subject, rows: [] };
      for (const [entity, raw] of byClass) chunk.rows.push(packedRow(entity, raw));
      chunks.set(subject, chunk);
    }
    sums = new Map();
  }

  function into(subject: string, entity: number): Raw {
    const byClass = sums.get(subject) ?? new Map<number, Raw>();
    sums.set(subject, byClass);
    const raw = byClass.get(entity) ?? createRaw();
    byClass.set(entity, raw);
    return raw;
  }

  for (const piece of parts) {
    const point = Math.floor((piece.startMs - hourMs) / MINUTE_MS);
    if (point !== minute) close();
    minute = point;
    windows.set(piece.startMs, Math.max(piece.lengthMs, windows.get(piece.startMs) ?? 0));
    addPart(piece, point, edges, into);
  }
  close();
  return { chunks: [...chunks.values()], coveredS: coverageOf(hourMs, windows) };
}

function addPart(piece: RollPart, point: number, edges: ReadonlyMap<number, EdgeLabels>, into: (subject: string, entity: number) => Raw): void {
  for (let row = 0; row < piece.part.rows; row++) {
    const id = piece.part.entity[row] ?? 0;
    if (piece.kind === 'route') {
      addRow(into(routeSubject(id), point), piece.part, row);
      continue;
    }
    addRow(into(edgeSubject(id), point), piece.part, row);
    const labels = edges.get(id);
    if (!labels) continue;
    for (const subject of sumSubjects(labels)) addRow(into(subject, point * CLASSES + classOf(labels)), piece.part, row);
  }
}

function coverageOf(hourMs: number, windows: ReadonlyMap<number, number>): number[] {
  const covered = new Array<number>(LEVELS.minute.points).fill(0);
  for (const [startMs, lengthMs] of windows) {
    const point = Math.floor((startMs - hourMs) / MINUTE_MS);
    covered[point] = Math.min(MINUTE_MS / 1000, (covered[point] ?? 0) + lengthMs / 1000);
  }
  return covered.map(Math.round);
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
  const part = unpackRows(packChunk(chunk), true);
  const byClass = new Map<number, Raw>();
  for (let row = 0; row < part.rows; row++) {
    const { kind } = pointOf(chunk.subject, part.entity[row] ?? 0);
    const raw = byClass.get(kind) ?? createRaw();
    addRow(raw, part, row);
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

