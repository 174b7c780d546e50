/** The queries about one cluster: topology, workloads, one workload, and its metrics over time. */
import type { z } from 'zod';
import { ApiError } from '../context.ts';
import type { OrgContext } from '../context.ts';
import { readCluster } from '../actions/cluster/row.ts';
import type { Range as RangeSchema, Series, Topology, Workload, WorkloadRow } from '../wire/entities.ts';
import { createCoverage } from './coverage.ts';
import type { EdgeLabels } from './edge.ts';
import { readExisting } from './exists.ts';
import { addEdgeRow, addSum, createSum, goldenOf } from './golden.ts';
import type { Sum } from './golden.ts';
import { graphOf, inboundByWorkload, workloadRow } from './graph.ts';
import type { EntityNames } from './names.ts';
import { origin } from './origin.ts';
import { pointOf, subjectOf } from './points.ts';
import { resolveRange, stepOf } from './range.ts';
import type { RangeQuery, Span } from './range.ts';
import { lastWindowEndMs, readParts } from './read.ts';
import { graphSentence, workloadSentence } from './sentences.ts';
import { sumEdges, sumRoutes } from './sums.ts';
import type { EdgeSum, Reading } from './sums.ts';
import { calleesOf, callersOf, routesOf, servicesOf } from './workload.ts';

type Range = z.infer<typeof RangeSchema>;

interface ClusterReading extends Reading {
  readonly span: Span;
  readonly windowMs: number;
  readonly range: Range;
}

/** One snapshot of the cluster, with the query's range resolved. Throws `ApiError` `not_found` or `invalid_request`. */
async function readingOf<T>(context: OrgContext, names: EntityNames, clusterId: string, query: RangeQuery, work: (reading: ClusterReading) => Promise<T>): Promise<T> {
  const { orgId } = context.tenant;
  return context.tenant.snapshot(async (tx) => {
    const row = await readCluster(tx, orgId, clusterId);
    const span = resolveRange(query, context.now(), row.window_ms, await lastWindowEndMs(tx, orgId, clusterId));
    return work({ tx, orgId, clusterId, names, span, windowMs: row.window_ms, range: { ...span, resolutionMs: row.window_ms } });
  });
}

export async function readTopology(context: OrgContext, names: EntityNames, clusterId: string, query: RangeQuery & { readonly namespace?: string | undefined }): Promise<Topology> {
  return readingOf(context, names, clusterId, query, async (reading) => {
    const { edges, coverage } = await sumEdges(reading, reading.span);
    const existing = await readExisting(reading.tx, reading.orgId, clusterId);
    const graph = graphOf(edges, existing, coverage.seconds(), query.namespace ?? null);
    const workloads = graph.nodes.filter((node) => node.kind === 'workload').length;
    return { range: reading.range, sentence: graphSentence({ workloads, edges: graph.edges }), ...graph };
  });
}

export async function readWorkloads(context: OrgContext, names: EntityNames, clusterId: string, query: RangeQuery): Promise<{ range: Range; workloads: WorkloadRow[] }> {
  return readingOf(context, names, clusterId, query, async (reading) => {
    const { edges, coverage } = await sumEdges(reading, reading.span);
    const existing = await readExisting(reading.tx, reading.orgId, clusterId);
    const inbound = inboundByWorkload(edges);
    const keys = [...new Set([...existing.workloads.keys(), ...inbound.keys()])].sort();
    return { range: reading.range, workloads: keys.map((key) => workloadRow(key, existing.workloads.get(key), inbound.get(key), coverage.seconds())) };
  });
}

export async function readWorkload(context: OrgContext, names: EntityNames, clusterId: string, key: string, query: RangeQuery): Promise<Workload> {
  return readingOf(context, names, clusterId, query, async (reading) => {
    const { edges, coverage } = await sumEdges(reading, reading.span);
    const existing = await readExisting(reading.tx, reading.orgId, clusterId);
    const state = existing.workloads.get(key);
    const touched = edges.some(({ labels }) => labels.destination === key || labels.source === key);
    if (!state && !touched) throw new ApiError('not_found', `There is no workload ${key} in this cluster, and it had no traffic in this range.`);
    const seconds = coverage.seconds();
    const row = workloadRow(key, state, inboundByWorkload(edges).get(key), seconds);
    const services = servicesOf(edges, existing.services.values(), key);
    return {
      range: reading.range,
      sentence: workloadSentence({ name: row.name, golden: row.golden, meshed: row.meshed, origin: originElsewhere(edges, key) }),
      workload: row,
      serviceAccount: state?.serviceAccount ?? null,
      identity: state?.identity ?? null,
      services,
      callers: callersOf(edges, key, seconds),
      callees: calleesOf(edges, key, seconds),
      routes: routesOf(await sumRoutes(reading, reading.span), new Set(services), seconds),
      proxies: existing.proxies.filter((proxy) => proxy.workload === key).map(({ workload: _, ...proxy }) => proxy),
    };
  });
}

/** The workload or service where the failures of `key` start, when it isn't `key` itself. */
function originElsewhere(edges: readonly EdgeSum[], key: string): string | null {
  const path = origin(edges.map(({ labels, raw }) => ({ ...labels, ...raw.counters })), { workload: key });
  const last = path.length > 1 ? path.at(-1) : undefined;
  return last?.workload ?? last?.service ?? null;
}

export async function readSeries(
  context: OrgContext, names: EntityNames, clusterId: string, query: RangeQuery & { readonly subject: string; readonly stepSeconds?: number | undefined },
): Promise<Series> {
  const passes = subjectOf(query.subject);
  if (!passes) throw unknownSubject(query.subject);
  return readingOf(context, names, clusterId, query, async (reading) => {
    const stepMs = stepOf(reading.span, reading.windowMs, query.stepSeconds);
    const { sums, coverage } = await sumSteps(reading, passes, stepMs);
    const total = createSum();
    for (const sum of sums) addSum(total, sum);
    return {
      range: { ...reading.span, resolutionMs: stepMs },
      points: sums.map((sum, at) => pointOf(reading.span.fromMs + at * stepMs, stepMs, sum, coverage)),
      total: goldenOf(total, coverage.seconds()),
    };
  });
}

function unknownSubject(subject: string): ApiError {
  return new ApiError('invalid_request', 'The subject is not known.', {
    faults: [{ path: 'query.subject', message: `"${subject}" is none of cluster, workload:<key>, service:<key>, edge:<id of a topology edge>` }],
  });
}

/** One sum per step; the last step may be shorter than the others. */
async function sumSteps(reading: ClusterReading, passes: (labels: EdgeLabels) => boolean, stepMs: number): Promise<{ sums: Sum[]; coverage: ReturnType<typeof createCoverage> }> {
  const { tx, orgId, clusterId, names, span } = reading;
  const labels = await names.allEdges(tx, orgId, clusterId);
  const sums = Array.from({ length: Math.ceil((span.toMs - span.fromMs) / stepMs) }, createSum);
  const coverage = createCoverage();
  await readParts(tx, orgId, clusterId, 'edge', span.fromMs, span.toMs, true, ({ startMs, lengthMs, part }) => {
    coverage.add(startMs, lengthMs);
    const sum = sums[Math.floor((startMs - span.fromMs) / stepMs)];
    for (let row = 0; sum && row < part.rows; row++) {
      const edge = labels.get(part.entity[row] ?? 0);
      if (edge && passes(edge)) addEdgeRow(sum, part, row, edge);
    }
  });
  return { sums, coverage };
}
