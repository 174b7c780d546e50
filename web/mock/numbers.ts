/** Golden metrics and points of pretended edges over a range. Pure. */
import type { Golden, HealthStatus, Point } from '../../cloud/wire/entities.ts';
import { statusOfRate } from '../format/status.ts';
import { isThere, noise, rateAt, type MockCluster, type MockEdge } from './world.ts';

export interface MockRange {
  readonly fromMs: number;
  readonly toMs: number;
  readonly resolutionMs: number;
}

const WINDOW_MS = 10_000;
/** What is older is pretended to be imported. */
const GENERATED_BEFORE_MS = 26 * 3_600_000;
const POINTS = 120;
/** Moments of a range that are looked at; enough for a picture. */
const SAMPLES = 8;
/** A stretch that pretended clusters missed: shown as a gap. */
const GAP_MS = [21 * 60_000, 19.5 * 60_000] as const;

export function rangeFrom(query: Readonly<Record<string, string>>, nowMs: number): MockRange {
  const toMs = Math.floor(Number(query['toMs'] ?? nowMs) / WINDOW_MS) * WINDOW_MS;
  const fromMs = Math.floor(Number(query['fromMs'] ?? toMs - Number(query['windowSeconds'] ?? 300) * 1000) / WINDOW_MS) * WINDOW_MS;
  const step = query['stepSeconds'] === undefined ? Math.ceil((toMs - fromMs) / POINTS / WINDOW_MS) * WINDOW_MS : Number(query['stepSeconds']) * 1000;
  return { fromMs, toMs: Math.max(toMs, fromMs + WINDOW_MS), resolutionMs: Math.max(WINDOW_MS, step) };
}

interface Sum {
  requests: number;
  app: number;
  mesh: number;
  client: number;
  connections: number;
  weighted: number;
  mtls: number;
}

function isGap(cluster: MockCluster, atMs: number, nowMs: number): boolean {
  if (cluster.silentForMs !== null && atMs > nowMs - cluster.silentForMs) return true;
  return cluster.id === 'c-eu' && nowMs - atMs < GAP_MS[0] && nowMs - atMs > GAP_MS[1];
}

function sumOf(edges: readonly MockEdge[], cluster: MockCluster, fromMs: number, toMs: number, nowMs: number): Sum {
  const sum: Sum = { requests: 0, app: 0, mesh: 0, client: 0, connections: 0, weighted: 0, mtls: 0 };
  const step = Math.max(WINDOW_MS, Math.ceil((toMs - fromMs) / SAMPLES / WINDOW_MS) * WINDOW_MS);
  for (let at = fromMs; at < toMs; at += step) {
    if (isGap(cluster, at, nowMs)) continue;
    for (const edge of edges) addEdge(sum, edge, at, Math.min(step, toMs - at), nowMs);
  }
  return sum;
}

function addEdge(sum: Sum, edge: MockEdge, atMs: number, lengthMs: number, nowMs: number): void {
  if (!isThere(edge, atMs, nowMs)) return;
  const count = Math.round((rateAt(edge, atMs) * lengthMs) / 1000);
  if (edge.protocol === 'opaque') {
    sum.connections += count;
    return;
  }
  const { app, mesh } = edge.fails(nowMs, atMs);
  sum.requests += count;
  sum.app += Math.round(count * app);
  sum.mesh += Math.round(count * mesh);
  sum.client += Math.round(count * 0.0002);
  sum.weighted += count * edge.latencyMs * (0.9 + 0.3 * noise(edge.target, atMs)) * (app > 0.02 ? 1.8 : 1);
  if (edge.tls === 'mtls') sum.mtls += count;
}

function quantiles(sum: Sum): { p50: number | null; p95: number | null; p99: number | null } {
  if (sum.requests === 0) return { p50: null, p95: null, p99: null };
  const mean = sum.weighted / sum.requests;
  return { p50: mean * 0.7, p95: mean * 2.3, p99: mean * (sum.app / sum.requests > 0.02 ? 9 : 4.1) };
}

function successOf(sum: Sum): number | null {
  const judged = sum.requests - sum.client;
  return judged <= 0 ? null : Math.max(0, 1 - (sum.app + sum.mesh) / judged);
}

export function goldenOf(edges: readonly MockEdge[], cluster: MockCluster, range: MockRange, nowMs: number): Golden {
  const sum = sumOf(edges, cluster, range.fromMs, range.toMs, nowMs);
  const seconds = (range.toMs - range.fromMs) / 1000;
  const mean = sum.requests === 0 ? 0 : sum.weighted / sum.requests;
  return {
    requests: sum.requests, requestsPerSecond: sum.requests / seconds, successRate: successOf(sum), failures: { app: sum.app, mesh: sum.mesh, client: sum.client }, retries: Math.round(sum.app * 0.2),
    latencyMs: quantiles(sum), mtlsShare: sum.requests === 0 ? null : sum.mtls / sum.requests, connections: sum.connections, bytesPerSecond: (sum.requests * 2100) / seconds,
    timeMs: sum.requests === 0 ? null : { app: mean * 0.78, network: mean * 0.17, queue: mean * 0.05 },
  };
}

export function pointsOf(edges: readonly MockEdge[], cluster: MockCluster, range: MockRange, nowMs: number): Point[] {
  const points: Point[] = [];
  for (let at = range.fromMs; at < range.toMs; at += range.resolutionMs) {
    const sum = sumOf(edges, cluster, at, at + range.resolutionMs, nowMs);
    points.push({
      startMs: at, requests: sum.requests, failuresApp: sum.app, failuresMesh: sum.mesh, failuresClient: sum.client, retries: 0, successRate: successOf(sum),
      requestsPerSecond: (sum.requests * 1000) / range.resolutionMs, ...quantiles(sum), gap: isGap(cluster, at, nowMs), imported: nowMs - at > GENERATED_BEFORE_MS,
    });
  }
  return points;
}

export function statusOf(golden: Golden): HealthStatus {
  if (golden.connections > 0 && golden.requests === 0) return 'ok';
  return golden.requests < 20 ? 'nodata' : statusOfRate(golden.successRate);
}
