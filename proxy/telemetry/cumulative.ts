/**
 * The counters behind `/metrics`, which only grow: one series per set of labels, fed from the same calls as the windows.
 * Times in µs as they come; `families-*.ts` write them in linkerd2-proxy's units.
 */
import type { ExchangeEnd } from '../exchange.ts';
import type { FaultCodeName } from '../wire/mesh.ts';
import type { EdgeKey } from '../wire/report.ts';
import { BucketCounts, boundsMs } from './buckets.ts';
import { classificationOf } from './classify.ts';
import type { EdgeFacts, TransportFacts } from './recorder.ts';

/** Upper bounds of `response_latency_ms`, as linkerd2-proxy has them. */
export const LATENCY_BUCKETS_MS = [
  1, 2, 3, 4, 5, 10, 20, 30, 40, 50, 100, 200, 300, 400, 500, 1_000, 2_000, 3_000, 4_000, 5_000, 10_000, 20_000, 30_000, 40_000,
  50_000,
] as const;
const LATENCY_BOUNDS = boundsMs(LATENCY_BUCKETS_MS);

/** Sets of labels that one proxy shows; further ones share the last, without names. */
export const SERIES_MAX = 4_000;
/** Sets of labels of transport connections; callers' identities and targets of one proxy are far fewer. */
export const TRANSPORTS_MAX = 2_000;
/** Routes shown with series of their own; windows hold all that their own cap allows. */
export const ROUTE_SERIES_MAX = 1_000;

/** Codes of gRPC, 0 to 16; one of a stranger counts as 2, unknown. */
const GRPC_CODES = 17;
const GRPC_UNKNOWN = 2;

type Classification = 'success' | 'failure';

/** Responses that were counted alike. */
export interface Outcome {
  readonly classification: Classification;
  /** Null: no gRPC call. */
  readonly grpcStatus: number | null;
  /** Why a proxy made the answer; null for the app's. */
  readonly code: FaultCodeName | null;
  readonly count: number;
}

/** Responses with one status code. */
export class StatusSeries {
  readonly status: number;
  readonly latency = new BucketCounts(LATENCY_BOUNDS);
  /** Answers of the app that are no gRPC. */
  #success = 0;
  #failure = 0;
  /** Answers of the app by gRPC code, successes before failures; made with the first. */
  #grpc: Float64Array | null = null;
  /** Answers that a proxy made itself. */
  readonly #own = new Map<string, { readonly outcome: Outcome; count: number }>();

  constructor(status: number) {
    this.status = status;
  }

  count(end: ExchangeEnd): void {
    const classification = classificationOf(end);
    const grpcStatus = end.grpcStatus ?? null;
    if (end.code !== null && end.code !== undefined) this.#countOwn(classification, grpcStatus, end.code);
    else if (grpcStatus !== null) this.#countGrpc(classification, grpcStatus);
    else if (classification === 'success') this.#success += 1;
    else this.#failure += 1;
    if (end.latencyUs >= 0) this.latency.observe(end.latencyUs);
  }

  outcomes(): Outcome[] {
    const outcomes: Outcome[] = [
      { classification: 'success', grpcStatus: null, code: null, count: this.#success },
      { classification: 'failure', grpcStatus: null, code: null, count: this.#failure },
      ...[...this.#own.values()].map(({ outcome, count }) => ({ ...outcome, count })),
    ];
    this.#grpc?.forEach((count, at) =>
      outcomes.push({ classification: at < GRPC_CODES ? 'success' : 'failure', grpcStatus: at % GRPC_CODES, code: null, count }),
    );
    return outcomes.filter(({ count }) => count > 0);
  }

  #countGrpc(classification: Classification, status: number): void {
    this.#grpc ??= new Float64Array(GRPC_CODES * 2);
    const at = (status >= 0 && status < GRPC_CODES ? status : GRPC_UNKNOWN) + (classification === 'success' ? 0 : GRPC_CODES);
    this.#grpc[at] = (this.#grpc[at] ?? 0) + 1;
  }

  #countOwn(classification: Classification, grpcStatus: number | null, code: FaultCodeName): void {
    const id = `${code} ${grpcStatus ?? ''} ${classification}`;
    const known = this.#own.get(id);
    if (known) known.count += 1;
    else this.#own.set(id, { outcome: { classification, grpcStatus, code, count: 0 }, count: 1 });
  }
}

/** Responses by status code. */
export class Responses {
  readonly statuses = new Map<number, StatusSeries>();

  count(end: ExchangeEnd): void {
    if (end.status === 0) return;
    let series = this.statuses.get(end.status);
    if (!series) {
      series = new StatusSeries(end.status);
      this.statuses.set(end.status, series);
    }
    series.count(end);
  }

  /** Answers that a proxy made with that code. */
  madeWith(code: FaultCodeName): number {
    let count = 0;
    for (const status of this.statuses.values()) for (const outcome of status.outcomes()) if (outcome.code === code) count += outcome.count;
    return count;
  }
}

/** All that has one set of labels. */
export class LabelledSeries {
  readonly key: EdgeKey;
  readonly facts: EdgeFacts;
  /** HTTP requests that began. */
  requests = 0;
  /** Opaque and TLS connections that began. */
  connections = 0;
  /** Exchanges under way. */
  open = 0;
  bytesIn = 0;
  bytesOut = 0;
  readonly responses = new Responses();
  /** Labels as text, made at the first scrape under a policy. */
  labels: { readonly policy: string; readonly text: string } | null = null;

  constructor(key: EdgeKey, facts: EdgeFacts) {
    this.key = key;
    this.facts = facts;
  }

  ended(end: ExchangeEnd): void {
    this.open -= 1;
    this.responses.count(end);
  }
}

/** Transport connections with one set of labels. */
export interface TransportSeries {
  readonly direction: 'inbound' | 'outbound';
  readonly peer: 'src' | 'dst';
  readonly facts: TransportFacts | null;
  opened: number;
  closed: number;
}
