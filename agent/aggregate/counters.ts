/** How each counter of two rows becomes one. */
import { HISTOGRAM_VERSION } from '../../proxy/wire/histogram.ts';
import type { SparseHistogram } from '../../proxy/wire/histogram.ts';
import type { Counters } from '../../proxy/wire/report.ts';

/** A new counter doesn't compile until it is decided here how it merges. */
export const COUNTER_MERGES = {
  requests: 'sum',
  failuresApp: 'sum',
  failuresMesh: 'sum',
  failuresClient: 'sum',
  retries: 'sum',
  bytesIn: 'sum',
  bytesOut: 'sum',
  latency: 'histogram',
  durationSumUs: 'sum',
  appSumUs: 'sum',
  queueSumUs: 'sum',
} as const satisfies Record<keyof Counters, 'sum' | 'histogram'>;

export const COUNTER_NAMES = Object.keys(COUNTER_MERGES) as (keyof Counters)[];

export type MutableCounters = { -readonly [K in keyof Counters]: Counters[K] };

/** Adds the counters of `from` to `into`. */
export function addCounters(into: MutableCounters, from: Counters): void {
  for (const name of COUNTER_NAMES) {
    if (name === 'latency') into.latency = mergeSparse(into.latency, from.latency);
    else into[name] = plus(into[name], from[name]);
  }
}

/** Stays a whole number that every reader takes. */
function plus(a: number, b: number): number {
  return Math.min(a + b, Number.MAX_SAFE_INTEGER);
}

/** The sum of two sparse histograms of the one layout. */
export function mergeSparse(a: SparseHistogram, b: SparseHistogram): SparseHistogram {
  if (a.length === 1) return b;
  if (b.length === 1) return a;
  const merged: number[] = [HISTOGRAM_VERSION];
  let [atA, atB, bucketA, bucketB, last] = [1, 1, a[1] ?? 0, b[1] ?? 0, 0];
  while (atA < a.length || atB < b.length) {
    const bucket = Math.min(atA < a.length ? bucketA : Infinity, atB < b.length ? bucketB : Infinity);
    let count = 0;
    if (atA < a.length && bucketA === bucket) {
      count = plus(count, a[atA + 1] ?? 0);
      bucketA += a[(atA += 2)] ?? 0;
    }
    if (atB < b.length && bucketB === bucket) {
      count = plus(count, b[atB + 1] ?? 0);
      bucketB += b[(atB += 2)] ?? 0;
    }
    merged.push(bucket - last, count);
    last = bucket;
  }
  return merged;
}
