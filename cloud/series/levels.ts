/** Reads a plan through all its levels, as visits of rows: what is visited sums to the same whatever the levels are. */
import type { UnpackedPart } from '../ingest/packed.ts';
import { CLUSTER_SUBJECT, edgeSubject, labelsOfClass, routeSubject, serviceSubject, workloadSubject } from '../rollup/chunk.ts';
import { readChunks } from './chunks.ts';
import type { Cover, Subjects } from './chunks.ts';
import { edgeKey, isEdgeView } from './edge.ts';
import type { EdgeLabels } from './edge.ts';
import type { EntityKind, EntityNames } from './names.ts';
import type { Hours, Plan } from './plan.ts';
import type { Span } from './range.ts';
import { readParts } from './windows.ts';
import type { Transaction } from '../db/client.ts';
import type { OrgId } from '../db/tenant.ts';

/** What one cluster's reading needs; `tx` is a snapshot. */
export interface Reading {
  readonly tx: Transaction;
  readonly orgId: OrgId;
  readonly clusterId: string;
  readonly names: EntityNames;
  readonly nowMs: number;
}

/** A reading of a span that is aligned to what is stored of it. */
export interface RangeReading extends Reading {
  readonly span: Span;
  readonly hours: Hours;
}

/** What a chart shows. */
export type Subject =
  | { readonly kind: 'cluster' }
  | { readonly kind: 'workload' | 'service'; readonly key: string }
  | { readonly kind: 'edge'; readonly labels: EdgeLabels };

type Row = (atMs: number, part: UnpackedPart, row: number) => void;
export type EntityRow = (id: number, ...row: Parameters<Row>) => void;
export type SumRow = (labels: Pick<EdgeLabels, 'protocol' | 'tls'>, ...row: Parameters<Row>) => void;

/** More ids than this are read as all of the cluster's. */
const LISTED_MAX = 500;

/** Rows of edges or routes by id: of the given ids, or with null of all. */
export async function visitEntities(reading: Reading, plan: Plan, kind: EntityKind, ids: ReadonlySet<number> | null, histograms: boolean, visit: EntityRow, cover: Cover | null): Promise<void> {
  await visitWindows(reading, plan, kind, histograms, (atMs, part, row) => {
    const id = part.entity[row] ?? 0;
    if (!ids || ids.has(id)) visit(id, atMs, part, row);
  }, cover, ids ? (id) => ids.has(id) : undefined);
  await readChunks(reading, plan, entitySubjects(kind, ids), histograms, ({ subject, atMs, part, row }) => {
    const id = Number(subject.slice(2));
    if (!ids || ids.has(id)) visit(id, atMs, part, row);
  }, cover);
}

function entitySubjects(kind: EntityKind, ids: ReadonlySet<number> | null): Subjects {
  const name = kind === 'edge' ? edgeSubject : routeSubject;
  if (ids && ids.size <= LISTED_MAX) return { kind: 'some', subjects: [...ids].map(name) };
  return { kind: 'prefix', prefix: kind === 'edge' ? 'e:' : 'r:' };
}

/** Rows of a subject, under labels that say whether they are requests and over mutual TLS. */
export async function visitSubject(reading: Reading, plan: Plan, subject: Subject, histograms: boolean, visit: SumRow, cover: Cover): Promise<void> {
  if (subject.kind === 'edge') {
    const ids = new Set(await idsWhere(reading, subject));
    return visitEntities(reading, plan, 'edge', ids, histograms, (_, ...row) => visit(subject.labels, ...row), cover);
  }
  await visitSubjectWindows(reading, plan, subject, histograms, visit, cover);
  const chunks = { kind: 'some', subjects: [chunkSubject(subject)] } as const;
  await readChunks(reading, plan, chunks, histograms, ({ kind, atMs, part, row }) => visit(labelsOfClass(kind), atMs, part, row), cover);
}

async function visitSubjectWindows(reading: Reading, plan: Plan, subject: Subject, histograms: boolean, visit: SumRow, cover: Cover): Promise<void> {
  if (plan.windows.length === 0) return;
  if (subject.kind === 'cluster') {
    return visitWindows(reading, plan, 'sum', histograms, (atMs, part, row) => visit(labelsOfClass(part.entity[row] ?? 0), atMs, part, row), cover);
  }
  const edges = await reading.names.allEdges(reading.tx, reading.orgId, reading.clusterId);
  const mine = new Map([...edges].filter(([, labels]) => isOf(subject, labels)));
  await visitWindows(reading, plan, 'edge', histograms, (atMs, part, row) => {
    const labels = mine.get(part.entity[row] ?? 0);
    if (labels) visit(labels, atMs, part, row);
  }, cover, (id) => mine.has(id));
}

function chunkSubject(subject: Exclude<Subject, { kind: 'edge' }>): string {
  switch (subject.kind) {
    case 'cluster':
      return CLUSTER_SUBJECT;
    case 'workload':
      return workloadSubject(subject.key);
    case 'service':
      return serviceSubject(subject.key);
    default:
      return subject satisfies never;
  }
}

/** True when the subject's numbers take the edge in. */
export function isOf(subject: Subject, labels: EdgeLabels): boolean {
  switch (subject.kind) {
    case 'cluster':
      return labels.direction === 'inbound';
    case 'workload':
      return labels.direction === 'inbound' && labels.destination === subject.key;
    case 'service':
      return isEdgeView(labels) && labels.service === subject.key;
    case 'edge':
      return edgeKey(labels) === edgeKey(subject.labels);
    default:
      return subject satisfies never;
  }
}

async function idsWhere(reading: Reading, subject: Subject): Promise<number[]> {
  const edges = await reading.names.allEdges(reading.tx, reading.orgId, reading.clusterId);
  return [...edges].filter(([, labels]) => isOf(subject, labels)).map(([id]) => id);
}

async function visitWindows(
  reading: Reading, plan: Plan, kind: EntityKind | 'sum', histograms: boolean, visit: Row, cover: Cover | null, some?: (entity: number) => boolean,
): Promise<void> {
  for (const { fromMs, toMs } of plan.windows) {
    await readParts(reading.tx, reading.orgId, reading.clusterId, kind, fromMs, toMs, histograms, ({ startMs, lengthMs, part }) => {
      cover?.(startMs, lengthMs, lengthMs / 1000);
      for (let row = 0; row < part.rows; row++) visit(startMs, part, row);
    }, some);
  }
}
