/** What a proxy reports: one window of deltas per tick, in a ring until the control side acknowledges it. */
import type { Direction, Protocol, ServiceKey, TlsState, WorkloadKey } from './labels.ts';
import type { SparseHistogram } from './histogram.ts';

/**
 * What is counted in one window for one edge or route. Whole numbers; sums in µs.
 * An exchange is counted when it ends: an HTTP request, or with protocol `opaque` or `tls` one connection
 * (its bytes are counted in the window in which they passed).
 * Success rate = 1 − (failuresApp + failuresMesh) / (requests − failuresClient).
 */
export interface Counters {
  /** Exchanges that ended, after retries, failed ones included. */
  readonly requests: number;
  readonly failuresApp: number;
  readonly failuresMesh: number;
  readonly failuresClient: number;
  /** Attempts beyond the first. */
  readonly retries: number;
  /** Body and head bytes from the caller to the callee. */
  readonly bytesIn: number;
  /** Body and head bytes from the callee to the caller. */
  readonly bytesOut: number;
  /** From the request's head to the response's first byte, in µs; exchanges without a response are not in it. */
  readonly latency: SparseHistogram;
  /** From the request's head to the exchange's end. */
  readonly durationSumUs: number;
  /** From the app's socket taking the request to its first byte; the inbound view only. */
  readonly appSumUs: number;
  /** Waiting for an endpoint or a connection. */
  readonly queueSumUs: number;
}

/** Names an edge row. `source` is empty for a caller outside the mesh, `destination` for a request that got no endpoint. */
export interface EdgeKey {
  readonly direction: Direction;
  readonly source: WorkloadKey;
  readonly service: ServiceKey;
  readonly destination: WorkloadKey;
  readonly protocol: Protocol;
  readonly tls: TlsState;
}

/** Names a route row: sources are folded together; `route` is a template such as `GET /users/:id`, or `other`. */
export interface RouteKey {
  readonly direction: Direction;
  readonly service: ServiceKey;
  readonly route: string;
}

/** `open`: exchanges under way on the edge at the window's end; absent for none, and from proxies before this field. */
export type EdgeRow = EdgeKey & Counters & { readonly open?: number | undefined };
export type RouteRow = RouteKey & Counters;

/** One proxy's window. (instance, sequence) names it for ever; `tick` is the wall-clock window that it belongs to. */
export interface ProxyWindow {
  /** 16 hex digits, random at each start of a proxy process. */
  readonly instance: string;
  /** 1, 2, 3, … within the instance, without holes as sealed; a hole means windows dropped from the ring. */
  readonly sequence: number;
  /** floor(corrected wall clock in ms / tickMs) of the window's begin. */
  readonly tick: number;
  readonly edges: readonly EdgeRow[];
  readonly routes: readonly RouteRow[];
  /** What this proxy had to leave out since its last window, each a count. */
  readonly dropped: Dropped;
}

export interface Dropped {
  /** Windows dropped from the ring (15 min or 1 MiB) before they were acknowledged. */
  readonly windows: number;
  /** Exchanges folded into a row named `other` because a cap was reached. */
  readonly folded: number;
}

/** Wall-clock windows are this long unless a test says otherwise. */
export const WINDOW_MS = 10_000;
/** The ring of unacknowledged windows in a proxy. */
export const RING_MS_MAX = 15 * 60_000;
export const RING_BYTES_MAX = 1024 * 1024;
/** Route templates per service. */
export const ROUTES_PER_SERVICE_MAX = 100;
/** Source workloads per service in one proxy. */
export const SOURCES_PER_SERVICE_MAX = 200;
/** The name of the row that takes what is over a cap. */
export const OTHER = 'other';
