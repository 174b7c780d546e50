import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { shopLeaf } from './test/dataplane-process.ts';
import { Pair, eventually, faultsOf, local, rowsOf } from './test/pair.ts';
import { RawClient, type TestServer, httpApp, ok, serve } from './test/raw-client.ts';
import { openMesh } from './test/tls-peer.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

let pair: Pair<'app' | 'slow' | 'raw'>;
let apps: { readonly app: TestServer; readonly slow: TestServer; readonly raw: TestServer };

beforeEach(async () => {
  apps = {
    app: await serve(httpApp(() => ok('served'))),
    slow: await serve((socket) => {
      socket.on('end', () => socket.end());
      socket.on('data', () => setTimeout(() => socket.write(ok('late')), 500));
    }),
    raw: await serve((socket) => socket.pipe(socket)),
  };
  pair = await Pair.start({
    app: { port: apps.app.port, protocol: 'http1' }, slow: { port: apps.slow.port, protocol: 'http1' }, raw: { port: apps.raw.port, protocol: 'opaque' },
  });
}, 30_000);

afterEach(async () => {
  await pair.stop();
  await Promise.all([apps.app.stop(), apps.slow.stop(), apps.raw.stop()]);
});

/** Sends requests on kept and on fresh connections until told to stop; returns how many were answered, and throws on any other answer. */
function load(port: number, callers: number, keep: boolean): { stop(): Promise<number> } {
  let running = true;
  const runs = Array.from({ length: callers }, async () => {
    let answered = 0;
    let client = await RawClient.to(port);
    while (running) {
      const { head, body } = await client.send(GET).response();
      if (body !== 'served') throw new Error(`after ${answered} answers: ${head}`);
      answered++;
      if (keep && !/connection: close/i.test(head)) continue;
      client.close();
      client = await RawClient.to(port);
    }
    client.close();
    return answered;
  });
  return {
    async stop() {
      running = false;
      return (await Promise.all(runs)).reduce((sum, count) => sum + count, 0);
    },
  };
}

test('certificates are renewed under load without a lost connection or a failed request', async () => {
  const kept = load(pair.out.app, 4, true);
  const fresh = load(pair.out.app, 2, false);
  for (let renewal = 0; renewal < 10; renewal++) {
    await new Promise((resolve) => setTimeout(resolve, 60));
    await pair.cart.use(shopLeaf(pair.ca, 'cart'));
    await pair.web.use(shopLeaf(pair.ca, 'web'));
  }
  const answered = (await kept.stop()) + (await fresh.stop());
  const web = await pair.web.facts();
  expect(answered).toBeGreaterThan(100);
  expect(rowsOf(web, 'shop/app').flatMap((row) => row.ends.filter((end) => end.fault !== null))).toEqual([]);
  expect(web.refusals).toEqual({});
  // Hops under older leaves were retired: what is left is no more than what was in flight at once.
  await eventually(() => pair.web.facts(), (facts) => (facts.connections['outbound dst'] ?? 0) <= 6);
}, 30_000);

test('a callee that renewed its certificate asks hops under the old one to go with their next answer', async () => {
  const leaf = pair.ca.issue(['web.shop.serviceaccount.identity.sidelight.cluster.local']);
  const open = (): Promise<RawClient> => openMesh({ port: pair.meshPort, trust: pair.ca.certificate, leaf });
  const connectTo = `CONNECT 127.0.0.1:${apps.app.port} HTTP/1.1\r\nhost: a:1\r\nsidelight-mesh: 1\r\nsidelight-protocol: http1\r\n\r\n`;
  const hop = await open();
  await hop.send(connectTo).response();
  expect((await hop.send(GET).response()).head).not.toMatch(/connection: close/);
  await pair.cart.use(shopLeaf(pair.ca, 'cart'));
  expect((await hop.send(GET).response()).head).toMatch(/\r\nconnection: close\r\n/);
  await hop.end();
  const next = await open();
  await next.send(connectTo).response();
  expect((await next.send(GET).response()).head).not.toMatch(/connection: close/);
  for (const one of [hop, next]) one.close();
});

test('a mesh listener waits for its certificate, then opens', async () => {
  await pair.cart.use(null);
  const orders = pair.cartOrders();
  const moved = { ...orders, inbound: { ...orders.inbound, mesh: local(await unusedPort()) } };
  expect(await pair.cart.apply(moved)).toEqual([]);
  await expect(RawClient.to(moved.inbound.mesh.port)).rejects.toThrow();
  await pair.cart.use(shopLeaf(pair.ca, 'cart'));
  (await RawClient.to(moved.inbound.mesh.port)).close();
});

async function unusedPort(): Promise<number> {
  const server = await serve(() => undefined);
  await server.stop();
  return server.port;
}

test('orders that change one upstream leave connections of the others alone', async () => {
  const kept = await RawClient.to(pair.out.app);
  expect((await kept.send(GET).response()).body).toBe('served');
  const tunnel = await RawClient.to(pair.out.raw);
  await tunnel.send('one').until((received) => received === 'one');
  const orders = pair.webOrders((listener) => (listener.service === 'shop/slow' ? { ...listener, endpoints: [] } : listener));
  expect(await pair.web.apply(orders)).toEqual([]);
  expect((await kept.send(GET).response()).body).toBe('served');
  await tunnel.send('two').until((received) => received === 'onetwo');
  const client = await RawClient.to(pair.out.slow);
  expect((await client.send(GET).response()).head).toMatch(/^HTTP\/1\.1 503 [^]*no-endpoints/);
  const [row] = rowsOf(await pair.web.facts(), 'shop/slow');
  expect(row?.key.destination).toBe('');
  for (const open of [kept, tunnel, client]) open.close();
});

test('a removed upstream stops accepting and finishes what is in flight', async () => {
  const client = await RawClient.to(pair.out.slow);
  client.send(GET);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const orders = pair.webOrders();
  await pair.web.apply({ ...orders, outbound: orders.outbound.filter((listener) => listener.service !== 'shop/slow') });
  await expect(RawClient.to(pair.out.slow)).rejects.toThrow();
  expect((await client.response()).body).toBe('late');
  client.close();
});

test('a port in use is named in a line for people, and taken as soon as it is free', async () => {
  const squatter = createServer();
  const port = await unusedPort();
  await new Promise<void>((resolve) => void squatter.listen(port, '127.0.0.1', () => resolve()));
  const orders = pair.webOrders((listener) => (listener.service === 'shop/app' ? { ...listener, listen: local(port) } : listener));
  const faults = await pair.web.apply(orders);
  expect(faults).toHaveLength(1);
  expect(faults[0]).toMatch(new RegExp(`shop/app:80 could not be opened on 127\\.0\\.0\\.1:${port}`));
  expect((await pair.web.facts()).ready).toBe(false);
  await new Promise<void>((resolve) => void squatter.close(() => resolve()));
  await eventually(() => pair.web.facts(), (facts) => facts.ready);
  const client = await RawClient.to(port);
  expect((await client.send(GET).response()).body).toBe('served');
  client.close();
});

test('another endpoint is tried when one can\'t be reached, and the caller notices nothing', async () => {
  const dead = { ...pair.endpoint('app'), instance: 'cart-0', mesh: { address: local(await unusedPort()), identity: pair.endpoint('app').mesh?.identity ?? '' } };
  await pair.web.apply(pair.webOrders((listener) => (listener.service === 'shop/app' ? { ...listener, endpoints: [dead, pair.endpoint('app')] } : listener)));
  const client = await RawClient.to(pair.out.app);
  for (let count = 0; count < 20; count++) expect((await client.send(GET).response()).body).toBe('served');
  client.close();
  expect(faultsOf(await pair.web.facts(), 'shop/app', null)).toBe(20);
});

test('an endpoint without a sidecar is called in plain text and counted so', async () => {
  await pair.web.apply(pair.webOrders((listener) => ({ ...listener, endpoints: [{ ...pair.endpoint('app'), workload: 'shop/host/old', mesh: null }] })));
  const client = await RawClient.to(pair.out.app);
  expect((await client.send(GET).response()).body).toBe('served');
  client.close();
  expect(rowsOf(await pair.web.facts(), 'shop/app')[0]?.key).toMatchObject({ tls: 'plain', destination: 'shop/host/old' });
});

test('a drain finishes what is in flight, says close, accepts nobody and ends idle connections', async () => {
  const idle = await RawClient.to(pair.plain.app);
  await idle.send(GET).response();
  const busy = await RawClient.to(pair.plain.slow);
  busy.send(GET);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const began = Date.now();
  const drained = pair.cart.drain(10_000);
  await idle.end();
  const { head, body } = await busy.response();
  expect(body).toBe('late');
  expect(head).toMatch(/\r\nconnection: close\r\n/);
  await busy.end();
  idle.close();
  busy.close();
  await drained;
  expect(Date.now() - began).toBeLessThan(5_000);
  expect((await pair.cart.facts()).open).toEqual({ connections: 0, exchanges: 0 });
  await expect(RawClient.to(pair.plain.app)).rejects.toThrow();
});

test('a drain loses no request of a mesh caller that goes on to another endpoint', async () => {
  const kept = load(pair.out.app, 3, true);
  await new Promise((resolve) => setTimeout(resolve, 150));
  const old = pair.endpoint('app');
  const second = await Pair.start({ app: { port: apps.app.port, protocol: 'http1' } });
  await second.cart.use(shopLeaf(pair.ca, 'cart'));
  const fresh = { ...second.endpoint('app'), instance: 'cart-2' };
  await pair.web.apply(pair.webOrders((listener) => (listener.service === 'shop/app' ? { ...listener, endpoints: [old, fresh] } : listener)));
  await pair.cart.drain(3_000);
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(await kept.stop()).toBeGreaterThan(20);
  expect(rowsOf(await pair.web.facts(), 'shop/app').flatMap((row) => row.ends.filter((end) => end.fault !== null))).toEqual([]);
  await second.stop();
}, 30_000);

test('at its limit a drain breaks off what is in flight, and counts it', async () => {
  const client = await RawClient.to(pair.plain.slow);
  client.send(GET);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await pair.cart.drain(100);
  expect(await client.end()).toBe('');
  const facts = await pair.cart.facts();
  expect(faultsOf(facts, 'shop/slow', 'mesh')).toBe(1);
  expect(facts.open.exchanges).toBe(0);
});

test('at its limit a drain ends what is still open', async () => {
  const tunnel = await RawClient.to(pair.plain.raw);
  await tunnel.send('x').until((received) => received === 'x');
  await pair.cart.drain(300);
  await tunnel.end();
  await eventually(() => pair.cart.facts(), (facts) => facts.open.connections === 0);
});
