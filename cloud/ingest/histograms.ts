/**
 * Histograms as bits. A histogram is: its first count less one (Golomb, order `first`), then for each further non-empty
 * bucket the number of empty ones before it (order `gap`) and its count as the distance from what the counts before it
 * let expect, zigzag, in an order that grows with the expected spread. Neighbouring buckets are alike, so this takes a
 * third less than the counts themselves. Pure.
 */
import { HISTOGRAM_BUCKETS } from '../../proxy/wire/histogram.ts';
import type { Histogram, SparseHistogram } from '../../proxy/wire/histogram.ts';
import { bestOrder, FAST_BITS, golombBits, PackedError, wordAt } from './bits.ts';
import type { BitReader, BitWriter } from './bits.ts';

/** Non-empty buckets of several histograms, one after the other. */
export interface Buckets {
  /** Per histogram: how many, and the first one's index (0 for none). */
  readonly sizes: number[];
  readonly firsts: number[];
  /** Per bucket: empty ones since the bucket before (0 for the first), and its count. */
  readonly gaps: number[];
  readonly counts: number[];
}

/** How the buckets of one part are coded. */
export interface HistogramCode {
  readonly first: number;
  readonly gap: number;
  /** 0: a count is expected to be like the one before; 1: to go on as the last two did. */
  readonly slope: 0 | 1;
  /** Added to the order that the expected count gives. */
  readonly bias: number;
}

const BIASES = [-1, 0, 1, 2];
/** Expected counts stay below this, so that they are small integers whatever came before. */
const EXPECTED_MAX = 0x3fff_ffff;
/** Buckets that the choice of slope and bias looks at. */
const SAMPLE = 400;

/** Buckets that were given as empty are left out. */
export function bucketsOf(histograms: readonly SparseHistogram[]): Buckets {
  const buckets: Buckets = { sizes: [], firsts: [], gaps: [], counts: [] };
  for (const sparse of histograms) addHistogram(buckets, sparse);
  return buckets;
}

function addHistogram({ sizes, firsts, gaps, counts }: Buckets, sparse: SparseHistogram): void {
  let [size, index, first, previous] = [0, 0, 0, 0];
  for (let at = 1; at < sparse.length; at += 2) {
    index += sparse[at] ?? 0;
    const count = sparse[at + 1] ?? 0;
    if (count === 0) continue;
    if (size === 0) first = index;
    gaps.push(size === 0 ? 0 : index - previous - 1);
    counts.push(count);
    previous = index;
    size++;
  }
  sizes.push(size);
  firsts.push(first);
}

/** What a count is expected to be after `before`, and before that `earlier` (0: there was none); at least 1. */
function expected(slope: 0 | 1, before: number, earlier: number): number {
  const guess = slope === 1 && earlier > 0 ? 2 * before - earlier : before;
  return guess < 1 ? 1 : guess > EXPECTED_MAX ? EXPECTED_MAX : guess;
}

/** Half the bits of the expected count, as its spread is the root of it. */
function orderFor(expectation: number, bias: number): number {
  const order = ((32 - Math.clz32(expectation)) >> 1) + bias;
  return order < 0 ? 0 : order;
}

/** A count ≥ 1 as its distance from the expectation: near ones alternate, and where one side has ended the other goes on alone. */
function fold(count: number, expectation: number): number {
  const distance = count - expectation;
  const room = expectation - 1;
  if (distance > room) return distance + room;
  return distance > 0 ? 2 * distance - 1 : -2 * distance;
}

function unfold(folded: number, expectation: number): number {
  const room = expectation - 1;
  if (folded > 2 * room) return folded - room + expectation;
  return folded % 2 === 1 ? expectation + (folded + 1) / 2 : expectation - folded / 2;
}

/** The code that takes the fewest bits, chosen on a sample. */
export function bestCode(buckets: Buckets, orderMax: number): HistogramCode {
  const firsts: number[] = [];
  for (let at = 0, row = 0; row < buckets.sizes.length; at += buckets.sizes[row] ?? 0, row++) if ((buckets.sizes[row] ?? 0) > 0) firsts.push((buckets.counts[at] ?? 1) - 1);
  const orders = { first: Math.min(orderMax, bestOrder(firsts, 0)), gap: Math.min(orderMax, bestOrder(buckets.gaps, 0)) };
  const sample = sampleOf(buckets);
  let best: { code: HistogramCode; bits: number } | null = null;
  for (const slope of [0, 1] as const) {
    for (const bias of BIASES) {
      const code = { ...orders, slope, bias };
      let bits = 0;
      for (const length of histogramBits(sample, code)) bits += length;
      if (best === null || bits < best.bits) best = { code, bits };
    }
  }
  return best?.code ?? { ...orders, slope: 0, bias: 0 };
}

/** Some whole histograms, spread over all of them. */
function sampleOf(buckets: Buckets): Buckets {
  const step = Math.ceil(buckets.counts.length / SAMPLE);
  if (step <= 1) return buckets;
  const sample: Buckets = { sizes: [], firsts: [], gaps: [], counts: [] };
  for (let at = 0, row = 0; row < buckets.sizes.length; row++) {
    const size = buckets.sizes[row] ?? 0;
    if (row % step === 0) {
      sample.sizes.push(size);
      sample.gaps.push(...buckets.gaps.slice(at, at + size));
      sample.counts.push(...buckets.counts.slice(at, at + size));
    }
    at += size;
  }
  return sample;
}

/** Bits of each histogram in a code. */
export function histogramBits({ sizes, gaps, counts }: Buckets, { first, gap, slope, bias }: HistogramCode): number[] {
  const lengths: number[] = [];
  let at = 0;
  for (const size of sizes) {
    let [bits, before, earlier] = [0, 0, 0];
    for (const end = at + size; at < end; at++) {
      const count = counts[at] ?? 1;
      if (before === 0) bits += golombBits(count - 1, first);
      else {
        const expectation = expected(slope, before, earlier);
        bits += golombBits(gaps[at] ?? 0, gap) + golombBits(fold(count, expectation), orderFor(expectation, bias));
      }
      earlier = before;
      before = count;
    }
    lengths.push(bits);
  }
  return lengths;
}

export function writeCode(writer: BitWriter, { first, gap, slope, bias }: HistogramCode): void {
  writer.bits(first, 5);
  writer.bits(gap, 5);
  writer.bits(slope, 1);
  writer.bits(BIASES.indexOf(bias), 2);
}

export function readCode(reader: BitReader): HistogramCode {
  return { first: reader.bits(5), gap: reader.bits(5), slope: reader.bits(1) === 1 ? 1 : 0, bias: BIASES[reader.bits(2)] ?? 0 };
}

export function writeBuckets(writer: BitWriter, { sizes, gaps, counts }: Buckets, { first, gap, slope, bias }: HistogramCode): void {
  let at = 0;
  for (const size of sizes) {
    let [before, earlier] = [0, 0];
    for (const end = at + size; at < end; at++) {
      const count = counts[at] ?? 1;
      if (before === 0) writer.golomb(count - 1, first);
      else {
        const expectation = expected(slope, before, earlier);
        writer.golomb(gaps[at] ?? 0, gap);
        writer.golomb(fold(count, expectation), orderFor(expectation, bias));
      }
      earlier = before;
      before = count;
    }
  }
}

/**
 * Adds the histogram at the reader's position into a dense one. Throws `PackedError` for a bucket out of range. The hot loop of
 * long ranges: its position stays in a local, and one place decodes all of its codes.
 */
export function addBuckets(reader: BitReader, { first, gap, slope, bias }: HistogramCode, firstBucket: number, size: number, into: Histogram): void {
  const { bytes } = reader;
  let [at, bucket, before, earlier, expectation, left, isGap, k] = [reader.position, firstBucket, 0, 0, 0, size, false, first];
  while (left > 0) {
    const word = wordAt(bytes, at);
    const width = 2 * Math.clz32(word) + 1;
    let value: number;
    if (width + k < FAST_BITS) {
      at += width + k;
      const quotient = (word >>> (32 - width)) - 1;
      value = k === 0 ? quotient : (quotient << k) | ((word << width) >>> (32 - k));
    } else {
      reader.seek(at);
      value = reader.golomb(k);
      at = reader.position;
    }
    if (isGap) {
      bucket += value + 1;
      expectation = expected(slope, before, earlier);
      k = orderFor(expectation, bias);
      isGap = false;
      continue;
    }
    const count = before === 0 ? value + 1 : unfold(value, expectation);
    if (bucket >= HISTOGRAM_BUCKETS) throw new PackedError(`histogram bucket ${bucket} is out of range`);
    into[bucket] = (into[bucket] ?? 0) + count;
    earlier = before;
    before = count;
    left--;
    isGap = true;
    k = gap;
  }
  reader.seek(at);
}
