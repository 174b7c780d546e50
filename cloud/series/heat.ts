/** Histograms over time as a map of heat: neighbouring buckets merged to some 24 to 32 rows that span what was measured. Pure. */
import { bucketUpperUs, HISTOGRAM_BUCKETS } from '../../proxy/wire/histogram.ts';
import type { Histogram } from '../../proxy/wire/histogram.ts';
import type { Heatmap } from '../wire/history.ts';

/** Rows of the map; more can't be told apart on a chart. */
const ROWS_MAX = 32;

/** Rows that cover every bucket with a count in any of the histograms; no row without one. */
export function heatOf(histograms: readonly Histogram[]): Pick<Heatmap, 'buckets' | 'counts'> {
  const [first, last] = extent(histograms);
  if (last < first) return { buckets: [], counts: histograms.map(() => []) };
  const width = mergedBuckets(last - first + 1);
  const from = Math.floor(first / width) * width;
  const rows = Math.ceil((last - from + 1) / width);
  const buckets = Array.from({ length: rows }, (_, row) => ({ fromMs: lowerMs(from + row * width), toMs: upperMs(from + (row + 1) * width - 1) }));
  return { buckets, counts: histograms.map((histogram) => buckets.map((_, row) => sumOf(histogram, from + row * width, width))) };
}

/** First and last bucket with a count; last below first without any. */
function extent(histograms: readonly Histogram[]): [number, number] {
  let [first, last] = [HISTOGRAM_BUCKETS, -1];
  for (const histogram of histograms) {
    for (let bucket = 0; bucket < histogram.length; bucket++) {
      if ((histogram[bucket] ?? 0) === 0) continue;
      first = Math.min(first, bucket);
      last = Math.max(last, bucket);
    }
  }
  return [first, last];
}

/** How many buckets a row merges: a power of two, so that rows are halves, quarters or wholes of a doubling. */
function mergedBuckets(span: number): number {
  let width = 1;
  while (span / width > ROWS_MAX - 1) width *= 2;
  return width;
}

function sumOf(histogram: Histogram, from: number, width: number): number {
  let sum = 0;
  for (let bucket = from; bucket < from + width; bucket++) sum += histogram[bucket] ?? 0;
  return sum;
}

/** Bucket 0 begins at 0; bucket i at the end of the one before. */
function lowerMs(bucket: number): number {
  return bucket === 0 ? 0 : bucketUpperUs(bucket - 1) / 1000;
}

/** The layout's last bucket has no end. */
function upperMs(bucket: number): number | null {
  return bucket >= HISTOGRAM_BUCKETS - 1 ? null : bucketUpperUs(bucket) / 1000;
}
