/** The deltas of one row in the window that is being counted: flat arrays, nothing allocated per exchange. */
import type { ExchangeEnd } from '../exchange.ts';
import { bucketOf, HISTOGRAM_BUCKETS, toSparse } from '../wire/histogram.ts';
import type { Fault } from '../wire/labels.ts';
import type { Counters } from '../wire/report.ts';

const REQUESTS = 0;
const FAILURES_APP = 1;
const FAILURES_MESH = 2;
const FAILURES_CLIENT = 3;
const RETRIES = 4;
const BYTES_IN = 5;
const BYTES_OUT = 6;
const DURATION_US = 7;
const APP_US = 8;
const QUEUE_US = 9;
const SUMS = 10;

const FAILURE_COLUMN = { app: FAILURES_APP, mesh: FAILURES_MESH, client: FAILURES_CLIENT } satisfies Record<Fault, number>;

export class Deltas {
  readonly #sums = new Float64Array(SUMS);
  /** Exchanges of one row in one window stay far below 2^32. */
  readonly #latency = new Uint32Array(HISTOGRAM_BUCKETS);

  /** Counts an exchange that ended. */
  ended(end: ExchangeEnd): void {
    this.#add(REQUESTS, 1);
    if (end.fault !== null) this.#add(FAILURE_COLUMN[end.fault], 1);
    this.#add(RETRIES, end.retries);
    this.#add(DURATION_US, end.durationUs);
    this.#add(APP_US, end.appUs);
    this.#add(QUEUE_US, end.queueUs);
    if (end.latencyUs >= 0) {
      const bucket = bucketOf(end.latencyUs);
      this.#latency[bucket] = (this.#latency[bucket] ?? 0) + 1;
    }
  }

  /** Counts bytes from the caller to the callee and back. */
  bytes(bytesIn: number, bytesOut: number): void {
    this.#add(BYTES_IN, bytesIn);
    this.#add(BYTES_OUT, bytesOut);
  }

  /** What was counted since the last take, in the wire's form; starts again from zero. */
  take(): Counters {
    const counters: Counters = {
      requests: this.#whole(REQUESTS),
      failuresApp: this.#whole(FAILURES_APP),
      failuresMesh: this.#whole(FAILURES_MESH),
      failuresClient: this.#whole(FAILURES_CLIENT),
      retries: this.#whole(RETRIES),
      bytesIn: this.#whole(BYTES_IN),
      bytesOut: this.#whole(BYTES_OUT),
      latency: toSparse(this.#latency),
      durationSumUs: this.#whole(DURATION_US),
      appSumUs: this.#whole(APP_US),
      queueSumUs: this.#whole(QUEUE_US),
    };
    this.#sums.fill(0);
    this.#latency.fill(0);
    return counters;
  }

  #add(column: number, value: number): void {
    this.#sums[column] = (this.#sums[column] ?? 0) + value;
  }

  #whole(column: number): number {
    return Math.round(this.#sums[column] ?? 0);
  }
}
