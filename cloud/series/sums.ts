/** Reads a range of a cluster as one sum per edge, route or workload, through the levels of a plan. */
import type { UnpackedPart } from '../ingest/packed.ts';
import { edgeSubject, labelsOfClass, workloadSubject } from '../rollup/chunk.ts';
import { createCoverage } from './coverage.ts';
import type { Coverage } from './coverage.ts';
import { readChunks } from './chunks.ts';
import { isEdgeView } from './edge.ts';
import type { EdgeLabels, EdgeTotal, RouteLabels } from './edge.ts';
import { addCounters, addEdge, addEdgeRow, addRow, createCounters, createRaw, createSum } from './golden.ts';
import type { Raw, Sum } from './golden.ts';
import { isOf, visitEntities } from './levels.ts';
import type { RangeReading } from './levels.ts';
import { planRange } from './plan.ts';
import type { Plan } from './plan.ts';
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

/** A workload's own numbers with its edges in detail, and the counters of any other edges as far as they are asked for. */
export interface OpenWorkload {
  /** Its inbound view. */
  readonly inbound: Sum;
  /** The edges that end or begin at it, one view each, with latencies. */
  readonly edges: readonly EdgeSum[];
  readonly coverage: Coverage;
  /** Counters of all edges that pass, of both views, without latencies. */
  totals(passes: (labels: EdgeLabels) => boolean): Promise<EdgeTotal[]>;
}

/** Windows hold the edges, chunks hold each edge and the workload's sum apart. */
export async function openWorkload(reading: RangeReading, key: string): Promise<OpenWorkload> {
  const labels = await reading.names.allEdges(reading.tx, reading.orgId, reading.clusterId);
  const wanted = new Set([...labels].filter(([, edge]) => isShown(edge, key)).map(([id]) => id));
  const own = new Map([...labels].filter(([, edge]) => isOf({ kind: 'workload', key }, edge)));
  const plan = planRange(reading.span, reading.hours, reading.nowMs, { coarsest: 'hour', everything: false });
  const [raws, inbound, coverage] = [new Map<number, Raw>(), createSum(), createCoverage()];
  await visitEntities(reading, windowsOf(plan), 'edge', new Set([...wanted, ...own.keys()]), true, (id, _, part, row) => {
    const edge = own.get(id);
    if (edge) addEdgeRow(inbound, part, row, edge);
    if (wanted.has(id)) addRow(rawOf(raws, id), part, row);
  }, coverage.add);
  const subject = workloadSubject(key);
  await readChunks(reading, plan, { kind: 'some', subjects: [subject, ...[...wanted].map(edgeSubject)] }, true, (point) => {
    if (point.subject === subject) addEdgeRow(inbound, point.part, point.row, labelsOfClass(point.kind));
    else addRow(rawOf(raws, Number(point.subject.slice(2))), point.part, point.row);
  }, coverage.add);
  return { inbound, edges: labelled(raws, labels), coverage, totals: otherTotals(reading, plan, labels, raws, wanted) };
}

/** Totals of any edges: those in `known` are in `raws`; of the others windows are read at the first call, chunks as far as they are asked for. */
function otherTotals(reading: RangeReading, plan: Plan, labels: ReadonlyMap<number, EdgeLabels>, raws: ReadonlyMap<number, Raw>, known: ReadonlySet<number>): OpenWorkload['totals'] {
  const others = new Map<number, CounterSum>();
  const read = new Set(known);
  let windowsRead = false;
  const count = (id: number, _: number, part: UnpackedPart, row: number): void => {
    const sum = others.get(id) ?? createCounters();
    others.set(id, sum);
    addCounters(sum, part, row);
  };
  return async (passes) => {
    if (!windowsRead) await visitEntities(reading, windowsOf(plan), 'edge', null, false, (...row) => { if (!known.has(row[0])) count(...row); }, null);
    windowsRead = true;
    const ids = [...labels].filter(([, edge]) => passes(edge)).map(([id]) => id);
    const fresh = new Set(ids.filter((id) => !read.has(id)));
    for (const id of fresh) read.add(id);
    if (fresh.size > 0) await visitEntities(reading, chunksOf(plan), 'edge', fresh, false, count, null);
    return ids.flatMap((id) => {
      const [edge, sum] = [labels.get(id), raws.get(id)?.counters ?? others.get(id)?.counters];
      return edge && sum ? [{ ...edge, ...sum }] : [];
    });
  };
}

/** Edges that a workload's page shows: those that end at it, and its own proxy's view of those that begin. */
function isShown(edge: EdgeLabels, key: string): boolean {
  return (edge.destination === key && isEdgeView(edge)) || (edge.source === key && edge.direction === 'outbound');
}

type CounterSum = Pick<Raw, 'counters'>;

const windowsOf = (plan: Plan): Plan => ({ ...plan, minutes: [], hours: [], minuteChunks: [] });
const chunksOf = (plan: Plan): Plan => ({ ...plan, windows: [] });

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
