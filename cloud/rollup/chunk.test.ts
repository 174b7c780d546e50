import { expect, test } from 'vitest';
import { createHistogram, histogramCount, toSparse } from '../../proxy/wire/histogram.ts';
import { COUNTERS, packRows, unpackRows } from '../ingest/packed.ts';
import type { PackedRow } from '../ingest/packed.ts';
import type { EdgeLabels } from '../series/edge.ts';
import { classOf, CLASSES, foldHour, HOUR_MS, isSummed, packChunk, pointOf, replaceHour, rowsOf, sumSubjects } from './chunk.ts';
import type { Chunk } from './chunk.ts';
import { createRoller } from './roller.ts';
import type { MinuteChunks, RollPart } from './roller.ts';

const HOUR = 1_700_000 * 1_000_000 - ((1_700_000 * 1_000_000) % HOUR_MS);

function edge(over: Partial<EdgeLabels>): EdgeLabels {
  return { direction: 'inbound', source: 'a/host/x', service: 'a/y', destination: 'a/host/y', protocol: 'http1', tls: 'mtls', ...over };
}

const EDGES = new Map<number, EdgeLabels>([
  [1, edge({})],
  [2, edge({ direction: 'outbound' })],
  [3, edge({ source: '', tls: 'plain' })],
  [4, edge({ protocol: 'opaque' })],
  [5, edge({ direction: 'outbound', destination: '' })],
]);

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

function randomRow(entity: number, random: () => number): PackedRow {
  const latency = createHistogram();
  const requests = 1 + Math.floor(random() * 50);
  for (let n = 0; n < requests; n++) {
    const bucket = Math.floor(random() * 200);
    latency[bucket] = (latency[bucket] ?? 0) + 1;
  }
  const counters = Object.fromEntries(COUNTERS.map((name) => [name, Math.floor(random() * 1000)])) as Omit<PackedRow, 'entity' | 'latency'>;
  return { ...counters, requests, entity, latency: toSparse(latency) };
}

function hourOf(seed: number): { parts: RollPart[]; rows: { startMs: number; row: PackedRow }[] } {
  const random = generator(seed);
  const parts: RollPart[] = [];
  const rows: { startMs: number; row: PackedRow }[] = [];
  for (let startMs = HOUR; startMs < HOUR + HOUR_MS; startMs += 10_000) {
    if (random() < 0.1) continue;
    for (const late of [false, true]) {
      if (late && random() < 0.8) continue;
      const packed = [...EDGES.keys()].filter(() => random() < 0.7).map((id) => randomRow(id, random));
      parts.push({ startMs, lengthMs: 10_000, kind: 'edge', part: unpackRows(packRows(packed), true) });
      for (const row of packed) rows.push({ startMs, row });
    }
  }
  return { parts, rows };
}

function rollHour(parts: readonly RollPart[]): MinuteChunks {
  const roller = createRoller(HOUR, 60, EDGES);
  for (const part of parts) roller.add(part);
  return roller.finish();
}

function sumOf(rows: readonly PackedRow[]): Record<string, number> {
  const sum: Record<string, number> = { latency: 0 };
  for (const row of rows) {
    for (const name of COUNTERS) sum[name] = (sum[name] ?? 0) + row[name];
    for (let at = 2; at < row.latency.length; at += 2) sum['latency'] = (sum['latency'] ?? 0) + (row.latency[at] ?? 0);
  }
  return sum;
}

test.each([1, 2, 3])('minutes of an hour hold exactly what its windows held, for each subject (seed %i)', (seed) => {
  const { parts, rows } = hourOf(seed);
  const { chunks } = rollHour(parts);
  for (const chunk of chunks) {
    const mine = rows.filter(({ row }) => {
      const labels = EDGES.get(row.entity);
      return labels !== undefined && (chunk.subject === `e:${row.entity}` || sumSubjects(labels).includes(chunk.subject));
    });
    expect(sumOf(rowsOf(packChunk(chunk))), chunk.subject).toEqual(sumOf(mine.map(({ row }) => row)));
  }
  expect(chunks.map((chunk) => chunk.subject).sort()).toEqual(['c', 'e:1', 'e:2', 'e:3', 'e:4', 'e:5', 's:a/y', 'w:a/host/y']);
});

test('requests and connections, and mutual TLS and plain, stay apart in summed subjects', () => {
  const { parts, rows } = hourOf(4);
  const cluster = rollHour(parts).chunks.find((chunk) => chunk.subject === 'c');
  for (const kind of [0, 1, 2, 3]) {
    const expected = rows.filter(({ row }) => {
      const labels = EDGES.get(row.entity);
      return labels?.direction === 'inbound' && classOf(labels) === kind;
    });
    expect(sumOf((cluster?.rows ?? []).filter((row) => row.entity % CLASSES === kind))).toEqual(sumOf(expected.map(({ row }) => row)));
  }
});

test('a window received in two pieces covers its ten seconds once, and a missing one leaves them uncovered', () => {
  const { parts } = hourOf(5);
  const { coveredS } = rollHour(parts);
  const distinct = new Set(parts.map((part) => part.startMs));
  expect(coveredS.reduce((sum, seconds) => sum + seconds, 0)).toBe(distinct.size * 10);
});

test('rolling up twice gives the same bytes', () => {
  const { parts } = hourOf(6);
  const first = rollHour(parts).chunks.map((chunk) => Buffer.from(packChunk(chunk)).toString('base64'));
  expect(rollHour(parts).chunks.map((chunk) => Buffer.from(packChunk(chunk)).toString('base64'))).toEqual(first);
});

test("an hour's point in the day is the sum of its minutes, and replacing it leaves the other hours alone", () => {
  const chunks = rollHour(hourOf(7).parts).chunks;
  const other = new Map(rollHour(hourOf(8).parts).chunks.map((chunk) => [chunk.subject, chunk]));
  for (const chunk of chunks) {
    const second = other.get(chunk.subject);
    if (!second) throw new Error(`no ${chunk.subject} in the other hour`);
    const day = packChunk(replaceHour(chunk.subject, null, 3, foldHour(chunk, 3)));
    const both = packChunk(replaceHour(chunk.subject, day, 4, foldHour(second, 4)));
    const again: Chunk = replaceHour(chunk.subject, both, 3, foldHour(second, 3));
    const at = (hour: number): PackedRow[] => again.rows.filter((row) => pointOf(chunk.subject, row.entity).point === hour);
    expect(sumOf(at(3))).toEqual(sumOf(second.rows));
    expect(sumOf(at(4))).toEqual(sumOf(second.rows));
    expect(sumOf(rowsOf(both).filter((row) => pointOf(chunk.subject, row.entity).point === 3))).toEqual(sumOf(chunk.rows));
    expect(isSummed(chunk.subject)).toBe(!/^[er]:/.test(chunk.subject));
  }
});

test('counts of the histogram survive the way to the day chunk', () => {
  const [chunk] = rollHour(hourOf(9).parts).chunks;
  if (!chunk) throw new Error('no chunk');
  const dense = createHistogram();
  const part = unpackRows(packChunk(replaceHour(chunk.subject, null, 0, foldHour(chunk, 0))), true);
  for (let row = 0; row < part.rows; row++) part.addLatency(row, dense);
  expect(histogramCount(dense)).toBe(sumOf(chunk.rows)['latency']);
});
