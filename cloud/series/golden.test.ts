import { expect, test } from 'vitest';
import { bucketOf, createHistogram, quantileUs, toSparse } from '../../proxy/wire/histogram.ts';
import { packRows, unpackRows } from '../ingest/packed.ts';
import type { PackedRow } from '../ingest/packed.ts';
import { createCoverage } from './coverage.ts';
import { addEdge, addRow, addSum, createRaw, createSum, goldenOf, successRate } from './golden.ts';

const HTTP = { protocol: 'http1', tls: 'mtls' } as const;

function row(latenciesMs: readonly number[], more: Partial<PackedRow> = {}): PackedRow {
  const dense = createHistogram();
  for (const ms of latenciesMs) dense[bucketOf(ms * 1000)] = (dense[bucketOf(ms * 1000)] ?? 0) + 1;
  return {
    entity: 1, requests: latenciesMs.length, failuresApp: 0, failuresMesh: 0, failuresClient: 0, retries: 0, bytesIn: 0, bytesOut: 0,
    durationSumUs: 0, appSumUs: 0, queueSumUs: 0, latency: toSparse(dense), ...more,
  };
}

function rawOf(...rows: PackedRow[]): ReturnType<typeof createRaw> {
  const raw = createRaw();
  for (const one of rows) addRow(raw, unpackRows(packRows([one]), true), 0);
  return raw;
}

test.each([
  [{ requests: 100, failuresApp: 3, failuresMesh: 2, failuresClient: 0 }, 0.95],
  [{ requests: 100, failuresApp: 3, failuresMesh: 2, failuresClient: 50 }, 0.9],
  [{ requests: 5, failuresApp: 0, failuresMesh: 0, failuresClient: 5 }, null],
  [{ requests: 0, failuresApp: 0, failuresMesh: 0, failuresClient: 0 }, null],
  [{ requests: 4, failuresApp: 4, failuresMesh: 0, failuresClient: 0 }, 0],
])('the success rate of %o is %s', (counts, rate) => {
  if (rate === null) expect(successRate(counts)).toBeNull();
  else expect(successRate(counts)).toBeCloseTo(rate, 12);
});

test('a quantile of several windows is that of all their requests, not an average of theirs', () => {
  const quiet = Array.from({ length: 99 }, () => 10);
  const sum = createSum();
  addEdge(sum, rawOf(row(quiet), row([1000])), HTTP);
  const { latencyMs } = goldenOf(sum, 20);
  expect(latencyMs.p95).toBeGreaterThan(9.5);
  expect(latencyMs.p95).toBeLessThan(10.5);
  const exact = createHistogram();
  for (const ms of [...quiet, 1000]) exact[bucketOf(ms * 1000)] = (exact[bucketOf(ms * 1000)] ?? 0) + 1;
  expect(latencyMs.p99).toBe((quantileUs(exact, 0.99) ?? 0) / 1000);
});

test('connections of opaque protocols never mix into request numbers', () => {
  const sum = createSum();
  addEdge(sum, rawOf(row([10, 10], { bytesIn: 1, bytesOut: 2 })), HTTP);
  addEdge(sum, rawOf(row([5000], { failuresMesh: 1, bytesIn: 100, bytesOut: 200 })), { protocol: 'opaque', tls: 'mtls' });
  const golden = goldenOf(sum, 10);
  expect(golden).toMatchObject({ requests: 2, connections: 1, successRate: 1, failures: { app: 0, mesh: 0, client: 0 }, mtlsShare: 1 });
  expect(golden.latencyMs.p99).toBeLessThan(11);
  expect(golden.bytesPerSecond).toBeCloseTo(30.3, 9);
});

test('without windows there is no rate, and without requests no share and no time', () => {
  expect(goldenOf(createSum(), 0)).toEqual({
    requests: 0, requestsPerSecond: 0, successRate: null, failures: { app: 0, mesh: 0, client: 0 }, retries: 0,
    latencyMs: { p50: null, p95: null, p99: null }, mtlsShare: null, connections: 0, bytesPerSecond: 0, timeMs: null,
  });
});

test('time is split into the app’s, the queues’ and what is left for the network', () => {
  const sum = createSum();
  addEdge(sum, rawOf(row([10, 10], { durationSumUs: 40_000, appSumUs: 10_000, queueSumUs: 4_000 })), HTTP);
  expect(goldenOf(sum, 10).timeMs).toEqual({ app: 5, queue: 2, network: 13 });
});

test('sums of sums are the sum', () => {
  const [a, b, both] = [createSum(), createSum(), createSum()];
  addEdge(a, rawOf(row([1, 2, 3])), HTTP);
  addEdge(b, rawOf(row([4], { failuresApp: 1 })), { protocol: 'grpc', tls: 'plain' });
  addEdge(both, rawOf(row([1, 2, 3])), HTTP);
  addEdge(both, rawOf(row([4], { failuresApp: 1 })), { protocol: 'grpc', tls: 'plain' });
  addSum(a, b);
  expect(a).toEqual(both);
});

test('a late piece of a window covers no more time', () => {
  const coverage = createCoverage();
  for (const start of [0, 10_000, 10_000, 30_000]) coverage.add(start, 10_000);
  expect(coverage.seconds()).toBe(30);
  expect(coverage.seconds(10_000, 30_000)).toBe(10);
});
