/** The queries about one cluster's graph and workloads in a range. */
import { ApiError } from '../context.ts';
import type { OrgContext } from '../context.ts';
import type { Topology, Workload, WorkloadRow } from '../wire/entities.ts';
import { readExisting } from './exists.ts';
import { graphOf, workloadRow } from './graph.ts';
import type { EntityNames } from './names.ts';
import { mayExplain, origin } from './origin.ts';
import { NONE_OPEN, openByWorkload, openTouching, readOpenEdges, withOpen } from './open.ts';
import type { OpenEdges } from './open.ts';
import type { RangeQuery } from './range.ts';
import { readingOf } from './reading.ts';
import type { ClusterReading, Range } from './reading.ts';
import { graphSentence, workloadSentence } from './sentences.ts';
import { openWorkload, sumEdges, sumRoutes, sumWorkloads } from './sums.ts';
import type { OpenWorkload } from './sums.ts';
import { calleesOf, callersOf, routesOf, servicesOf } from './workload.ts';

export async function readTopology(context: OrgContext, names: EntityNames, clusterId: string, query: RangeQuery & { readonly namespace?: string | undefined }): Promise<Topology> {
  return readingOf(context, names, clusterId, query, async (reading) => {
    const { edges, coverage } = await sumEdges(reading);
    const open = await openNow(reading);
    const graph = graphOf(withOpen(edges, open), await readExisting(reading, momentOf(reading)), coverage.seconds(), query.namespace ?? null, open);
    const workloads = graph.nodes.filter((node) => node.kind === 'workload').length;
    return { range: reading.range, sentence: graphSentence({ workloads, edges: graph.edges }), ...graph };
  });
}

export async function readWorkloads(context: OrgContext, names: EntityNames, clusterId: string, query: RangeQuery): Promise<{ range: Range; workloads: WorkloadRow[] }> {
  return readingOf(context, names, clusterId, query, async (reading) => {
    const { inbound, coverage } = await sumWorkloads(reading);
    const existing = await readExisting(reading, momentOf(reading));
    const seconds = coverage.seconds();
    const open = openByWorkload(await openNow(reading));
    const keys = [...new Set([...existing.workloads.keys(), ...inbound.keys(), ...open.keys()])].sort();
    return { range: reading.range, workloads: keys.map((key) => workloadRow(key, existing.workloads.get(key), inbound.get(key), seconds, open.get(key))) };
  });
}

export async function readWorkload(context: OrgContext, names: EntityNames, clusterId: string, key: string, query: RangeQuery): Promise<Workload> {
  return readingOf(context, names, clusterId, query, async (reading) => {
    const open = await openWorkload(reading, key);
    const { coverage } = open;
    const streams = openTouching(await openNow(reading), key);
    const edges = withOpen(open.edges, streams);
    const existing = await readExisting(reading, momentOf(reading));
    const state = existing.workloads.get(key);
    const seen = open.inbound.counters.requests + open.inbound.connections > 0;
    if (!state && !seen && edges.length === 0) throw new ApiError('not_found', `There is no workload ${key} in this cluster, and it had no traffic in this range.`);
    const seconds = coverage.seconds();
    const row = workloadRow(key, state, seen ? open.inbound : undefined, seconds, openByWorkload(streams).get(key));
    const services = servicesOf(edges, existing.services.values(), key);
    const elsewhere = edges.some(({ labels, raw }) => labels.direction === 'outbound' && labels.source === key && mayExplain({ ...labels, ...raw.counters }));
    return {
      range: reading.range,
      sentence: workloadSentence({ name: row.name, golden: row.golden, meshed: row.meshed, origin: elsewhere ? await originElsewhere(open, key) : null }),
      workload: row,
      serviceAccount: state?.serviceAccount ?? null,
      identity: state?.identity ?? null,
      services,
      callers: callersOf(edges, key, seconds, streams),
      callees: calleesOf(edges, key, seconds, streams),
      routes: routesOf(await sumRoutes(reading, new Set(services)), seconds),
      proxies: existing.proxies.filter((proxy) => proxy.workload === key).map(({ workload: _, ...proxy }) => proxy),
    };
  });
}

/** A range that ends about now shows what exists now, though its last window ended some seconds ago. */
const NOW_MS = 60_000;

/** What is under way, in a range that ends about now. */
function openNow(reading: ClusterReading): Promise<OpenEdges> {
  return momentOf(reading) === null ? readOpenEdges(reading) : Promise.resolve(NONE_OPEN);
}

/** The moment whose workloads, services and proxies a range shows; null is now. */
function momentOf(reading: ClusterReading): number | null {
  return reading.span.toMs >= reading.nowMs - NOW_MS ? null : reading.span.toMs;
}

/** Calls deep; more than any sane chain of services. */
const ORIGIN_DEPTH_MAX = 20;

/**
 * The workload or service where the failures of `key` start, when it isn't `key` itself. Only the edges of workloads on the
 * way are read: the path is followed as far as its edges are known, then those of its last workload are read.
 */
async function originElsewhere(open: OpenWorkload, key: string): Promise<string | null> {
  const seen = new Set([key]);
  for (let depth = 0; depth < ORIGIN_DEPTH_MAX; depth++) {
    const path = origin(await open.totals((labels) => seen.has(labels.destination) || seen.has(labels.source)), { workload: key });
    const last = path.length > 1 ? path.at(-1) : undefined;
    if (!last?.workload || seen.has(last.workload)) return last?.workload ?? last?.service ?? null;
    seen.add(last.workload);
  }
  return null;
}
