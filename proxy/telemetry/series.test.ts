import { expect, test } from 'vitest';
import { addSparse, createHistogram, histogramCount, quantileUs } from '../wire/histogram.ts';
import { OTHER, ROUTES_PER_SERVICE_MAX, SOURCES_PER_SERVICE_MAX } from '../wire/report.ts';
import { SERIES_MAX } from './cumulative.ts';
import { EDGES_PER_PROXY_MAX, Series, type SealedRows } from './series.ts';
import { edgeKey, exchangeEnd } from './testing.ts';

const inbound = (at: number) => edgeKey({ direction: 'inbound', source: `shop/host/caller-${at}` });

function sealed(series: Series): SealedRows {
  const rows = series.seal();
  if (!rows) throw new Error('nothing was counted');
  return rows;
}

test('a window without traffic is nothing', () => {
  const series = new Series();
  series.edge(edgeKey());
  expect(series.seal()).toBeNull();
});

test('an exchange is counted once on its edge and once on its route', () => {
  const series = new Series();
  const edge = series.edge(edgeKey());
  series.began(edge);
  series.bytes(edge, 300, 70);
  series.bytes(edge, 0, 1_000);
  series.ended(edge, exchangeEnd({ retries: 2 }));
  const { edges, routes, folded } = sealed(series);
  const counters = {
    requests: 1,
    failuresApp: 0,
    failuresMesh: 0,
    failuresClient: 0,
    retries: 2,
    latency: [1, 99, 1],
    durationSumUs: 6_000,
    appSumUs: 4_000,
    queueSumUs: 100,
  };
  expect(edges).toEqual([{ ...edgeKey(), ...counters, bytesIn: 300, bytesOut: 1_070 }]);
  expect(routes).toEqual([
    { direction: 'outbound', service: 'shop/cart', route: 'GET /items/:id', ...counters, bytesIn: 0, bytesOut: 0 },
  ]);
  expect(folded).toBe(0);
  expect(series.seal()).toBeNull();
});

test.each([
  ['app', { failuresApp: 1 }],
  ['mesh', { failuresMesh: 1 }],
  ['client', { failuresClient: 1 }],
] as const)('a failure by %s is counted as such', (fault, expected) => {
  const series = new Series();
  series.ended(series.edge(edgeKey()), exchangeEnd({ fault }));
  expect(sealed(series).edges[0]).toMatchObject({ failuresApp: 0, failuresMesh: 0, failuresClient: 0, ...expected });
});

test('an exchange without a response is counted, but has no latency', () => {
  const series = new Series();
  series.ended(series.edge(edgeKey()), exchangeEnd({ latencyUs: -1, fault: 'mesh' }));
  expect(sealed(series).edges[0]).toMatchObject({ requests: 1, latency: [1] });
});

test('bytes that passed are in the window in which they passed', () => {
  const series = new Series();
  const edge = series.edge(edgeKey({ protocol: 'opaque' }));
  series.began(edge);
  series.bytes(edge, 10, 20);
  expect(sealed(series).edges[0]).toMatchObject({ requests: 0, bytesIn: 10, bytesOut: 20 });
  series.bytes(edge, 1, 2);
  series.ended(edge, exchangeEnd({ route: null, status: 0 }));
  expect(sealed(series).edges[0]).toMatchObject({ requests: 1, bytesIn: 1, bytesOut: 2 });
});

test('an edge with something under way is in every window until that ends, with how many', () => {
  const series = new Series();
  const edge = series.edge(edgeKey({ protocol: 'opaque' }));
  series.began(edge);
  series.began(edge);
  expect(sealed(series).edges[0]).toMatchObject({ requests: 0, open: 2 });
  series.ended(edge, exchangeEnd({ route: null, status: 0 }));
  expect(sealed(series).edges[0]).toMatchObject({ requests: 1, open: 1 });
  expect(sealed(series).edges[0]).toMatchObject({ requests: 0, open: 1 });
  series.ended(edge, exchangeEnd({ route: null, status: 0 }));
  expect(sealed(series).edges[0]).not.toHaveProperty('open');
  expect(series.seal()).toBeNull();
});

test('a window may leave out what is only under way, but never what was counted on it', () => {
  const series = new Series();
  const [busy, idle] = [series.edge(edgeKey({ source: 'shop/host/busy' })), series.edge(edgeKey({ source: 'shop/host/idle', protocol: 'opaque' }))];
  for (const edge of [busy, busy, idle]) series.began(edge);
  series.ended(busy, exchangeEnd());
  expect(series.seal(false)?.edges).toMatchObject([{ source: 'shop/host/busy', requests: 1, open: 1 }]);
  expect(series.seal(false)).toBeNull();
  expect(series.seal()?.edges.map(({ source, open }) => [source, open]).toSorted()).toEqual([['shop/host/busy', 1], ['shop/host/idle', 1]]);
});

test('the sum of all windows is what was counted, however it was cut', () => {
  const series = new Series();
  const edge = series.edge(edgeKey());
  let requests = 0;
  const all = createHistogram();
  for (let turn = 1; turn <= 1_000; turn++) {
    series.ended(edge, exchangeEnd({ latencyUs: turn * 1_000 }));
    if (turn % 7 !== 0 && turn !== 1_000) continue;
    const row = sealed(series).edges[0];
    requests += row?.requests ?? 0;
    addSparse(all, row?.latency ?? []);
  }
  expect(requests).toBe(1_000);
  expect(histogramCount(all)).toBe(1_000);
  expect(Math.abs((quantileUs(all, 0.5) ?? 0) - 500_000) / 500_000).toBeLessThan(0.05);
});

test('the same key is the same row, whatever was told beside it', () => {
  const series = new Series();
  series.ended(series.edge(edgeKey()), exchangeEnd());
  series.ended(series.edge(edgeKey(), { target: { host: '10.0.0.1', port: 80 } }), exchangeEnd());
  series.ended(series.edge(edgeKey(), { target: { host: '10.0.0.2', port: 80 }, peer: 'cart.shop' }), exchangeEnd());
  expect(sealed(series).edges.map((row) => row.requests)).toEqual([3]);
  expect(series.labelled.size).toBe(3);
  expect(series.edge(edgeKey())).toBe(series.edge(edgeKey()));
});

test('any other part of the key is another row', () => {
  const series = new Series();
  const keys = [
    edgeKey(),
    edgeKey({ direction: 'inbound' }),
    edgeKey({ source: '' }),
    edgeKey({ service: 'shop/other' }),
    edgeKey({ destination: '' }),
    edgeKey({ protocol: 'http2' }),
    edgeKey({ tls: 'plain' }),
  ];
  for (const key of keys) series.ended(series.edge(key), exchangeEnd());
  expect(sealed(series).edges).toHaveLength(keys.length);
});

test('routes of meshed callers are counted by their own proxies only', () => {
  const series = new Series();
  series.ended(series.edge(edgeKey({ direction: 'inbound', tls: 'mtls' })), exchangeEnd());
  expect(sealed(series).routes).toEqual([]);
  series.ended(series.edge(edgeKey({ direction: 'inbound', source: '', tls: 'plain' })), exchangeEnd());
  expect(sealed(series).routes).toHaveLength(1);
});

test('routes fold their sources and destinations together', () => {
  const series = new Series();
  series.ended(series.edge(edgeKey()), exchangeEnd());
  series.ended(series.edge(edgeKey({ destination: 'shop/host/cart2' })), exchangeEnd());
  expect(sealed(series).routes.map((row) => row.requests)).toEqual([2]);
});

test('sources over the cap are counted in a row named other', () => {
  const series = new Series();
  for (let at = 0; at < SOURCES_PER_SERVICE_MAX + 25; at++) series.ended(series.edge(inbound(at)), exchangeEnd());
  const rows = sealed(series);
  expect(rows.edges).toHaveLength(SOURCES_PER_SERVICE_MAX + 1);
  expect(rows.edges.find((row) => row.source === OTHER)?.requests).toBe(25);
  expect(rows.folded).toBe(25);
  series.ended(series.edge(inbound(3)), exchangeEnd());
  expect(sealed(series)).toMatchObject({ folded: 0, edges: [{ source: 'shop/host/caller-3', requests: 1 }] });
  expect(series.foldedTotal).toBe(25);
});

test('routes over the cap are counted in a row named other, known ones stay', () => {
  const series = new Series();
  const edge = series.edge(edgeKey());
  for (let at = 0; at < ROUTES_PER_SERVICE_MAX + 40; at++) series.ended(edge, exchangeEnd({ route: `GET /r${at}` }));
  series.ended(edge, exchangeEnd({ route: 'GET /r5' }));
  const rows = sealed(series);
  expect(rows.routes).toHaveLength(ROUTES_PER_SERVICE_MAX + 1);
  expect(rows.routes.find((row) => row.route === OTHER)?.requests).toBe(40);
  expect(rows.routes.find((row) => row.route === 'GET /r5')?.requests).toBe(2);
  expect(rows.folded).toBe(40);
});

test('a learned value leaves one row, and no count is lost on the way', () => {
  const series = new Series();
  const edge = series.edge(edgeKey());
  const letters = (at: number) => String.fromCodePoint(97 + (at % 26), 97 + Math.floor(at / 26));
  for (let at = 0; at < 500; at += 1) series.ended(edge, exchangeEnd({ route: `GET /users/u${letters(at)}/cart`, bytesIn: 3, bytesOut: 5 }));
  const { routes, folded } = sealed(series);
  expect(routes.reduce((sum, { requests }) => sum + requests, 0)).toBe(500);
  expect(routes.reduce((sum, { bytesIn, bytesOut }) => sum + bytesIn + bytesOut, 0)).toBe(4_000);
  expect(routes.find(({ route }) => route === 'GET /users/:id/cart')?.requests).toBe(470);
  expect(folded).toBe(0);
  expect(series.routes.positionsFolded).toBe(1);
  for (let at = 0; at < 100; at += 1) series.ended(edge, exchangeEnd({ route: `GET /users/v${letters(at)}/cart` }));
  expect(sealed(series).routes.map(({ route, requests }) => [route, requests])).toEqual([['GET /users/:id/cart', 100]]);
});

test('the number of rows and series is bounded, and nothing is left uncounted', () => {
  const series = new Series();
  const total = EDGES_PER_PROXY_MAX + 500;
  for (let at = 0; at < total; at++) {
    const edge = series.edge(edgeKey({ service: `shop/s${at}` }), { target: { host: '10.0.0.1', port: at } });
    series.began(edge);
    series.ended(edge, exchangeEnd());
  }
  const rows = sealed(series);
  expect(rows.edges).toHaveLength(EDGES_PER_PROXY_MAX + 1);
  expect(rows.edges.reduce((sum, row) => sum + row.requests, 0)).toBe(total);
  expect(rows.routes.reduce((sum, row) => sum + row.requests, 0)).toBe(total);
  expect(new Set(rows.routes.map((row) => `${row.service} ${row.route}`)).size).toBe(rows.routes.length);
  expect(rows.folded).toBe(500);
  expect(series.labelled.size).toBeLessThanOrEqual(SERIES_MAX + 8);
  expect([...series.labelled.values()].reduce((sum, labelled) => sum + labelled.requests, 0)).toBe(total);
});

test('counting an exchange allocates next to nothing', () => {
  const series = new Series();
  const edge = series.edge(edgeKey());
  const end = exchangeEnd();
  const turns = 200_000;
  for (let turn = 0; turn < 20_000; turn++) series.ended(edge, end);
  const before = process.memoryUsage().heapUsed;
  for (let turn = 0; turn < turns; turn++) {
    series.began(edge);
    series.bytes(edge, 100, 100);
    series.ended(edge, end);
  }
  expect((process.memoryUsage().heapUsed - before) / turns).toBeLessThan(100);
});
