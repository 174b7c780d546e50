import { afterEach, expect, test } from 'vitest';
import { identityOf } from '../wire/labels.ts';
import type { Endpoint, ProxyOrders } from '../wire/orders.ts';
import { DataplaneProcess, shopLeaf } from './dataplane-process.ts';
import { startFakeControl, type FakeControl } from './fake-control.ts';
import { freePorts } from './free-ports.ts';
import { loopback, meshedEndpoint, meshOrders } from './orders.ts';
import { eventually } from './pair.ts';
import { cleanUp, proxyEnv, startProxy, until } from './proxy-process.ts';
import { RawClient, type TestServer, httpApp, ok, serve } from './raw-client.ts';
import { createTestCa } from './test-ca.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const ca = createTestCa();
let control: FakeControl;
let app: TestServer;
let cart: DataplaneProcess;

afterEach(async () => {
  await cleanUp();
  await Promise.all([control.close(), app.stop(), cart.stop()]);
});

test('an endpoint that proves another identity is left out, discovery is asked again, and its answer serves at once', async () => {
  const [cartMesh = 0, webMesh = 0, listen = 0] = await freePorts(3);
  app = await serve(httpApp(() => ok('served')));
  cart = new DataplaneProcess();
  await cart.use(shopLeaf(ca, 'cart'));
  const port = { target: loopback(app.port), services: ['shop/cart'], protocol: 'http1', plain: null } as const;
  await cart.apply(meshOrders('shop/host/cart', cartMesh, { inbound: { mesh: loopback(cartMesh), ports: [port], policy: 'all-authenticated' } }));
  const expecting = (serviceAccount: string): Endpoint => meshedEndpoint('shop/host/cart', app.port, cartMesh, identityOf(serviceAccount, 'shop', 'cluster.local'));
  const orders = (revision: number, endpoints: readonly Endpoint[]): ProxyOrders =>
    meshOrders('shop/host/web', webMesh, { revision, outbound: [{ listen: loopback(listen), service: 'shop/cart', port: 80, protocol: 'http1', endpoints }] });
  control = await startFakeControl({ ca, leafName: () => identityOf('web', 'shop', 'cluster.local'), orders: () => orders(1, [expecting('stock')]) });
  const proxy = startProxy(proxyEnv({ controlPort: control.port, trustBundle: ca.certificate }));
  await until(() => control.statuses.some(({ ready }) => ready), proxy.text);
  const client = await RawClient.to(listen);
  const began = performance.now();
  for (let turn = 0; turn < 5; turn++) expect((await client.send(GET).response()).head).toMatch(/^HTTP\/1\.1 502 [^]*identity-unverified/);
  await until(() => control.rediscoveries.length > 0, proxy.text);
  expect(control.rediscoveries[0]).toEqual(
    { kind: 'rediscover', service: 'shop/cart', port: 80, address: loopback(cartMesh), identity: 'stock.shop.serviceaccount.identity.sidelight.cluster.local' },
  );
  // However many requests met it, discovery is asked once a second.
  expect(control.rediscoveries.length).toBeLessThanOrEqual(1 + Math.ceil((performance.now() - began) / 1_000));
  control.link()?.send({ kind: 'orders', orders: orders(2, [expecting('cart')]) });
  await eventually(async () => (await client.send(GET).response()).body, (body) => body === 'served');
  const metrics = await (await fetch(`${await proxy.admin()}/metrics`)).text();
  expect(metrics).toMatch(/^sidelight_endpoints_ejected_total [1-9]/m);
  expect(metrics).toMatch(/^sidelight_control_rediscoveries_total [1-9]/m);
  client.close();
}, 30_000);

test('with another endpoint at hand no request fails, and the wrong one is asked no more', async () => {
  const [cartMesh = 0, webMesh = 0, listen = 0] = await freePorts(3);
  app = await serve(httpApp(() => ok('served')));
  cart = new DataplaneProcess();
  await cart.use(shopLeaf(ca, 'cart'));
  const port = { target: loopback(app.port), services: ['shop/cart'], protocol: 'http1', plain: null } as const;
  await cart.apply(meshOrders('shop/host/cart', cartMesh, { inbound: { mesh: loopback(cartMesh), ports: [port], policy: 'all-authenticated' } }));
  const endpoint = (serviceAccount: string): Endpoint => meshedEndpoint(`shop/host/${serviceAccount}`, app.port, cartMesh, identityOf(serviceAccount, 'shop', 'cluster.local'));
  control = await startFakeControl({
    ca, leafName: () => identityOf('web', 'shop', 'cluster.local'),
    orders: () => meshOrders('shop/host/web', webMesh, { outbound: [{ listen: loopback(listen), service: 'shop/cart', port: 80, protocol: 'http1', endpoints: [endpoint('cart'), endpoint('stock')] }] }),
  });
  const proxy = startProxy(proxyEnv({ controlPort: control.port, trustBundle: ca.certificate }));
  await until(() => control.statuses.some(({ ready }) => ready), proxy.text);
  const client = await RawClient.to(listen);
  for (let turn = 0; turn < 60; turn++) expect((await client.send(GET).response()).body).toBe('served');
  client.close();
  const metrics = await (await fetch(`${await proxy.admin()}/metrics`)).text();
  expect(metrics).toMatch(/^sidelight_endpoints_ejected_total 1$/m);
}, 30_000);
