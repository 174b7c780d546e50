/** Reporters on the real control link whose every number is known: rows drawn from a seed, each sum, failure and bucket. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RingProxy, certify } from '../../agent/proxies/testing.ts';
import { edgeKey, routeKey } from '../../cloud/series/edge.ts';
import { HISTOGRAM_BUCKETS, createHistogram, toSparse } from '../../proxy/wire/histogram.ts';
import type { Counters, EdgeRow, RouteRow } from '../../proxy/wire/report.ts';
import type { PlacedWorkload } from '../mesh/layout.ts';
import { type MeshPlace, splitAddress } from '../mesh/processes.ts';
import { Tally } from './tally.ts';

export interface Meters {
  /** What was reported so far, by window. */
  readonly sent: Tally;
  /** Reports made. */
  readonly reports: number;
  /** Windows that the agent has not acknowledged. */
  waiting(): number;
  /** Reports no more; the rings go on until they are empty. */
  stop(): void;
  close(): void;
}

/** Callers and routes that the rows name. */
const CALLERS = 5;
const ROUTES = 3;
/** Two reports in a window, so that windows of one tick come as several. */
const REPORTS_PER_WINDOW = 2;

/** A meter speaks for an instance of the mesh that has no proxy. */
export async function startMeters(place: MeshPlace, workloads: readonly PlacedWorkload[], windowMs: number, random: () => number): Promise<Meters> {
  const sent = new Tally();
  const rings = await Promise.all(workloads.map((workload) => joinMesh(place, workload)));
  const state = { reports: 0 };
  const timer = setInterval(() => {
    for (const [at, ring] of rings.entries()) {
      const workload = workloads[at];
      if (workload === undefined) continue;
      const [edges, routes] = [drawEdges(workload, random), drawRoutes(workload, random)];
      const tick = ring.report(edges, routes);
      // No window has a name before the first tick.
      if (tick === null) continue;
      state.reports += 1;
      for (const edge of edges) sent.add(`edge ${edgeKey(edge)}`, tick * windowMs, edge);
      for (const route of routes) sent.add(`route ${routeKey(route)}`, tick * windowMs, route);
    }
  }, windowMs / REPORTS_PER_WINDOW);
  return {
    sent,
    get reports() { return state.reports; },
    waiting: () => rings.reduce((sum, ring) => sum + ring.waiting, 0),
    stop: () => clearInterval(timer),
    close: () => {
      clearInterval(timer);
      for (const ring of rings) ring.stop();
    },
  };
}

/** Certified with the workload's join token, as a proxy is. */
async function joinMesh(place: MeshPlace, { key, plan, instance: name }: PlacedWorkload): Promise<RingProxy> {
  const state = join(place.folder, 'agent');
  const trustBundle = await readFile(join(state, 'trust-bundle.pem'), 'utf8');
  const token = (await readFile(join(state, 'tokens', `${plan.namespace}.${plan.name}`), 'utf8')).trim();
  const facts = { port: splitAddress(place.layout.control).port, trustBundle };
  const client = await certify(facts, key, token);
  return new RingProxy({ ...facts, client, workload: key, name, instance: randomBytes(8).toString('hex') });
}

function drawEdges({ key, service }: PlacedWorkload, random: () => number): EdgeRow[] {
  const callers = Array.from({ length: CALLERS }, (_, at) => `load/host/caller-${at}`).filter(() => random() < 0.7);
  const inbound = callers.map((source) => ({ direction: 'inbound' as const, source, service, destination: key, protocol: 'http1' as const, tls: 'mtls' as const, ...drawCounters(random) }));
  const outside = { direction: 'inbound' as const, source: '', service, destination: key, protocol: 'http1' as const, tls: 'plain' as const, ...drawCounters(random) };
  const outbound = { direction: 'outbound' as const, source: key, service: 'load/sink', destination: 'load/host/sink', protocol: 'opaque' as const, tls: 'mtls' as const, ...drawCounters(random) };
  return [...inbound, outside, outbound];
}

function drawRoutes({ service }: PlacedWorkload, random: () => number): RouteRow[] {
  return Array.from({ length: ROUTES }, (_, at) => ({ direction: 'inbound' as const, service, route: `GET /route/${at}`, ...drawCounters(random) }));
}

/** Whole numbers of any size that a window may have, with one latency for each request that got an answer. */
function drawCounters(random: () => number): Counters {
  const upTo = (max: number): number => Math.floor(random() * (max + 1));
  const requests = 1 + upTo(40);
  const [failuresApp, failuresMesh, failuresClient] = [upTo(Math.floor(requests / 4)), upTo(Math.floor(requests / 8)), upTo(Math.floor(requests / 8))];
  const histogram = createHistogram();
  for (let left = requests - failuresMesh; left > 0; left--) {
    const bucket = Math.floor(random() ** 2 * HISTOGRAM_BUCKETS);
    histogram[bucket] = (histogram[bucket] ?? 0) + 1;
  }
  return {
    requests, failuresApp, failuresMesh, failuresClient, retries: upTo(3), bytesIn: upTo(1e6), bytesOut: upTo(1e9),
    latency: toSparse(histogram), durationSumUs: upTo(1e10), appSumUs: upTo(1e9), queueSumUs: upTo(1e6),
  };
}
