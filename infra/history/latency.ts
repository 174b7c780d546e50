/** Latencies of many requests at once: a log-normal distribution poured into the buckets of the histogram. Pure. */
import { bucketOf, bucketUpperUs, HISTOGRAM_BUCKETS, HISTOGRAM_VERSION } from '../../proxy/wire/histogram.ts';

export interface Latencies {
  /** Sparse, in the layout of the whole path. */
  readonly histogram: number[];
  /** Sum of the latencies, whole µs. */
  readonly sumUs: number;
}

/** Spreads beyond which nothing is poured; what is left goes into the last bucket. */
const TAIL_SIGMAS = 4;

/** The standard normal distribution function, to 7 digits (Abramowitz and Stegun 26.2.17). */
export function normalShare(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return z > 0 ? 1 - tail : tail;
}

/** A distribution as the histogram sees it: the share of requests up to the end of each bucket from `first` on. */
export interface Shape {
  readonly first: number;
  readonly upTo: readonly number[];
}

export function shapeOf(medianMs: number, sigma: number): Shape {
  const middle = Math.log(medianMs * 1000);
  const first = bucketOf(Math.exp(middle - TAIL_SIGMAS * sigma));
  const last = Math.min(HISTOGRAM_BUCKETS - 1, bucketOf(Math.exp(middle + TAIL_SIGMAS * sigma)));
  const upTo = Array.from({ length: last - first + 1 }, (_, at) => (first + at === last ? 1 : normalShare((Math.log(bucketUpperUs(first + at)) - middle) / sigma)));
  return { first, upTo };
}

const MIDDLES = Array.from({ length: HISTOGRAM_BUCKETS }, (_, bucket) => bucketUpperUs(bucket - 0.5));

/** `count` requests. `offset` in 0…1 decides which bucket gets the odd ones: rounding that favours none. */
export function pour(count: number, { first, upTo }: Shape, offset: number): Latencies {
  const histogram: number[] = [HISTOGRAM_VERSION];
  let [poured, previous, sumUs] = [0, 0, 0];
  for (let at = 0; at < upTo.length; at++) {
    const until = at === upTo.length - 1 ? count : Math.min(count, Math.floor(count * (upTo[at] ?? 1) + offset));
    const here = until - poured;
    if (here <= 0) continue;
    histogram.push(first + at - previous, here);
    sumUs += here * (MIDDLES[first + at] ?? 0);
    previous = first + at;
    poured = until;
  }
  return { histogram, sumUs: Math.round(sumUs) };
}
