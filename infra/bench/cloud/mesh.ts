/** The mesh of the data set: 20 clusters of 100 workloads and 500 edges, seen by both proxies of each. Pure. */
import type { PackedRow } from '../../../cloud/ingest/packed.ts';
import { edgeKey, routeKey } from '../../../cloud/series/edge.ts';
import type { EdgeLabels, RouteLabels } from '../../../cloud/series/edge.ts';
import { type Latencies, pour, shapeOf } from '../../history/latency.ts';
import { seeded } from '../../seeded.ts';

export const CLUSTERS = 20;
const WORKLOADS = 100;
const CALLEES = 5;
/** Edges of a cluster; each has two rows. */
export const EDGES = WORKLOADS * CALLEES;
const ROUTES_PER_SERVICE = 2;
/** Spread of latencies, by which a 10-second row has some 20 non-empty buckets. */
const SIGMA = 0.42;
/** Mean requests of an edge per second. */
const RATE = 12;

export const workloadKey = (at: number): string => `team-${at % 10}/deployment/service-${at}`;
export const serviceKey = (at: number): string => `team-${at % 10}/service-${at}`;

export interface BenchMesh {
  readonly workloads: readonly string[];
  readonly edges: readonly EdgeLabels[];
  readonly routes: readonly RouteLabels[];
}

/** Every workload calls five others; one edge in twenty comes in plain text, and one workload is called from outside. */
export function benchMesh(): BenchMesh {
  const edges: EdgeLabels[] = [];
  for (let caller = 0; caller < WORKLOADS; caller++) {
    for (let call = 1; call <= CALLEES; call++) {
      const callee = (caller * 3 + call * 7) % WORKLOADS;
      const ends = { source: workloadKey(caller), service: serviceKey(callee), destination: workloadKey(callee), protocol: call === 5 ? ('grpc' as const) : ('http1' as const), tls: (caller * CALLEES + call) % 20 === 0 ? ('plain' as const) : ('mtls' as const) };
      edges.push({ direction: 'outbound', ...ends }, { direction: 'inbound', ...ends });
    }
  }
  const routes = Array.from({ length: WORKLOADS * ROUTES_PER_SERVICE }, (_, at): RouteLabels => ({ direction: 'outbound', service: serviceKey(at % WORKLOADS), route: `GET /things-${Math.floor(at / WORKLOADS)}/:id` }));
  return { workloads: Array.from({ length: WORKLOADS }, (_, at) => workloadKey(at)), edges, routes };
}

export function meshKeys(mesh: BenchMesh): readonly (readonly ['edge' | 'route', string])[] {
  return [...mesh.edges.map((edge) => ['edge', edgeKey(edge)] as const), ...mesh.routes.map((route) => ['route', routeKey(route)] as const)];
}

/** A row as an edge makes it in that many seconds: some 20 non-empty buckets in 10 s. `weight`: edges that it sums. */
export function benchRow(entity: number, seconds: number, weight: number, random: () => number): PackedRow {
  const wanted = Math.max(1, Math.round(RATE * seconds * weight * (0.5 + random())));
  const { requests, histogram, sumUs } = scattered(pour(wanted, shapeOf(2 + 40 * random(), SIGMA), random()), random);
  const failures = random() < 0.1 ? Math.ceil(requests * 0.004 * random()) : 0;
  return {
    entity, requests, failuresApp: failures, failuresMesh: random() < 0.01 ? 1 : 0, failuresClient: 0, retries: random() < 0.05 ? 1 : 0,
    bytesIn: Math.round(requests * (300 + 200 * random())), bytesOut: Math.round(requests * (2000 + 4000 * random())),
    durationSumUs: Math.round(sumUs * 1.02), appSumUs: Math.round(sumUs * 0.9), queueSumUs: Math.round(requests * 20 * random()), latency: histogram,
  };
}

/** Counts as independent requests would give them: each bucket has the spread of its mean. */
function scattered({ histogram, sumUs }: Latencies, random: () => number): { requests: number; histogram: number[]; sumUs: number } {
  const made = [histogram[0] ?? 1];
  let [requests, gap] = [0, 0];
  for (let at = 1; at < histogram.length; at += 2) {
    const mean = histogram[at + 1] ?? 0;
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const count = Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
    gap += histogram[at] ?? 0;
    if (count === 0) continue;
    made.push(gap, count);
    gap = 0;
    requests += count;
  }
  return { requests, histogram: made, sumUs };
}

/** The data set's own source of randomness. */
export function benchRandom(seed: number, part: string): () => number {
  let mixed = seed;
  for (const letter of part) mixed = Math.imul(mixed ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  return seeded(mixed);
}
