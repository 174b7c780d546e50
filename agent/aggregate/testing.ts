/** Builders for tests: a proxy's window in a few words. */
import { bucketOf, createHistogram, toSparse } from '../../proxy/wire/histogram.ts';
import type { Counters, EdgeRow, ProxyWindow, RouteRow } from '../../proxy/wire/report.ts';

export function makeCounters(over: Partial<Counters> = {}, latenciesUs: readonly number[] = []): Counters {
  const histogram = createHistogram();
  for (const latency of latenciesUs) histogram[bucketOf(latency)] = (histogram[bucketOf(latency)] ?? 0) + 1;
  return {
    requests: 1,
    failuresApp: 0,
    failuresMesh: 0,
    failuresClient: 0,
    retries: 0,
    bytesIn: 0,
    bytesOut: 0,
    latency: toSparse(histogram),
    durationSumUs: 0,
    appSumUs: 0,
    queueSumUs: 0,
    ...over,
  };
}

export function makeEdge(over: Partial<EdgeRow> = {}): EdgeRow {
  const names = { source: 'shop/host/web', service: 'shop/cart', destination: 'shop/host/cart' };
  return { direction: 'outbound', ...names, protocol: 'http1', tls: 'mtls', ...makeCounters(), ...over };
}

export function makeRoute(over: Partial<RouteRow> = {}): RouteRow {
  return { direction: 'outbound', service: 'shop/cart', route: 'GET /', ...makeCounters(), ...over };
}

export function makeWindow(instance: string, sequence: number, tick: number, edges: readonly EdgeRow[] = [], routes: readonly RouteRow[] = []): ProxyWindow {
  return { instance, sequence, tick, edges, routes, dropped: { windows: 0, folded: 0 } };
}
