/** A rule over past points: its success rate at each moment, and when it would have fired. Pure. */
import type { Point } from '../../cloud/wire/entities.ts';

export interface RuleShape {
  readonly threshold: number;
  readonly windowMs: number;
  readonly minRequests: number;
}

export interface Firing {
  readonly fromMs: number;
  /** Null: still firing at the last point. */
  readonly toMs: number | null;
}

interface Sums {
  readonly requests: number;
  readonly failures: number;
  readonly clients: number;
}

/**
 * Success rate of the window that ends with each point; null with too few requests to judge or while the window is not
 * yet whole. Two running sums, so a month of points costs one pass.
 */
export function rollingSuccess(points: readonly Point[], resolutionMs: number, rule: RuleShape): (number | null)[] {
  const span = Math.max(1, Math.round(rule.windowMs / resolutionMs));
  let sums: Sums = { requests: 0, failures: 0, clients: 0 };
  return points.map((point, at) => {
    sums = add(sums, point, 1);
    const leaving = points[at - span];
    if (leaving !== undefined) sums = add(sums, leaving, -1);
    const judged = sums.requests - sums.clients;
    return at + 1 < span || sums.requests < rule.minRequests || judged <= 0 ? null : 1 - sums.failures / judged;
  });
}

function add(sums: Sums, point: Point, sign: 1 | -1): Sums {
  return {
    requests: sums.requests + sign * point.requests,
    failures: sums.failures + sign * (point.failuresApp + point.failuresMesh),
    clients: sums.clients + sign * point.failuresClient,
  };
}

/** When the rule would have fired: a moment without a judgement leaves the state as it is. */
export function firings(points: readonly Point[], rates: readonly (number | null)[], resolutionMs: number, threshold: number): Firing[] {
  const found: Firing[] = [];
  let openedMs: number | null = null;
  points.forEach((point, at) => {
    const rate = rates[at] ?? null;
    if (rate === null) return;
    if (rate < threshold) openedMs ??= point.startMs + resolutionMs;
    else if (openedMs !== null) {
      found.push({ fromMs: openedMs, toMs: point.startMs + resolutionMs });
      openedMs = null;
    }
  });
  if (openedMs !== null) found.push({ fromMs: openedMs, toMs: null });
  return found;
}

/** The sum of several series over the same points (quantiles can't be summed: they are null). Points are matched by their start. */
export function summed(series: readonly (readonly Point[])[]): Point[] {
  const byStart = new Map<number, Point>();
  for (const point of series.flat()) {
    const before = byStart.get(point.startMs);
    byStart.set(point.startMs, before === undefined ? { ...point, p50: null, p95: null, p99: null } : sum(before, point));
  }
  return [...byStart.values()].toSorted((a, b) => a.startMs - b.startMs);
}

function sum(a: Point, b: Point): Point {
  const requests = a.requests + b.requests;
  const failuresApp = a.failuresApp + b.failuresApp;
  const failuresMesh = a.failuresMesh + b.failuresMesh;
  const failuresClient = a.failuresClient + b.failuresClient;
  const judged = requests - failuresClient;
  return {
    startMs: a.startMs, requests, failuresApp, failuresMesh, failuresClient,
    retries: a.retries + b.retries,
    successRate: judged <= 0 ? null : 1 - (failuresApp + failuresMesh) / judged,
    requestsPerSecond: a.requestsPerSecond + b.requestsPerSecond,
    p50: null, p95: null, p99: null,
    gap: a.gap && b.gap,
    imported: a.imported || b.imported,
  };
}
