/** A cluster's window as the agent seals it: columns, names once in a dictionary. */
import type { SparseHistogram } from '../../proxy/wire/histogram.ts';

/** Columns of counters, all of one length; the fields of `Counters` in proxy/wire/report.ts. */
export interface CounterColumns {
  readonly requests: readonly number[];
  readonly failuresApp: readonly number[];
  readonly failuresMesh: readonly number[];
  readonly failuresClient: readonly number[];
  readonly retries: readonly number[];
  readonly bytesIn: readonly number[];
  readonly bytesOut: readonly number[];
  readonly latency: readonly SparseHistogram[];
  readonly durationSumUs: readonly number[];
  readonly appSumUs: readonly number[];
  readonly queueSumUs: readonly number[];
}

/** Edge rows; `source service destination` index into the window's `strings` (its first string is the empty one). */
export interface EdgeColumns extends CounterColumns {
  /** Index into DIRECTIONS. */
  readonly direction: readonly number[];
  readonly source: readonly number[];
  readonly service: readonly number[];
  readonly destination: readonly number[];
  /** Index into PROTOCOLS. */
  readonly protocol: readonly number[];
  /** Index into TLS_STATES. */
  readonly tls: readonly number[];
  /** Exchanges under way at the window's end; absent where there are none, and from agents before this column. */
  readonly open?: readonly number[] | undefined;
}

/** Route rows; `service route` index into `strings`. */
export interface RouteColumns extends CounterColumns {
  readonly direction: readonly number[];
  readonly service: readonly number[];
  readonly route: readonly number[];
}

export interface ClusterWindow {
  /** Begin of the window, ms since 1970 on the cloud's clock; a multiple of `lengthMs`. */
  readonly startMs: number;
  readonly lengthMs: number;
  readonly strings: readonly string[];
  readonly edges: EdgeColumns;
  readonly routes: RouteColumns;
  /** Proxies whose windows are merged in it. */
  readonly proxies: number;
}

/** Edge rows and route rows a cluster may have in one window; the rest is folded into `other` and counted. */
export const EDGES_PER_CLUSTER_MAX = 20_000;
export const ROUTES_PER_CLUSTER_MAX = 20_000;
/** The agent seals a window this long after its end; what comes later goes, under its own time, into a later frame. */
export const SEAL_DELAY_MS = 2_000;
