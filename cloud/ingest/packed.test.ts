import { describe, expect, test } from 'vitest';
import { HISTOGRAM_BUCKETS, toSparse } from '../../proxy/wire/histogram.ts';
import { createBitReader, createBitWriter, PackedError } from './bits.ts';
import { COUNTERS, createUnpacker, latencyOf, packRows, PART_ROWS_MAX, unpackRows } from './packed.ts';
import type { PackedRow } from './packed.ts';

function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/** A number from 0 to 2^53 with its size, not its value, drawn evenly. */
function anySize(random: () => number): number {
  return Math.floor(2 ** (random() * 53) * random());
}

describe('bits', () => {
  test('any whole numbers come back, whatever the order of their code', () => {
    const random = seeded(1);
    const edges = [0, 1, 2, 3, 4095, 4096, 2 ** 24, 2 ** 25 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 52, Number.MAX_SAFE_INTEGER];
    const values = [...edges, ...Array.from({ length: 2000 }, () => anySize(random))];
    for (const k of [0, 1, 7, 16, 24]) {
      const writer = createBitWriter();
      for (const value of values) writer.golomb(value, k);
      const reader = createBitReader(writer.finish());
      expect(values.map(() => reader.golomb(k))).toEqual(values);
    }
  });
  test('reading past the end is an error, not zeros', () => {
    const reader = createBitReader(new Uint8Array([255]));
    reader.bits(8);
    expect(() => reader.bits(1)).toThrow(PackedError);
    expect(() => createBitReader(new Uint8Array(40)).golomb(0)).toThrow(PackedError);
  });
});

/** A row as a busy edge makes it: some `buckets` non-empty buckets around its middle. */
function busyRow(entity: number, buckets: number, random: () => number): PackedRow {
  const dense = new Float64Array(HISTOGRAM_BUCKETS);
  const middle = 90 + Math.floor(random() * 40);
  for (let at = 0; at < buckets; at++) {
    const distance = at - buckets / 2;
    dense[middle + at + Math.floor(random() * 1.3)] = 1 + Math.floor(60 * Math.exp((-distance * distance) / 30) * random());
  }
  const requests = dense.reduce((sum, count) => sum + count, 0);
  const counters = { requests, failuresApp: random() < 0.1 ? 3 : 0, failuresMesh: 0, failuresClient: 0, retries: random() < 0.05 ? 1 : 0 };
  const bytes = { bytesIn: Math.floor(requests * (300 + 200 * random())), bytesOut: Math.floor(requests * (2000 + 4000 * random())) };
  const inbound = entity % 2 === 0;
  return { entity, ...counters, ...bytes, durationSumUs: Math.floor(requests * 8000 * (1 + random())), appSumUs: inbound ? Math.floor(requests * 7000 * random()) : 0, queueSumUs: Math.floor(requests * 20 * random()), latency: toSparse(dense) };
}

test('an edge row with 20 non-empty buckets takes at most 40 bytes', () => {
  const random = seeded(42);
  const rows = Array.from({ length: PART_ROWS_MAX }, (_, at) => busyRow(1 + at * 2, 20, random));
  const filled = rows.reduce((sum, row) => sum + (row.latency.length - 1) / 2, 0) / rows.length;
  expect(filled).toBeGreaterThan(15);
  expect(packRows(rows).length / rows.length).toBeLessThanOrEqual(40);
});

test('whatever was packed comes back', () => {
  const random = seeded(7);
  for (let round = 0; round < 80; round++) {
    const count = Math.floor(random() ** 3 * (PART_ROWS_MAX + 1));
    let entity = 0;
    const rows = Array.from({ length: count }, (): PackedRow => {
      entity += 1 + Math.floor(random() * 20);
      const dense = new Float64Array(HISTOGRAM_BUCKETS);
      for (let at = Math.floor(random() * 30); at > 0; at--) dense[Math.floor(random() * HISTOGRAM_BUCKETS)] = anySize(random);
      const counters = Object.fromEntries(COUNTERS.map((name) => [name, random() < 0.5 ? 0 : anySize(random)])) as Record<(typeof COUNTERS)[number], number>;
      return { entity, ...counters, latency: toSparse(dense) };
    });
    const part = unpackRows(packRows(rows.toSorted(() => random() - 0.5)), true);
    const back = Array.from({ length: part.rows }, (_, row) => ({
      entity: part.entity[row], ...Object.fromEntries(COUNTERS.map((name) => [name, part.counters[name][row]])), latency: latencyOf(part, row),
    }));
    expect(back).toEqual(rows);
  }
});

test('counters are the same with and without the histograms', () => {
  const rows = Array.from({ length: 50 }, (_, at) => busyRow(at, 12, seeded(at + 1)));
  const bytes = packRows(rows);
  expect(unpackRows(bytes, false).counters).toEqual(unpackRows(bytes, true).counters);
});

test('one memory for many parts reads each as it is alone, whatever came before', () => {
  const random = seeded(31);
  const unpacker = createUnpacker();
  for (let round = 0; round < 40; round++) {
    const rows = Array.from({ length: Math.floor(random() * (PART_ROWS_MAX + 1)) }, (_, at) => busyRow(at * 3, 1 + Math.floor(random() * 60), seeded(at + round)));
    const bytes = packRows(rows);
    const [part, alone] = [unpacker.unpack(Buffer.from(bytes).toString('base64'), true), unpackRows(bytes, true)];
    expect(part.rows).toBe(alone.rows);
    expect(part.entity.subarray(0, part.rows)).toEqual(alone.entity);
    for (const name of COUNTERS) expect(part.counters[name].subarray(0, part.rows)).toEqual(alone.counters[name]);
    for (const row of rows.keys()) expect(latencyOf(part, row)).toEqual(latencyOf(alone, row));
  }
  const packed = Buffer.from(packRows([busyRow(5, 4, seeded(5))])).toString('base64');
  expect(unpacker.unpack(packed, true, (entity) => entity === 6).rows).toBe(0);
  expect(unpacker.unpack(packed, true, (entity) => entity === 5).rows).toBe(1);
});

test('bytes that nobody packed are an error of ours to see, never numbers', () => {
  const bytes = packRows(Array.from({ length: 20 }, (_, at) => busyRow(at, 20, seeded(at + 1))));
  expect(() => unpackRows(new Uint8Array([9, 0, 0]), true)).toThrow(PackedError);
  for (let cut = 0; cut < bytes.length - 1; cut++) expect(() => unpackRows(bytes.subarray(0, cut), true)).toThrow(PackedError);
});

test('a part takes neither too many rows nor one entity twice', () => {
  const row = busyRow(1, 3, seeded(3));
  expect(() => packRows([row, row])).toThrow(RangeError);
  expect(() => packRows(Array.from({ length: PART_ROWS_MAX + 1 }, (_, entity) => ({ ...row, entity })))).toThrow(RangeError);
});
