import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { leafOf } from '../test/dataplane-process.ts';
import { Pair, eventually, faultsOf, local, rowsOf } from '../test/pair.ts';
import { RawClient, type TestServer, httpApp, ok, serve } from '../test/raw-client.ts';
import { type TestCa, createTestCa } from '../test/test-ca.ts';
import { callMesh, fakeMesh } from '../test/tls-peer.ts';

const IDENTITY = 'web.shop.serviceaccount.identity.sidelight.cluster.local';
const CART = 'cart.shop.serviceaccount.identity.sidelight.cluster.local';
const HOUR_MS = 3_600_000;

let pair: Pair<'app'>;
let app: TestServer;
let requests = 0;

beforeAll(async () => {
  app = await serve(httpApp(() => {
    requests++;
    return ok('served');
  }));
  pair = await Pair.start({ app: { port: app.port, protocol: 'http1' } });
}, 30_000);

afterAll(async () => {
  await pair.stop();
  await app.stop();
});

const connectTo = (port: number, fields = ''): string =>
  `CONNECT 127.0.0.1:${port} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nsidelight-mesh: 1\r\nsidelight-service: shop/app\r\nsidelight-protocol: http1\r\n${fields}\r\n`;
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

type Maker = (ca: TestCa) => ReturnType<TestCa['issue']> | null;
const REFUSED: readonly (readonly [string, string, Maker])[] = [
  ['no certificate', 'tls-no-certificate', () => null],
  ['another authority\'s certificate', 'tls-unverified', () => createTestCa().issue([IDENTITY])],
  ['another authority\'s certificate under the same name', 'tls-unverified', () => createTestCa('sidelight test').issue([IDENTITY])],
  ['a name of another trust domain', 'tls-wrong-name', (ca) => ca.issue(['web.shop.serviceaccount.identity.sidelight.other.domain'])],
  ['a name that is no identity', 'tls-wrong-name', (ca) => ca.issue(['web.shop'])],
  ['two names', 'tls-wrong-name', (ca) => ca.issue([IDENTITY, CART])],
  ['no name', 'tls-wrong-name', (ca) => ca.issue([])],
  ['a wildcard', 'tls-wrong-name', (ca) => ca.issue(['*.shop.serviceaccount.identity.sidelight.cluster.local'])],
  ['an expired certificate', 'tls-expired', (ca) => ca.issue([IDENTITY], { notBeforeMs: Date.now() - HOUR_MS, notAfterMs: Date.now() - 60_000 })],
  ['a certificate of tomorrow', 'tls-expired', (ca) => ca.issue([IDENTITY], { notBeforeMs: Date.now() + HOUR_MS, notAfterMs: Date.now() + 2 * HOUR_MS })],
];

test.each(REFUSED)('a caller with %s is refused and counted as %s', async (_what, reason, make) => {
  const before = await pair.cart.facts();
  const served = requests;
  const result = await callMesh({ port: pair.meshPort, trust: pair.ca.certificate, leaf: make(pair.ca), send: connectTo(app.port) + GET }, /served/);
  expect(result.received).toBe('');
  const after = await eventually(() => pair.cart.facts(), (facts) => (facts.refusals[`inbound ${reason}`] ?? 0) > (before.refusals[`inbound ${reason}`] ?? 0));
  expect(after.refusals[`inbound ${reason}`]).toBe((before.refusals[`inbound ${reason}`] ?? 0) + 1);
  expect(requests).toBe(served);
});

test('a caller in TLS 1.2 is refused', async () => {
  const result = await callMesh({ port: pair.meshPort, trust: pair.ca.certificate, leaf: pair.ca.issue([IDENTITY]), send: connectTo(app.port) + GET, maxVersion: 'TLSv1.2' }, /served/);
  expect(result).toEqual({ received: '', failed: true });
});

test('plain text on the mesh listener gets no answer, and is counted', async () => {
  const client = new RawClient(connect(pair.meshPort, '127.0.0.1'));
  const before = (await pair.cart.facts()).refusals['inbound tls-handshake'] ?? 0;
  client.send(connectTo(app.port) + GET);
  expect(await client.end()).not.toContain('200');
  expect((await pair.cart.facts()).refusals['inbound tls-handshake']).toBe(before + 1);
});

test('a verified caller is served, also when its first request comes with the CONNECT', async () => {
  const leaf = pair.ca.issue([IDENTITY]);
  const result = await callMesh({ port: pair.meshPort, trust: pair.ca.certificate, leaf, send: connectTo(app.port) + GET }, /served/);
  expect(result.received).toMatch(/^HTTP\/1\.1 200 OK\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
});

test.each([
  ['its own namespace', 'shop/host/front', 'shop/host/front'],
  ['another namespace', 'bank/host/vault', ''],
  ['nonsense', 'shop/../vault', ''],
])('a caller that names a workload of %s is counted accordingly', async (_what, claimed, believed) => {
  const leaf = pair.ca.issue([IDENTITY]);
  const sources = async (): Promise<number> =>
    rowsOf(await pair.cart.facts(), 'shop/app').filter((row) => row.key.source === believed).reduce((count, row) => count + row.ends.length, 0);
  const before = await sources();
  await callMesh({ port: pair.meshPort, trust: pair.ca.certificate, leaf, send: connectTo(app.port, `sidelight-workload: ${claimed}\r\n`) + GET }, /served/);
  await eventually(sources, (count) => count === before + 1);
});

test.each([
  ['a port that the orders don\'t name', 404, 'unknown-target', 'mesh-unknown-target', (): string => connectTo(1)],
  ['the mesh listener itself', 404, 'unknown-target', 'loop', (): string => connectTo(pair.meshPort)],
  ['another protocol than the port\'s', 404, 'unknown-target', 'mesh-unknown-target', (): string => connectTo(app.port).replace('protocol: http1', 'protocol: opaque')],
  ['another version of the hop', 505, 'wire-version', 'mesh-version', (): string => connectTo(app.port).replace('mesh: 1', 'mesh: 2')],
  ['no version of the hop', 505, 'wire-version', 'mesh-version', (): string => connectTo(app.port).replace('sidelight-mesh: 1\r\n', '')],
  ['a request instead of a CONNECT', 400, 'bad-request', 'mesh-bad-connect', (): string => GET],
  ['a malformed CONNECT', 400, 'bad-request', 'mesh-bad-connect', (): string => connectTo(app.port).replace('host:', 'host :')],
] as const)('a verified caller that asks for %s is told %i %s', async (_what, status, code, reason, send) => {
  const before = (await pair.cart.facts()).refusals[`inbound ${reason}`] ?? 0;
  const result = await callMesh({ port: pair.meshPort, trust: pair.ca.certificate, leaf: pair.ca.issue([IDENTITY]), send: send() });
  expect(result.received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*\r\nl5d-proxy-error: ${code}\r\n`));
  expect((await pair.cart.facts()).refusals[`inbound ${reason}`]).toBe(before + 1);
});

const UNVERIFIED: readonly (readonly [string, string, (ca: TestCa) => ReturnType<TestCa['issue']>])[] = [
  ['another workload\'s certificate', 'tls-wrong-name', (ca) => ca.issue([IDENTITY])],
  ['a wildcard', 'tls-wrong-name', (ca) => ca.issue(['*.shop.serviceaccount.identity.sidelight.cluster.local'])],
  ['two names, one of them right', 'tls-wrong-name', (ca) => ca.issue([CART, IDENTITY])],
  ['another authority\'s certificate', 'tls-unverified', () => createTestCa().issue([CART])],
  ['an expired certificate', 'tls-expired', (ca) => ca.issue([CART], { notBeforeMs: Date.now() - HOUR_MS, notAfterMs: Date.now() - 60_000 })],
];

test.each(UNVERIFIED)('an endpoint with %s gets not one byte and is counted as %s', async (_what, reason, make) => {
  const mesh = await fakeMesh(make(pair.ca), pair.ca.certificate);
  const before = await pair.web.facts();
  const failures = faultsOf(before, 'shop/app', 'mesh');
  await pair.web.apply(pair.webOrders((listener) => ({ ...listener, endpoints: [{ ...pair.endpoint('app'), mesh: { address: local(mesh.port), identity: CART } }] })));
  const client = await RawClient.to(pair.out.app);
  const { head } = await client.send(GET).response();
  expect(head).toMatch(/^HTTP\/1\.1 502 [^]*\r\nl5d-proxy-error: identity-unverified\r\n/);
  client.close();
  const after = await pair.web.facts();
  expect(after.refusals[`outbound ${reason}`]).toBe((before.refusals[`outbound ${reason}`] ?? 0) + 1);
  expect(faultsOf(after, 'shop/app', 'mesh')).toBe(failures + 1);
  expect(mesh.received()).toBe('');
  await mesh.stop();
  await pair.web.apply(pair.webOrders());
});

test('without a certificate nothing is sent, least of all in plain text', async () => {
  const before = app.connections();
  await pair.web.use(null);
  const client = await RawClient.to(pair.out.app);
  const { head } = await client.send(GET).response();
  expect(head).toMatch(/^HTTP\/1\.1 503 [^]*\r\nl5d-proxy-error: no-certificate\r\n/);
  expect(app.connections()).toBe(before);
  client.close();
  await pair.web.use(leafOf(pair.ca, pair.ca.issue([IDENTITY]), IDENTITY));
});

test('a port for authenticated callers denies plain ones with a reason, and serves the mesh', async () => {
  await pair.cart.apply(pair.cartOrders('all-authenticated'));
  const plain = await RawClient.to(pair.plain.app);
  const { head } = await plain.send(GET).response();
  expect(head).toMatch(/^HTTP\/1\.1 403 [^]*\r\nl5d-proxy-error: denied\r\n/);
  expect((await pair.cart.facts()).refusals['inbound denied']).toBe(1);
  plain.close();
  const meshed = await RawClient.to(pair.out.app);
  expect((await meshed.send(GET).response()).body).toBe('served');
  meshed.close();
  await pair.cart.apply(pair.cartOrders());
});
