/** Sums over rows and windows, and the golden metrics made of them. Quantiles come from merged histograms only. Pure. */
import type { z } from 'zod';
import { createHistogram, quantileUs } from '../../proxy/wire/histogram.ts';
import type { Histogram } from '../../proxy/wire/histogram.ts';
import { COUNTERS } from '../ingest/packed.ts';
import type { CounterName, UnpackedPart } from '../ingest/packed.ts';
import type { Golden, LatencyMs } from '../wire/entities.ts';
import { isRequestProtocol } from './edge.ts';
import type { EdgeLabels } from './edge.ts';

type Latency = z.infer<typeof LatencyMs>;

/** Rows of one edge or route added up, whatever their labels. */
export interface Raw {
  readonly counters: { [Name in CounterName]: number };
  readonly latency: Histogram;
}

/** Rows of several edges added up. Requests and connections of opaque protocols stay apart; bytes are of both. */
export interface Sum extends Raw {
  /** Requests over mutual TLS. */
  mtls: number;
  /** Connections of the protocols `opaque` and `tls`. */
  connections: number;
  bytes: number;
}

/** Counters alone, for sums that no quantile is read from. */
export function createCounters(): Pick<Raw, 'counters'> {
  return { counters: { requests: 0, failuresApp: 0, failuresMesh: 0, failuresClient: 0, retries: 0, bytesIn: 0, bytesOut: 0, durationSumUs: 0, appSumUs: 0, queueSumUs: 0 } };
}

export function createRaw(): Raw {
  return { ...createCounters(), latency: createHistogram() };
}

export function createSum(): Sum {
  return { ...createRaw(), mtls: 0, connections: 0, bytes: 0 };
}

/** Adds one row's counters, without its latencies. */
export function addCounters(into: Pick<Raw, 'counters'>, part: UnpackedPart, row: number): void {
  for (const name of COUNTERS) into.counters[name] += part.counters[name][row] ?? 0;
}

/** Adds one row of a part. */
export function addRow(into: Raw, part: UnpackedPart, row: number): void {
  addCounters(into, part, row);
  part.addLatency(row, into.latency);
}

/** Adds one row of a part under its edge's labels. */
export function addEdgeRow(into: Sum, part: UnpackedPart, row: number, labels: Pick<EdgeLabels, 'protocol' | 'tls'>): void {
  into.bytes += (part.counters.bytesIn[row] ?? 0) + (part.counters.bytesOut[row] ?? 0);
  const requests = part.counters.requests[row] ?? 0;
  if (!isRequestProtocol(labels.protocol)) {
    into.connections += requests;
    return;
  }
  if (labels.tls === 'mtls') into.mtls += requests;
  addRow(into, part, row);
}

/** Adds an edge's rows under its labels. */
export function addEdge(into: Sum, raw: Raw, labels: Pick<EdgeLabels, 'protocol' | 'tls'>): void {
  into.bytes += raw.counters.bytesIn + raw.counters.bytesOut;
  if (!isRequestProtocol(labels.protocol)) {
    into.connections += raw.counters.requests;
    return;
  }
  if (labels.tls === 'mtls') into.mtls += raw.counters.requests;
  addRaw(into, raw);
}

/** Adds rows that were added up before. */
export function addRaw(into: Raw, raw: Raw): void {
  for (const name of COUNTERS) into.counters[name] += raw.counters[name];
  for (let bucket = 0; bucket < raw.latency.length; bucket++) into.latency[bucket] = (into.latency[bucket] ?? 0) + (raw.latency[bucket] ?? 0);
}

/** Adds one sum into another. */
export function addSum(into: Sum, sum: Sum): void {
  into.bytes += sum.bytes;
  into.connections += sum.connections;
  into.mtls += sum.mtls;
  addRaw(into, sum);
}

/** 1 − (app + mesh) / (requests − client), or null when no request counts. */
export function successRate(counts: { readonly requests: number; readonly failuresApp: number; readonly failuresMesh: number; readonly failuresClient: number }): number | null {
  const judged = counts.requests - counts.failuresClient;
  if (judged <= 0) return null;
  return Math.min(1, Math.max(0, 1 - (counts.failuresApp + counts.failuresMesh) / judged));
}

/** p50, p95 and p99 in ms of a merged histogram in µs. */
export function latencyMs(histogram: Histogram): Latency {
  return { p50: quantileMs(histogram, 0.5), p95: quantileMs(histogram, 0.95), p99: quantileMs(histogram, 0.99) };
}

function quantileMs(histogram: Histogram, q: number): number | null {
  const us = quantileUs(histogram, q);
  return us === null ? null : us / 1000;
}

/** `coveredSeconds`: the time that stored windows cover; without any there is no rate. */
export function goldenOf(sum: Sum, coveredSeconds: number): Golden {
  const { counters } = sum;
  return {
    requests: counters.requests,
    requestsPerSecond: coveredSeconds > 0 ? counters.requests / coveredSeconds : 0,
    successRate: successRate(counters),
    failures: { app: counters.failuresApp, mesh: counters.failuresMesh, client: counters.failuresClient },
    retries: counters.retries,
    latencyMs: latencyMs(sum.latency),
    mtlsShare: counters.requests > 0 ? sum.mtls / counters.requests : null,
    connections: sum.connections,
    bytesPerSecond: coveredSeconds > 0 ? sum.bytes / coveredSeconds : 0,
    timeMs: timeOf(counters),
  };
}

/** Mean time of a request: what the app took, what it waited in queues, and the rest, which is the network's and the bodies'. */
function timeOf(counters: Sum['counters']): Golden['timeMs'] {
  if (counters.requests === 0) return null;
  const mean = (sumUs: number): number => sumUs / counters.requests / 1000;
  const [app, queue] = [mean(counters.appSumUs), mean(counters.queueSumUs)];
  return { app, queue, network: Math.max(0, mean(counters.durationSumUs) - app - queue) };
}
