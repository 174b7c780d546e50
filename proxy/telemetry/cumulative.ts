/**
 * The counters behind `/metrics`, which only grow: one series per set of labels, fed from the same calls as the windows.
 * Times in µs as they come; `prometheus.ts` writes them in linkerd2-proxy's units.
 */
import type { ExchangeEnd } from '../exchange.ts';
import type { FaultCodeName } from '../wire/mesh.ts';
import type { EdgeKey } from '../wire/report.ts';
import { classificationOf } from './classify.ts';
import type { EdgeFacts } from './recorder.ts';

/** Upper bounds of `response_latency_ms`, as linkerd2-proxy has them. */
export const LATENCY_BUCKETS_MS = [
  1, 2, 3, 4, 5, 10, 20, 30, 40, 50, 100, 200, 300, 400, 500, 1_000, 2_000, 3_000, 4_000, 5_000, 10_000, 20_000, 30_000, 40_000,
  50_000,
] as const;

/** Sets of labels that one proxy shows; further ones share the last, without names. */
export const SERIES_MAX = 4_000;

/** Responses with one status code. */
export class StatusSeries {
  readonly status: number;
  /** By classification, answers of the app only. */
  success = 0;
  failure = 0;
  /** By the code of answers that a proxy made itself. */
  readonly proxyErrors = new Map<FaultCodeName, { readonly classification: 'success' | 'failure'; count: number }>();
  /** Not cumulative; the last one is +Inf. */
  readonly latencyBuckets = new Float64Array(LATENCY_BUCKETS_MS.length + 1);
  latencySumUs = 0;

  constructor(status: number) {
    this.status = status;
  }

  count(end: ExchangeEnd): void {
    const classification = classificationOf(end);
    if (end.code === null || end.code === undefined) {
      this[classification] += 1;
    } else {
      const known = this.proxyErrors.get(end.code);
      if (known) known.count += 1;
      else this.proxyErrors.set(end.code, { classification, count: 1 });
    }
    if (end.latencyUs >= 0) this.#observe(end.latencyUs);
  }

  /** Adds another series with this status. */
  add(other: StatusSeries): void {
    this.success += other.success;
    this.failure += other.failure;
    this.latencySumUs += other.latencySumUs;
    for (const [bucket, count] of other.latencyBuckets.entries()) this.latencyBuckets[bucket] = (this.latencyBuckets[bucket] ?? 0) + count;
    for (const [code, { classification, count }] of other.proxyErrors) {
      const known = this.proxyErrors.get(code);
      if (known) known.count += count;
      else this.proxyErrors.set(code, { classification, count });
    }
  }

  copy(): StatusSeries {
    const copy = new StatusSeries(this.status);
    copy.add(this);
    return copy;
  }

  #observe(latencyUs: number): void {
    let bucket = 0;
    while (latencyUs > (LATENCY_BUCKETS_MS[bucket] ?? Number.POSITIVE_INFINITY) * 1_000) bucket += 1;
    this.latencyBuckets[bucket] = (this.latencyBuckets[bucket] ?? 0) + 1;
    this.latencySumUs += latencyUs;
  }
}

/** All that has one set of labels. */
export class LabelledSeries {
  readonly key: EdgeKey;
  readonly facts: EdgeFacts;
  /** HTTP requests that began. */
  requests = 0;
  /** Exchanges under way. */
  open = 0;
  bytesIn = 0;
  bytesOut = 0;
  readonly statuses = new Map<number, StatusSeries>();

  constructor(key: EdgeKey, facts: EdgeFacts) {
    this.key = key;
    this.facts = facts;
  }

  ended(end: ExchangeEnd): void {
    this.open -= 1;
    if (end.status === 0) return;
    let series = this.statuses.get(end.status);
    if (!series) {
      series = new StatusSeries(end.status);
      this.statuses.set(end.status, series);
    }
    series.count(end);
  }
}

/** Transport connections of one direction and peer. */
export interface TransportSeries {
  readonly direction: 'inbound' | 'outbound';
  readonly peer: 'src' | 'dst';
  opened: number;
  closed: number;
}
