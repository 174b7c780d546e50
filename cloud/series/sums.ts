/** Reads a range of a cluster as one sum per edge or route. */
import type { Transaction } from '../db/client.ts';
import type { OrgId } from '../db/tenant.ts';
import { createCoverage } from './coverage.ts';
import type { Coverage } from './coverage.ts';
import type { EdgeLabels, RouteLabels } from './edge.ts';
import { addEdge, addRow, createRaw, createSum } from './golden.ts';
import type { Raw, Sum } from './golden.ts';
import type { EntityKind, EntityNames } from './names.ts';
import type { Span } from './range.ts';
import { readParts } from './read.ts';

/** What one cluster's reading needs. */
export interface Reading {
  readonly tx: Transaction;
  readonly orgId: OrgId;
  readonly clusterId: string;
  readonly names: EntityNames;
}

export interface EdgeSum {
  readonly labels: EdgeLabels;
  readonly raw: Raw;
}

export interface RouteSum {
  readonly labels: RouteLabels;
  readonly raw: Raw;
}

/** Everything of both views. */
const EVERY = (): boolean => true;

/** The edges of the span that pass, and the time that stored windows cover. `reading.tx` is a snapshot. */
export async function sumEdges(
  reading: Reading, span: Span, passes: (labels: EdgeLabels) => boolean = EVERY,
): Promise<{ readonly edges: readonly EdgeSum[]; readonly coverage: Coverage }> {
  const labels = await reading.names.allEdges(reading.tx, reading.orgId, reading.clusterId);
  const wanted = new Map([...labels].filter(([, edge]) => passes(edge)));
  const { raws, coverage } = await sumById(reading, 'edge', span, (id) => wanted.has(id));
  return { edges: labelled(raws, wanted), coverage };
}

export async function sumRoutes(reading: Reading, span: Span): Promise<readonly RouteSum[]> {
  const { raws } = await sumById(reading, 'route', span, EVERY);
  const labels = await reading.names.routes(reading.tx, reading.orgId, reading.clusterId, raws.keys());
  return labelled(raws, labels);
}

async function sumById(reading: Reading, kind: EntityKind, span: Span, wanted: (id: number) => boolean): Promise<{ raws: Map<number, Raw>; coverage: Coverage }> {
  const raws = new Map<number, Raw>();
  const coverage = createCoverage();
  await readParts(reading.tx, reading.orgId, reading.clusterId, kind, span.fromMs, span.toMs, true, ({ startMs, lengthMs, part }) => {
    coverage.add(startMs, lengthMs);
    for (let row = 0; row < part.rows; row++) {
      const id = part.entity[row] ?? 0;
      if (!wanted(id)) continue;
      const raw = raws.get(id) ?? createRaw();
      addRow(raw, part, row);
      raws.set(id, raw);
    }
  });
  return { raws, coverage };
}

function labelled<Labels>(raws: ReadonlyMap<number, Raw>, labels: ReadonlyMap<number, Labels>): { labels: Labels; raw: Raw }[] {
  const rows: { labels: Labels; raw: Raw }[] = [];
  for (const [id, raw] of raws) {
    const found = labels.get(id);
    if (found !== undefined) rows.push({ labels: found, raw });
  }
  return rows;
}

/** The edges added up. */
export function sumAll(edges: readonly EdgeSum[]): Sum {
  const sum = createSum();
  for (const { labels, raw } of edges) addEdge(sum, raw, labels);
  return sum;
}
