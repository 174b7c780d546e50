import { expect, test } from 'vitest';
import {
  addSparse,
  bucketOf,
  bucketUpperUs,
  createHistogram,
  HISTOGRAM_BUCKETS,
  HISTOGRAM_VERSION,
  histogramCount,
  quantileUs,
  toSparse,
  type Histogram,
} from './histogram.ts';

/** Mulberry32; this folder is compiled without its neighbours. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

const distributions: Record<string, (random: () => number) => number> = {
  'uniform 20–1000 ms': (random) => 20_000 + 980_000 * random(),
  'log-normal around 3 ms': (random) => 3_000 * Math.exp(normal(random)),
  'exponential of 50 ms': (random) => -50_000 * Math.log(1 - random()),
  'pareto with a long tail': (random) => 500 / (1 - random()) ** (1 / 1.2),
  'two humps at 1 ms and 2 s': (random) => (random() < 0.9 ? 1_000 : 2_000_000) * (0.8 + 0.4 * random()),
  constant: () => 123_456,
  'from 2 µs up, log-uniform to an hour': (random) => 2 ** (1 + 30 * random()),
};
const QUANTILES = [0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1];

function record(histogram: Histogram, valueUs: number): void {
  const bucket = bucketOf(valueUs);
  histogram[bucket] = (histogram[bucket] ?? 0) + 1;
}

function worstError(histogram: Histogram, values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const errors = QUANTILES.map((q) => {
    const exact = sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1] ?? Number.NaN;
    return Math.abs((quantileUs(histogram, q) ?? Number.NaN) - exact) / exact;
  });
  return Math.max(...errors);
}

test.each(Object.keys(distributions))('every quantile is within 5 %% of the exact value: %s', (name) => {
  for (const [seed, size] of [[1, 1], [2, 2], [3, 17], [4, 1_000], [5, 50_000]] as const) {
    const random = seededRandom(seed);
    const values = Array.from({ length: size }, () => distributions[name]?.(random) ?? Number.NaN);
    const histogram = createHistogram();
    for (const value of values) record(histogram, value);
    expect(worstError(histogram, values)).toBeLessThanOrEqual(0.05);
  }
});

test.each(Object.keys(distributions))('quantiles of a merge of merges, sparse on the way, are within 5 %% too: %s', (name) => {
  const random = seededRandom(99);
  const values: number[] = [];
  const minutes = Array.from({ length: 6 }, () => {
    const windows = Array.from({ length: 6 }, () => {
      const window = createHistogram();
      for (let count = Math.floor(random() * 500); count >= 0; count--) {
        const value = distributions[name]?.(random) ?? Number.NaN;
        values.push(value);
        record(window, value);
      }
      return toSparse(window);
    });
    const minute = createHistogram();
    for (const window of windows) addSparse(minute, window);
    return toSparse(minute);
  });
  const hour = createHistogram();
  for (const minute of minutes) addSparse(hour, minute);
  expect(histogramCount(hour)).toBe(values.length);
  expect(worstError(hour, values)).toBeLessThanOrEqual(0.05);
});

test('merging is the same in every order', () => {
  const random = seededRandom(5);
  const parts = Array.from({ length: 20 }, () => {
    const part = createHistogram();
    for (let count = 0; count < 50; count++) record(part, 2 ** (32 * random()));
    return toSparse(part);
  });
  const forward = createHistogram();
  for (const part of parts) addSparse(forward, part);
  const backward = createHistogram();
  for (const part of parts.toReversed()) addSparse(backward, part);
  expect(toSparse(backward)).toEqual(toSparse(forward));
});

test('each bucket holds its upper bound and what is above the bucket below', () => {
  for (let bucket = 1; bucket < HISTOGRAM_BUCKETS; bucket++) {
    expect(bucketOf(bucketUpperUs(bucket) * (1 - 1e-12))).toBe(bucket);
    expect(bucketOf(bucketUpperUs(bucket - 1) * (1 + 1e-12))).toBe(bucket);
  }
  for (let power = 0; power <= 32; power++) expect(bucketOf(2 ** power)).toBe(power * 8);
});

test.each([
  [Number.NaN, 0],
  [-1, 0],
  [Number.NEGATIVE_INFINITY, 0],
  [0, 0],
  [1, 0],
  [1.000001, 1],
  [2 ** 32, HISTOGRAM_BUCKETS - 1],
  [2 ** 40, HISTOGRAM_BUCKETS - 1],
  [Number.POSITIVE_INFINITY, HISTOGRAM_BUCKETS - 1],
])('%d µs counts in bucket %i', (valueUs, bucket) => {
  expect(bucketOf(valueUs)).toBe(bucket);
});

test('an empty histogram has no quantile and the shortest form', () => {
  expect(quantileUs(createHistogram(), 0.5)).toBeNull();
  expect(toSparse(createHistogram())).toEqual([HISTOGRAM_VERSION]);
});

test('a quantile in bucket 0 is 1 µs', () => {
  const histogram = createHistogram();
  record(histogram, 0.2);
  expect(quantileUs(histogram, 0.5)).toBe(1);
});

test('the sparse form goes there and back without loss, from any array of counts', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed);
    const dense = new Uint32Array(HISTOGRAM_BUCKETS);
    const share = random();
    for (let bucket = 0; bucket < dense.length; bucket++) dense[bucket] = random() < share ? Math.floor(random() * 1e6) : 0;
    dense[0] = seed % 2;
    dense[HISTOGRAM_BUCKETS - 1] = seed % 3;
    const back = createHistogram();
    addSparse(back, JSON.parse(JSON.stringify(toSparse(dense))));
    expect([...back]).toEqual([...dense]);
  }
});

test.each([
  { name: 'another layout', sparse: [2, 0, 1] },
  { name: 'no layout', sparse: [] },
  { name: 'half a pair', sparse: [1, 0] },
  { name: 'a bucket out of range', sparse: [1, HISTOGRAM_BUCKETS, 1] },
  { name: 'a gap backwards', sparse: [1, 5, 1, -3, 1] },
  { name: 'half a bucket', sparse: [1, 0.5, 1] },
  { name: 'a gap that is no number', sparse: [1, Number.NaN, 1] },
  { name: 'a count below zero', sparse: [1, 0, -1] },
  { name: 'a count that is no number', sparse: [1, 0, Number.NaN] },
  { name: 'gaps that sum up out of range', sparse: [1, 200, 1, 57, 1] },
])('$name is refused', ({ sparse }) => {
  expect(() => addSparse(createHistogram(), sparse)).toThrow(RangeError);
});
