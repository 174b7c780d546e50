/** Pretended taps: exchanges of the cluster's edges, as many as have passed since the last look. */
import type { Tap, TapEvent, TapInput, TapPage } from '../../cloud/wire/tap.ts';
import type { MockCluster, MockEdge } from './world.ts';

/** A pretended tap remembers what was asked, and when. */
export interface MockTap {
  readonly id: string;
  readonly clusterId: string;
  readonly input: TapInput;
  readonly startedMs: number;
  stopped: boolean;
  matched: number;
  told: number;
}

/** Of so many exchanges of an edge one is made up. */
const EVERY = 20;
const EVENTS_MAX = 200;
const METHODS = ['GET', 'GET', 'GET', 'POST'] as const;
const PATHS = ['/items/:id', '/carts/:id', '/health', '/orders'] as const;

export function tapEntity(tap: MockTap, nowMs: number): Tap {
  const endsMs = tap.startedMs + tap.input.seconds * 1_000;
  const state = tap.stopped || nowMs > endsMs ? 'over' : nowMs - tap.startedMs < 1_000 ? 'waiting' : 'live';
  return {
    id: tap.id, clusterId: tap.clusterId, workload: tap.input.workload ?? null, state, perSecondMax: tap.input.perSecondMax,
    startedAt: new Date(tap.startedMs).toISOString(), startedBy: 'u1', endsAt: new Date(endsMs).toISOString(), matched: tap.matched, told: tap.told,
  };
}

/** The events since `after`, which is the moment of the last look. */
export function tapPage(tap: MockTap, cluster: MockCluster, after: string, nowMs: number): TapPage {
  const sinceMs = Math.max(Number(after || tap.startedMs + 1_000), tap.startedMs + 1_000);
  const live = tapEntity(tap, nowMs).state === 'live';
  const made = live ? cluster.edges.flatMap((edge) => eventsOf(edge, sinceMs, nowMs)) : [];
  const passed = made.filter((event) => passes(tap.input, event)).sort((a, b) => a.atMs - b.atMs);
  const events = passed.slice(0, EVENTS_MAX);
  tap.matched += passed.length;
  tap.told += events.length;
  return { tap: tapEntity(tap, nowMs), events, next: String(live ? nowMs : sinceMs) };
}

function eventsOf(edge: MockEdge, sinceMs: number, nowMs: number): TapEvent[] {
  const stepMs = (1_000 * EVERY) / edge.rate;
  const first = Math.ceil(sinceMs / stepMs);
  const last = Math.floor(nowMs / stepMs);
  return Array.from({ length: Math.max(0, Math.min(last - first + 1, EVENTS_MAX)) }, (_, at) => eventAt(edge, first + at, (first + at) * stepMs));
}

/** The same moment always has the same exchange. */
function eventAt(edge: MockEdge, number: number, atMs: number): TapEvent {
  const roll = (Math.imul(number, 2_654_435_761) >>> 0) / 2 ** 32;
  const { app, mesh } = edge.fails(atMs, atMs);
  const fault = roll < app ? 'app' : roll < app + mesh ? 'mesh' : null;
  const method = METHODS[number % METHODS.length] ?? 'GET';
  const route = PATHS[number % PATHS.length] ?? '/';
  return {
    atMs, workload: edge.source, proxy: `${edge.source.split('/').at(-1) ?? ''}-0`, direction: 'outbound', protocol: edge.protocol, tls: edge.tls,
    source: edge.source, service: edge.target.split('/').filter((_, part) => part !== 1).join('/'), destination: edge.target, method, path: route.replace(':id', String(number % 1_000)),
    route: `${method} ${route}`, status: fault === 'app' ? 500 : fault === 'mesh' ? 503 : 200, grpcStatus: null, fault, code: fault === 'mesh' ? 'connect-failed' : null,
    latencyMs: edge.latencyMs * (0.5 + roll), durationMs: edge.latencyMs * (0.6 + roll), bytesIn: 180, bytesOut: 1_100, retries: 0, traceId: null,
  };
}

function passes({ workload, direction, method, pathPrefix, statusClass, peer }: TapInput, event: TapEvent): boolean {
  if (workload !== undefined && workload !== event.workload) return false;
  if (direction !== undefined && direction !== event.direction) return false;
  if (method !== undefined && method !== event.method) return false;
  if (pathPrefix !== undefined && !event.path.startsWith(pathPrefix)) return false;
  if (statusClass !== undefined && statusClass !== Math.floor(event.status / 100)) return false;
  return peer === undefined || peer === event.destination;
}
