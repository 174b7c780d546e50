import { expect, test } from 'vitest';
import { renderMetrics, type MetricsFacts } from './prometheus.ts';
import { Series } from './series.ts';
import { inSlices, SLICE_MS_MAX, turn } from './slices.ts';
import { edgeKey, exchangeEnd } from './testing.ts';

test('after each slice of time everything else gets its turn, and not one piece is lost', async () => {
  let nowMs = 0;
  let turns = 0;
  const pieces = function* () {
    for (let at = 0; at < 100; at += 1) {
      nowMs += 0.5;
      yield `${at} `;
    }
  };
  const slices = await Array.fromAsync(inSlices(pieces(), () => nowMs, async () => void (turns += 1)));
  expect(slices.join('')).toBe(Array.from({ length: 100 }, (_, at) => `${at} `).join(''));
  expect(slices).toHaveLength(100 / (SLICE_MS_MAX / 0.5));
  expect(turns).toBe(slices.length);
});

test('empty pieces cost time as well, and nothing is nothing', async () => {
  let nowMs = 0;
  let turns = 0;
  const silent = function* () {
    for (let at = 0; at < 20; at += 1) {
      nowMs += 1;
      yield '';
    }
  };
  expect(await Array.fromAsync(inSlices(silent(), () => nowMs, async () => void (turns += 1)))).toEqual([]);
  expect(turns).toBe(10);
});

const FACTS: MetricsFacts = {
  version: '0', runtime: 'bun', startMs: 0, nowMs: 1, cpuSeconds: 0, residentBytes: 0, system: null, certificate: null, certificateRefreshes: { ok: 0, error: 0 },
  inboundPolicy: 'all-unauthenticated', balancers: [], watching: [], own: [],
};

test('a scrape of more than 5,000 series goes on while exchanges are counted, and none of its pieces is long', async () => {
  const series = new Series();
  const edges = Array.from({ length: 200 }, (_, at) => series.edge(edgeKey({ service: `shop/s${at}` }), { target: { host: '10.0.0.1', port: 80 } }));
  for (const edge of edges) {
    series.began(edge);
    series.ended(edge, exchangeEnd());
  }
  let counted = 0;
  const traffic = setInterval(() => {
    for (const edge of edges.slice(0, 20)) {
      series.began(edge);
      series.ended(edge, exchangeEnd({ route: `GET /late/${counted}` }));
      counted += 1;
    }
  }, 0);
  const slices = await Array.fromAsync(inSlices(renderMetrics(series, FACTS), () => performance.now(), turn));
  clearInterval(traffic);
  const samples = slices.join('').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(samples.length).toBeGreaterThan(5_000);
  expect(new Set(samples.map((line) => line.slice(0, line.lastIndexOf(' ')))).size).toBe(samples.length);
  // A piece is one series with its buckets, at most some statuses of it.
  for (const piece of renderMetrics(series, FACTS)) expect(piece.length).toBeLessThan(50_000);
});
