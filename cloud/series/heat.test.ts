import { expect, test } from 'vitest';
import { bucketOf, createHistogram, histogramCount, HISTOGRAM_BUCKETS } from '../../proxy/wire/histogram.ts';
import type { Histogram } from '../../proxy/wire/histogram.ts';
import { seeded } from '../rollup/testing.ts';
import { heatOf } from './heat.ts';

function of(...latenciesUs: number[]): Histogram {
  const histogram = createHistogram();
  for (const us of latenciesUs) histogram[bucketOf(us)] = (histogram[bucketOf(us)] ?? 0) + 1;
  return histogram;
}

test.each([1, 2, 3, 4])('a map has at most 32 rows, each where the one before ends, and loses no request (seed %i)', (seed) => {
  const random = seeded(seed);
  const histograms = Array.from({ length: 20 }, () => of(...Array.from({ length: Math.floor(random() * 50) }, () => 10 ** (random() * (2 + seed)))));
  const { buckets, counts } = heatOf(histograms);
  expect(buckets.length).toBeGreaterThan(8);
  expect(buckets.length).toBeLessThanOrEqual(32);
  buckets.forEach((bucket, at) => { if (at > 0) expect(bucket.fromMs).toBe(buckets[at - 1]?.toMs); });
  expect(counts.map((row) => row.reduce((sum, count) => sum + count, 0))).toEqual(histograms.map(histogramCount));
});

test('a request is in the row of its latency', () => {
  const { buckets, counts } = heatOf([of(1_500, 90_000, 90_000), of(5_000_000)]);
  const rowOf = (ms: number): number => buckets.findIndex((bucket) => bucket.fromMs < ms && (bucket.toMs === null || ms <= bucket.toMs));
  expect([counts[0]?.[rowOf(1.5)], counts[0]?.[rowOf(90)], counts[1]?.[rowOf(5000)]]).toEqual([1, 2, 1]);
});

test('without requests there are no rows, and the last bucket has no end', () => {
  expect(heatOf([createHistogram()])).toEqual({ buckets: [], counts: [[]] });
  expect(heatOf([of(2 ** 40)]).buckets.at(-1)?.toMs).toBeNull();
  expect(heatOf([of(0, 2 ** 40)]).buckets[0]?.fromMs).toBe(0);
  expect(HISTOGRAM_BUCKETS).toBe(257);
});
