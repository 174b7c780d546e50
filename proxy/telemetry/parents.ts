/**
 * What linkerd2-proxy's newer families count: per parent, which is the service (outbound) or the port's policy (inbound),
 * HTTP and gRPC apart. Durations in µs as they come.
 */
import type { ExchangeEnd } from '../exchange.ts';
import type { FaultCodeName } from '../wire/mesh.ts';
import { BucketCounts, boundsSeconds } from './buckets.ts';

/** Upper bounds in seconds, each as linkerd2-proxy has them. */
export const DURATION_BUCKETS = {
  route: [0.05, 0.5, 1, 10],
  backend: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 10],
  inboundRequest: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 10],
  inboundResponse: [0.05, 0.5, 1, 10],
  queue: [0.0005, 0.005, 0.05, 0.5, 1, 3],
} as const;

const ROUTE = boundsSeconds(DURATION_BUCKETS.route);
const BACKEND = boundsSeconds(DURATION_BUCKETS.backend);
const INBOUND_REQUEST = boundsSeconds(DURATION_BUCKETS.inboundRequest);
const INBOUND_RESPONSE = boundsSeconds(DURATION_BUCKETS.inboundResponse);
const QUEUE = boundsSeconds(DURATION_BUCKETS.queue);

export interface ParentKey {
  readonly direction: 'inbound' | 'outbound';
  readonly grpc: boolean;
  /** `namespace/name`; empty inbound, where the policy in force is the parent. */
  readonly service: string;
  /** The service's port or the app's; 0 where it isn't known. */
  readonly port: number;
}

/** Responses that were counted alike. `status` is HTTP's or, in a gRPC series, gRPC's; null: none came. */
export interface StatusCount {
  readonly status: number | null;
  readonly code: FaultCodeName | null;
  count: number;
}

/** The queue of one service and port; HTTP and gRPC wait in the same. */
export class QueueSeries {
  readonly key: ParentKey;
  /** Requests that waited for an endpoint, however shortly. */
  requests = 0;
  readonly latency = new BucketCounts(QUEUE);

  constructor(key: ParentKey) {
    this.key = key;
  }
}

export class ParentSeries {
  readonly key: ParentKey;
  readonly queue: QueueSeries;
  /** Requests that went to a backend (outbound) or were admitted (inbound). */
  dispatched = 0;
  /** Further attempts, and the requests with one that succeeded. */
  retries = 0;
  retrySuccesses = 0;
  readonly statuses = new Map<string, StatusCount>();
  /** The same without what got no backend. */
  readonly backendStatuses = new Map<string, StatusCount>();
  readonly requestDuration: BucketCounts;
  readonly responseDuration: BucketCounts;

  constructor(key: ParentKey, queue: QueueSeries) {
    this.key = key;
    this.queue = queue;
    this.requestDuration = new BucketCounts(key.direction === 'outbound' ? ROUTE : INBOUND_REQUEST);
    this.responseDuration = new BucketCounts(key.direction === 'outbound' ? BACKEND : INBOUND_RESPONSE);
  }

  began(backend: boolean): void {
    this.queue.requests += 1;
    if (backend) this.dispatched += 1;
  }

  ended(end: ExchangeEnd, backend: boolean): void {
    this.#countStatus(this.statuses, end);
    this.requestDuration.observe(end.durationUs);
    this.queue.latency.observe(end.queueUs);
    if (end.retries > 0) {
      this.retries += end.retries;
      if (end.fault === null) this.retrySuccesses += 1;
    }
    if (backend) this.attempted(end);
  }

  /** One attempt, the last of its exchange or not. */
  attempted(end: ExchangeEnd): void {
    this.#countStatus(this.backendStatuses, end);
    this.responseDuration.observe(end.responseUs ?? end.durationUs - end.queueUs);
  }

  #countStatus(counts: Map<string, StatusCount>, end: ExchangeEnd): void {
    const status = this.key.grpc ? (end.grpcStatus ?? null) : end.status === 0 ? null : end.status;
    const code = end.code ?? null;
    const plain = status === null ? '' : (STATUS_IDS[status] ?? String(status));
    const id = code === null ? plain : `${plain} ${code}`;
    const known = counts.get(id);
    if (known) known.count += 1;
    else counts.set(id, { status, code, count: 1 });
  }
}

/** Keys of plain statuses, so that an exchange makes no string. */
const STATUS_IDS: readonly string[] = Array.from({ length: 600 }, (_, status) => String(status));
