/**
 * The one latency histogram of the whole path: base-2 exponential, 8 buckets per doubling (OpenTelemetry scale 3),
 * values in whole microseconds, mergeable by adding counts. A quantile read from it is within 5 % of the exact value.
 */

/** Layout version; first number of every encoded histogram. */
export const HISTOGRAM_VERSION = 1;

/** Buckets per doubling: a bucket is 2^(1/8) = 9.05 % wide, its geometric middle at most 4.5 % off. */
export const BUCKETS_PER_DOUBLING = 8;

/** Bucket 0 holds values ≤ 1 µs; bucket i holds (2^((i-1)/8), 2^(i/8)] µs; the last also all above 2^32 µs (71 min). */
export const HISTOGRAM_BUCKETS = 32 * BUCKETS_PER_DOUBLING + 1;

/** Counts by bucket, dense. */
export type Histogram = Float64Array;

/**
 * Counts by bucket, sparse: `[HISTOGRAM_VERSION, gap, count, gap, count, …]` with `gap` the distance from the previous
 * non-empty bucket (the first from bucket 0). An empty histogram is `[HISTOGRAM_VERSION]`. All are whole numbers ≥ 0.
 */
export type SparseHistogram = readonly number[];

export function createHistogram(): Histogram {
  return new Float64Array(HISTOGRAM_BUCKETS);
}

/** The bucket of a latency in µs. Not finite or below 1 counts in bucket 0. */
export function bucketOf(valueUs: number): number {
  if (!(valueUs > 1)) return 0;
  const index = Math.ceil(Math.log2(valueUs) * BUCKETS_PER_DOUBLING);
  return index < HISTOGRAM_BUCKETS ? index : HISTOGRAM_BUCKETS - 1;
}

/** Upper bound of a bucket in µs, inclusive. */
export function bucketUpperUs(bucket: number): number {
  return 2 ** (bucket / BUCKETS_PER_DOUBLING);
}

/** Number of recorded values. */
export function histogramCount(histogram: Histogram): number {
  let count = 0;
  for (const bucketCount of histogram) count += bucketCount;
  return count;
}

/**
 * The q-quantile (0 < q ≤ 1) in µs: the geometric middle of the bucket that holds the value of rank ceil(q × count).
 * Null for an empty histogram.
 */
export function quantileUs(histogram: Histogram, q: number): number | null {
  const count = histogramCount(histogram);
  if (count === 0) return null;
  const rank = Math.max(1, Math.ceil(q * count));
  let seen = 0;
  for (let bucket = 0; bucket < histogram.length; bucket++) {
    seen += histogram[bucket] ?? 0;
    if (seen >= rank) return bucket === 0 ? 1 : 2 ** ((bucket - 0.5) / BUCKETS_PER_DOUBLING);
  }
  return bucketUpperUs(HISTOGRAM_BUCKETS - 1);
}

/**
 * Adds a sparse histogram into a dense one. Throws `RangeError` for another layout version, a bucket out of range or a
 * number that is not whole and ≥ 0; the dense one then holds the part before the fault.
 */
export function addSparse(into: Histogram, sparse: SparseHistogram): void {
  if (sparse[0] !== HISTOGRAM_VERSION || sparse.length % 2 === 0) {
    throw new RangeError(`histogram layout ${String(sparse[0])} with ${sparse.length} numbers is not layout ${HISTOGRAM_VERSION}`);
  }
  let bucket = 0;
  for (let at = 1; at < sparse.length; at += 2) {
    const gap = sparse[at] ?? 0;
    const count = sparse[at + 1] ?? 0;
    bucket += gap;
    if (!(gap >= 0 && bucket < HISTOGRAM_BUCKETS && Number.isInteger(gap))) throw new RangeError(`histogram bucket ${bucket} is out of range`);
    if (!(count >= 0 && Number.isSafeInteger(count))) throw new RangeError(`histogram count ${count} is not a whole number`);
    into[bucket] = (into[bucket] ?? 0) + count;
  }
}

/** The sparse form of dense counts (any array of `HISTOGRAM_BUCKETS` counts). */
export function toSparse(dense: ArrayLike<number>): number[] {
  const sparse = [HISTOGRAM_VERSION];
  let previous = 0;
  for (let bucket = 0; bucket < dense.length; bucket++) {
    const count = dense[bucket] ?? 0;
    if (count === 0) continue;
    sparse.push(bucket - previous, count);
    previous = bucket;
  }
  return sparse;
}
