/** Reads a range of a cluster as one sum per edge, route or workload, through the levels of a plan. */
import { edgeSubject, labelsOfClass } from '../rollup/chunk.ts';
import { createCoverage } from './coverage.ts';
import type { Coverage } from './coverage.ts';
import { readChunks } from './chunks.ts';
import type { EdgeLabels, EdgeTotal, RouteLabels } from './edge.ts';
import { addCounters, addEdge, addEdgeRow, addRow, createRaw, createSum } from './golden.ts';
import type { Raw, Sum } from './golden.ts';
import { visitEntities } from './levels.ts';
import type { RangeReading } from './levels.ts';
import { planRange } from './plan.ts';
import { readParts } from './windows.ts';

export interface EdgeSum {
  readonly labels: EdgeLabels;
  readonly raw: Raw;
}

export interface RouteSum {
  readonly labels: RouteLabels;
  readonly raw: Raw;
}

/** The edges of the span that pass (without a predicate all), and the time that stored numbers cover. */
export async function sumEdges(reading: RangeReading, passes?: (labels: EdgeLabels) => boolean): Promise<{ readonly edges: readonly EdgeSum[]; readonly coverage: Coverage }> {
  const labels = await reading.names.allEdges(reading.tx, reading.orgId, reading.clusterId);
  const wanted = passes ? new Set([...labels].filter(([, edge]) => passes(edge)).map(([id]) => id)) : null;
  const coverage = createCoverage();
  const raws = new Map<number, Raw>();
  const plan = planRange(reading.span, reading.hours, reading.nowMs, { coarsest: 'hour', everything: wanted === null });
  await visitEntities(reading, plan, 'edge', wanted, true, (id, _, part, row) => addRow(rawOf(raws, id), part, row), coverage.add);
  return { edges: labelled(raws, labels), coverage };
}

/** The routes of the services. */
export async function sumRoutes(reading: RangeReading, services: ReadonlySet<string>): Promise<readonly RouteSum[]> {
  const labels = await reading.names.allRoutes(reading.tx, reading.orgId, reading.clusterId);
  const wanted = new Set([...labels].filter(([, route]) => services.has(route.service)).map(([id]) => id));
  if (wanted.size === 0) return [];
  const raws = new Map<number, Raw>();
  const plan = planRange(reading.span, reading.hours, reading.nowMs, { coarsest: 'hour', everything: false });
  await visitEntities(reading, plan, 'route', wanted, true, (id, _, part, row) => addRow(rawOf(raws, id), part, row), null);
  return labelled(raws, labels);
}

/** Every workload's inbound view: from windows its edges, from chunks its own sums. */
export async function sumWorkloads(reading: RangeReading): Promise<{ readonly inbound: ReadonlyMap<string, Sum>; readonly coverage: Coverage }> {
  const labels = await reading.names.allEdges(reading.tx, reading.orgId, reading.clusterId);
  const inbound = new Map<string, Sum>();
  const coverage = createCoverage();
  const into = (key: string): Sum => {
    const sum = inbound.get(key) ?? createSum();
    inbound.set(key, sum);
    return sum;
  };
  const plan = planRange(reading.span, reading.hours, reading.nowMs, { coarsest: 'hour', everything: true });
  for (const { fromMs, toMs } of plan.windows) {
    await readParts(reading.tx, reading.orgId, reading.clusterId, 'edge', fromMs, toMs, true, ({ startMs, lengthMs, part }) => {
      coverage.add(startMs, lengthMs);
      for (let row = 0; row < part.rows; row++) {
        const edge = labels.get(part.entity[row] ?? 0);
        if (edge?.direction === 'inbound' && edge.destination !== '') addEdgeRow(into(edge.destination), part, row, edge);
      }
    });
  }
  await readChunks(reading, plan, { kind: 'prefix', prefix: 'w:' }, true, ({ subject, kind, part, row }) => {
    addEdgeRow(into(subject.slice(2)), part, row, labelsOfClass(kind));
  }, coverage.add);
  return { inbound, coverage };
}

/** Edges of a range, read as far as they are asked for: windows hold all of them anyway, chunks each apart. */
export interface EdgeReader {
  /** Counters of all edges that pass, without latencies. */
  totals(passes: (labels: EdgeLabels) => boolean): Promise<EdgeTotal[]>;
}

export async function openEdges(reading: RangeReading): Promise<EdgeReader> {
  const labels = await reading.names.allEdges(reading.tx, reading.orgId, reading.clusterId);
  const plan = planRange(reading.span, reading.hours, reading.nowMs, { coarsest: 'hour', everything: false });
  const raws = new Map<number, Raw>();
  const read = new Set<number>();
  const windowsOnly = { ...plan, minutes: [], hours: [], minuteChunks: [] };
  await visitEntities(reading, windowsOnly, 'edge', null, false, (id, _, part, row) => addCounters(rawOf(raws, id), part, row), null);
  return {
    totals: async (passes) => {
      const wanted = [...labels].filter(([, edge]) => passes(edge)).map(([id]) => id);
      const fresh = wanted.filter((id) => !read.has(id));
      for (const id of fresh) read.add(id);
      if (fresh.length > 0) {
        await readChunks(reading, plan, { kind: 'some', subjects: fresh.map(edgeSubject) }, false,
          ({ subject, part, row }) => addCounters(rawOf(raws, Number(subject.slice(2))), part, row), null);
      }
      return wanted.flatMap((id) => {
        const [edge, raw] = [labels.get(id), raws.get(id)];
        return edge && raw ? [{ ...edge, ...raw.counters }] : [];
      });
    },
  };
}

function rawOf(raws: Map<number, Raw>, id: number): Raw {
  const raw = raws.get(id) ?? createRaw();
  raws.set(id, raw);
  return raw;
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
