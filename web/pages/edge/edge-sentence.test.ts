import { expect, test } from 'vitest';
import type { Golden } from '../../../cloud/wire/entities.ts';
import { edgeSentence } from './edge-sentence.ts';

const golden = (requests: number, app: number, mesh = 0, connections = 0): Golden => ({
  requests, requestsPerSecond: requests / 100, successRate: requests === 0 ? null : 1 - (app + mesh) / requests, failures: { app, mesh, client: 0 }, retries: 0,
  latencyMs: { p50: 1, p95: 20, p99: 30 }, mtlsShare: 1, connections, bytesPerSecond: 0, timeMs: null,
});

test.each([
  [golden(1000, 80), "web → api fails 8.00 % of 1,000 requests, mostly by api's own fault: 10.0/s, p95 20.0 ms"],
  [golden(1000, 10, 70), 'web → api fails 8.00 % of 1,000 requests, mostly by the mesh, before the service saw it: 10.0/s, p95 20.0 ms'],
  [golden(1000, 0), 'web → api answers all of 1,000 requests well: 10.0/s, p95 20.0 ms'],
  [golden(0, 0), 'web → api had no requests in this range'],
  [golden(0, 0, 0, 37), 'web → api opened 37 connections'],
])('%o is told as %s', (numbers, text) => {
  expect(edgeSentence({ source: 'shop/deployment/web', target: 'shop/deployment/api', golden: numbers }).replaceAll('\u00a0', ' ')).toBe(text);
});
