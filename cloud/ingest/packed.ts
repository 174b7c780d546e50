/**
 * Rows of one window, at most 256 a part, packed by column. Pure.
 * Layout: version byte; bit stream of: row count (9 bits), then the columns of `COUNTERS`, then per row the number of
 * non-empty buckets, the first of them and the number of bits of its histogram, then the histograms (histograms.ts): a
 * reader decodes only those that it wants.
 * Rows are sorted by entity, whose ids are stored as differences. A column is: order k of its Golomb code (5 bits), zero
 * flag (1 bit), values; with the flag each value has a bit for "not zero" first and is stored less one.
 */
import { Buffer } from 'node:buffer';
import { createHistogram, toSparse } from '../../proxy/wire/histogram.ts';
import type { Histogram, SparseHistogram } from '../../proxy/wire/histogram.ts';
import { bestOrder, createBitReader, createBitWriter, ORDER_MAX, PackedError } from './bits.ts';
import type { BitReader, BitWriter } from './bits.ts';
import { addBuckets, bestCode, bucketsOf, histogramBits, readCode, writeBuckets, writeCode } from './histograms.ts';

const PACKED_VERSION = 3;
/** Rows of one part: large enough that the columns' heads don't count, small enough for one page of Postgres. */
export const PART_ROWS_MAX = 256;

/** The counters of a row in their stored order; a missing one would not compile. */
export const COUNTERS = [
  'requests', 'failuresApp', 'failuresMesh', 'failuresClient', 'retries', 'bytesIn', 'bytesOut', 'durationSumUs', 'appSumUs', 'queueSumUs',
] as const;
export type CounterName = (typeof COUNTERS)[number];

/** One edge's or route's counters in one window: whole numbers, sums in µs. */
export type PackedRow = { readonly [Name in CounterName]: number } & {
  /** The organization's id of the edge or route; unique in a part. */
  readonly entity: number;
  readonly latency: SparseHistogram;
};

export type PackedCounters = { readonly [Name in CounterName]: Float64Array };

/** A part read back: columns of equal length. */
export interface UnpackedPart {
  readonly rows: number;
  readonly entity: Float64Array;
  readonly counters: PackedCounters;
  /** Adds row `row`'s latency histogram into a dense one; nothing when the part was read without histograms. */
  addLatency(row: number, into: Histogram): void;
}

/** Packs up to `PART_ROWS_MAX` rows. Throws `RangeError` for more, or for two rows of one entity. */
export function packRows(rows: readonly PackedRow[]): Uint8Array<ArrayBuffer> {
  if (rows.length > PART_ROWS_MAX) throw new RangeError(`a part holds ${PART_ROWS_MAX} rows, not ${rows.length}`);
  const sorted = rows.toSorted((a, b) => a.entity - b.entity);
  const writer = createBitWriter();
  writer.bits(PACKED_VERSION, 8);
  writer.bits(sorted.length, 9);
  writeColumn(writer, entityGaps(sorted));
  for (const name of COUNTERS) writeColumn(writer, sorted.map((row) => row[name]));
  writeHistograms(writer, sorted);
  return writer.finish();
}

function entityGaps(sorted: readonly PackedRow[]): number[] {
  return sorted.map((row, at) => {
    const gap = row.entity - (sorted[at - 1]?.entity ?? -1) - 1;
    if (gap < 0) throw new RangeError(`entity ${row.entity} is twice in one part`);
    return gap;
  });
}

function writeHistograms(writer: BitWriter, rows: readonly PackedRow[]): void {
  const buckets = bucketsOf(rows.map((row) => row.latency));
  const code = bestCode(buckets, ORDER_MAX);
  writeColumn(writer, buckets.sizes);
  writeColumn(writer, buckets.firsts);
  writeColumn(writer, histogramBits(buckets, code));
  writeCode(writer, code);
  writeBuckets(writer, buckets, code);
}

function writeColumn(writer: BitWriter, values: readonly number[]): void {
  let zeros = 0;
  for (const value of values) if (value === 0) zeros++;
  const flagged = zeros * 8 >= values.length;
  const k = bestOrder(values, flagged ? 1 : 0);
  writer.bits(k, 5);
  writer.bits(flagged ? 1 : 0, 1);
  for (const value of values) {
    if (!flagged) writer.golomb(value, k);
    else if (value === 0) writer.bits(0, 1);
    else {
      writer.bits(1, 1);
      writer.golomb(value - 1, k);
    }
  }
}

/** Columns of a part: the entity, the counters, then size, first bucket and bits of each histogram. */
const PART_COLUMNS = 1 + COUNTERS.length + 3;

/** Reads one part after the other; each is valid until the next is read. */
export interface Unpacker {
  /**
   * `packed` is the part as base64, which `encode(data, 'base64')` makes of the column. Latencies are decoded row by row when `addLatency` asks, without `histograms` never. A part in which no entity passes
   * `some` is read as one without rows; columns are as long as any part's, `rows` says how far they count. Throws `PackedError`.
   */
  unpack(packed: string, histograms: boolean, some?: (entity: number) => boolean): UnpackedPart;
}

/** Most parts are shorter. */
const PART_BYTES_USUAL = 16 * 1024;

/**
 * Hundreds of parts are read for an answer: bytes and columns of each go into the same memory, since fresh buffers of some
 * kB make the garbage collector run far more often than their content takes to decode.
 */
export function createUnpacker(): Unpacker {
  const columns = columnsOf(PART_ROWS_MAX);
  let held = Buffer.allocUnsafe(PART_BYTES_USUAL);
  return {
    unpack: (packed, histograms, some) => {
      if (held.length * 4 < packed.length * 3) held = Buffer.allocUnsafe(packed.length);
      return readPart(held.subarray(0, held.write(packed, 'base64')), histograms, () => columns, some);
    },
  };
}

/** Reads a part that stays valid, with columns of its length. Throws `PackedError`. */
export function unpackRows(bytes: Uint8Array, histograms: boolean): UnpackedPart {
  return readPart(bytes, histograms, columnsOf);
}

interface Columns {
  readonly entity: Float64Array;
  readonly counters: PackedCounters;
  /** Of the histograms: non-empty buckets, the first of them, and the bits. */
  readonly sizes: Float64Array;
  readonly firsts: Float64Array;
  readonly lengths: Float64Array;
}

function columnsOf(rows: number): Columns {
  const block = new Float64Array(rows * PART_COLUMNS);
  const column = (at: number): Float64Array => block.subarray(at * rows, (at + 1) * rows);
  const counters: PackedCounters = {
    requests: column(1), failuresApp: column(2), failuresMesh: column(3), failuresClient: column(4), retries: column(5),
    bytesIn: column(6), bytesOut: column(7), durationSumUs: column(8), appSumUs: column(9), queueSumUs: column(10),
  };
  return { entity: column(0), counters, sizes: column(11), firsts: column(12), lengths: column(13) };
}

function readPart(bytes: Uint8Array, histograms: boolean, columnsFor: (rows: number) => Columns, some?: (entity: number) => boolean): UnpackedPart {
  const reader = createBitReader(bytes);
  const version = reader.bits(8);
  if (version !== PACKED_VERSION) throw new PackedError(`packed version ${version} is not known`);
  const rows = reader.bits(9);
  if (rows > PART_ROWS_MAX) throw new PackedError(`a part of ${rows} rows is too large`);
  const columns = columnsFor(rows);
  const { entity, counters } = columns;
  readColumn(reader, rows, entity);
  let passes = some === undefined;
  for (let row = 0, before = -1; row < rows; row++) {
    before = entity[row] = before + 1 + (entity[row] ?? 0);
    passes ||= some?.(before) === true;
  }
  if (!passes) return { rows: 0, entity, counters, addLatency: noLatency };
  for (const name of COUNTERS) readColumn(reader, rows, counters[name]);
  return { rows, entity, counters, addLatency: histograms ? readHistograms(reader, rows, columns) : noLatency };
}

function noLatency(): void {
  // A part that was read without histograms adds none.
}

function readColumn(reader: BitReader, rows: number, into: Float64Array): void {
  const k = reader.bits(5);
  reader.column(into, rows, k, reader.bits(1) === 1);
}

/** Notes where each row's histogram is; a row's own bits are decoded when they are asked for. `lengths` becomes its ends. */
function readHistograms(reader: BitReader, rows: number, { sizes, firsts, lengths }: Columns): (row: number, into: Histogram) => void {
  for (const column of [sizes, firsts, lengths]) readColumn(reader, rows, column);
  const code = readCode(reader);
  const begin = reader.position;
  let end = begin;
  for (let row = 0; row < rows; row++) end = lengths[row] = end + (lengths[row] ?? 0);
  reader.seek(end);
  return (row, into) => {
    reader.seek(row === 0 ? begin : (lengths[row - 1] ?? begin));
    addBuckets(reader, code, firsts[row] ?? 0, sizes[row] ?? 0, into);
  };
}

/** The sparse form of a row's latency. */
export function latencyOf(part: UnpackedPart, row: number): number[] {
  const dense = createHistogram();
  part.addLatency(row, dense);
  return toSparse(dense);
}
