/** How each counter of many rows becomes one. */
import { addSparse, createHistogram, toSparse } from '../../proxy/wire/histogram.ts';
import type { Histogram } from '../../proxy/wire/histogram.ts';
import type { Counters } from '../../proxy/wire/report.ts';

/** A new counter doesn't compile until it is decided here how it merges. */
const COUNTER_MERGES = {
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

type SumName = { [K in keyof Counters]: (typeof COUNTER_MERGES)[K] extends 'sum' ? K : never }[keyof Counters];
const SUM_NAMES = (Object.keys(COUNTER_MERGES) as (keyof Counters)[]).filter((name): name is SumName => COUNTER_MERGES[name] === 'sum');

/** Rows of one name being added up. */
/** Edge rows say as well what is under way; it is no counter, and many proxies' is their sum. */
type Summed = Counters & { readonly open?: number | undefined };

export class RowSum<Row extends Summed> {
  readonly #first: Row;
  #sums: Record<SumName, number> | null = null;
  #latency: Histogram | null = null;
  #open = 0;

  constructor(first: Row) {
    this.#first = first;
    this.#open = first.open ?? 0;
  }

  add(row: Row): void {
    this.#sums ??= { ...this.#first };
    for (const name of SUM_NAMES) this.#sums[name] += row[name];
    if (!this.#latency) addSparse((this.#latency = createHistogram()), this.#first.latency);
    addSparse(this.#latency, row.latency);
    this.#open += row.open ?? 0;
  }

  /** One row under the name of the first. */
  total(): Row {
    if (!this.#sums || !this.#latency) return this.#first;
    for (const name of SUM_NAMES) this.#sums[name] = whole(this.#sums[name]);
    const counters: Counters = { ...this.#sums, latency: toSparse(this.#latency.map(whole)) };
    return { ...this.#first, ...counters, ...(this.#open > 0 ? { open: whole(this.#open) } : {}) };
  }
}

/** Every reader takes it as a whole number. */
function whole(sum: number): number {
  return Math.min(sum, Number.MAX_SAFE_INTEGER);
}
