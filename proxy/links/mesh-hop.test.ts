import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { type TLSSocket, createServer } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { identityOf } from '../wire/labels.ts';
import { DataplaneProcess, TRUST_DOMAIN, shopLeaf } from '../test/dataplane-process.ts';
import { Pair, eventually, local, rowsOf } from '../test/pair.ts';
import { RawClient, type TestServer, httpApp, ok, serve } from '../test/raw-client.ts';
import type { TestLeaf } from '../test/test-ca.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody';
const ends: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function app(): Promise<TestServer> {
  const server = await serve(httpApp(() => ok('served')));
  ends.push(() => server.stop());
  return server;
}

async function start(port: number): Promise<Pair<'app'>> {
  const pair = await Pair.start({ app: { port, protocol: 'http1' } });
  ends.push(() => pair.stop());
  return pair;
}

/** POSTs on kept connections until told to stop; returns how many were answered, and throws on any other answer. */
function posting(port: number, callers: number): { stop(): Promise<number> } {
  let running = true;
  const runs = Array.from({ length: callers }, async () => {
    let answered = 0;
    let client = await RawClient.to(port);
    while (running) {
      const { head, body } = await client.send(POST).response();
      if (body !== 'served') throw new Error(`after ${answered} answers: ${head}`);
      answered++;
      if (!/connection: close/i.test(head)) continue;
      client.close();
      client = await RawClient.to(port);
    }
    client.close();
    return answered;
  });
  // A run that fails is told by stop(), not before.
  for (const run of runs) run.catch(() => undefined);
  return {
    async stop() {
      running = false;
      return (await Promise.all(runs)).reduce((sum, count) => sum + count, 0);
    },
  };
}

const failed = async (pair: Pair<'app'>): Promise<number> =>
  rowsOf(await pair.web.facts(), 'shop/app').reduce((count, row) => count + row.ends.filter((end) => end.fault !== null).length, 0);

test('callers share one connection to the other proxy', async () => {
  const pair = await start((await app()).port);
  const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.to(pair.out.app)));
  const bodies = await Promise.all(clients.map(async (client) => (await client.send(GET).response()).body));
  expect(bodies).toEqual(clients.map(() => 'served'));
  expect((await pair.web.facts()).connections['outbound dst']).toBe(1);
  expect((await pair.cart.facts()).connections['inbound src']).toBe(1);
  for (const client of clients) client.close();
});

test('no POST fails while both sides renew their certificates again and again', async () => {
  const pair = await start((await app()).port);
  const posts = posting(pair.out.app, 4);
  for (let renewal = 0; renewal < 10; renewal++) {
    await new Promise((resolve) => setTimeout(resolve, 60));
    await pair.cart.use(shopLeaf(pair.ca, 'cart'));
    await new Promise((resolve) => setTimeout(resolve, 30));
    await pair.web.use(shopLeaf(pair.ca, 'web'));
  }
  expect(await posts.stop()).toBeGreaterThan(100);
  expect(await failed(pair)).toBe(0);
  await eventually(async () => (await pair.web.facts()).connections['outbound dst'] ?? 0, (links) => links <= 1);
});

test('no POST fails while endpoints drain one after another', async () => {
  const served = await app();
  const pair = await start(served.port);
  const posts = posting(pair.out.app, 4);
  let leaving: DataplaneProcess = pair.cart;
  let old = pair.endpoint('app');
  for (let round = 0; round < 3; round++) {
    const next = await start(served.port);
    await next.cart.use(shopLeaf(pair.ca, 'cart'));
    const fresh = { ...next.endpoint('app'), instance: `cart-${round + 2}` };
    const endpoints = [old, fresh];
    await pair.web.apply(pair.webOrders((listener) => ({ ...listener, endpoints })));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const drained = leaving.drain(10_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await pair.web.apply(pair.webOrders((listener) => ({ ...listener, endpoints: [fresh] })));
    await drained;
    leaving = next.cart;
    old = fresh;
  }
  expect(await posts.stop()).toBeGreaterThan(100);
  expect(await failed(pair)).toBe(0);
});

test('a drain of an idle callee ends its links within moments, since the caller ends what is idle', async () => {
  const pair = await start((await app()).port);
  const client = await RawClient.to(pair.out.app);
  await client.send(GET).response();
  const began = Date.now();
  await pair.cart.drain(30_000);
  expect(Date.now() - began).toBeLessThan(12_000);
  expect((await pair.cart.facts()).open).toEqual({ connections: 0, exchanges: 0 });
  client.close();
});

test('a callee that was killed is linked to again when it is back', async () => {
  const served = await app();
  const pair = await start(served.port);
  const client = await RawClient.to(pair.out.app);
  expect((await client.send(GET).response()).body).toBe('served');
  await pair.cart.stop();
  const again = new DataplaneProcess();
  ends.push(() => again.stop());
  await again.use(shopLeaf(pair.ca, 'cart'));
  expect(await again.apply(pair.cartOrders())).toEqual([]);
  await eventually(async () => (await client.send(GET).response()).body, (body) => body === 'served');
  client.close();
});

test('a refusal of the other proxy comes to the caller with its code', async () => {
  const pair = await start((await app()).port);
  await pair.cart.apply({ ...pair.cartOrders(), inbound: { ...pair.cartOrders().inbound, ports: [] } });
  const client = await RawClient.to(pair.out.app);
  expect((await client.send(GET).response()).head).toMatch(/^HTTP\/1\.1 404 [^]*\r\nl5d-proxy-error: unknown-target\r\n/);
  expect((await pair.cart.facts()).refusals['inbound mesh-unknown-target']).toBeGreaterThan(0);
  client.close();
});

const golden = (name: string): string => readFileSync(`${import.meta.dirname}/../wire/golden/mesh-1/${name}.txt`, 'latin1');

/** A proxy of version 1 as it was: refuses the preface of HTTP/2 in HTTP/1.1, takes a CONNECT and answers what comes behind. */
async function olderProxy(leaf: TestLeaf, trust: string): Promise<{ readonly port: number; prefaces(): number; connects(): number; cut(): void }> {
  let prefaces = 0;
  let connects = 0;
  const sockets = new Set<TLSSocket>();
  const server = createServer({ cert: leaf.certificate, key: leaf.privateKey, ca: trust, requestCert: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      const said = bytes.toString('latin1');
      if (said.startsWith('PRI * HTTP/2.0')) {
        prefaces++;
        socket.end(golden('answer-to-http2'));
      } else if (said.startsWith('CONNECT ')) {
        connects++;
        socket.write(said.includes('\r\nsidelight-mesh: 1\r\n') ? 'HTTP/1.1 200 OK\r\n\r\n' : 'HTTP/1.1 505 No\r\n\r\n');
      } else socket.write(ok('older'));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', () => resolve()));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  ends.push(() => {
    cut();
    server.close();
  });
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, prefaces: () => prefaces, connects: () => connects, cut };
}

test('a proxy that knows only version 1 is spoken to in it, which is found out once and counted', async () => {
  const pair = await start((await app()).port);
  const identity = identityOf('cart', 'shop', TRUST_DOMAIN);
  const older = await olderProxy(pair.ca.issue([identity]), pair.ca.certificate);
  await pair.web.apply(pair.webOrders((listener) => ({ ...listener, endpoints: [{ ...pair.endpoint('app'), mesh: { address: local(older.port), identity } }] })));
  const clients = await Promise.all(Array.from({ length: 5 }, () => RawClient.to(pair.out.app)));
  for (let round = 0; round < 3; round++) {
    const bodies = await Promise.all(clients.map(async (client) => (await client.send(POST).response()).body));
    expect(bodies).toEqual(clients.map(() => 'older'));
  }
  expect(older.prefaces()).toBe(1);
  expect(older.connects()).toBeGreaterThan(0);
  expect((await pair.web.facts()).refusals['outbound mesh-version']).toBe(1);
  expect(await failed(pair)).toBe(0);
  for (const client of clients) client.close();
});

test('links are tried again after a while, since the other proxy may have been replaced meanwhile', async () => {
  const pair = await Pair.start({ app: { port: (await app()).port, protocol: 'http1' } }, { olderVersionMs: 300 });
  ends.push(() => pair.stop());
  const identity = identityOf('cart', 'shop', TRUST_DOMAIN);
  const older = await olderProxy(pair.ca.issue([identity]), pair.ca.certificate);
  await pair.web.apply(pair.webOrders((listener) => ({ ...listener, endpoints: [{ ...pair.endpoint('app'), mesh: { address: local(older.port), identity } }] })));
  const ask = async (): Promise<string> => {
    const client = await RawClient.to(pair.out.app);
    const { body } = await client.send(POST).response();
    client.close();
    return body;
  };
  expect(await ask()).toBe('older');
  await eventually(async () => {
    // What is kept is used; only who needs a new connection tries.
    older.cut();
    return [await ask(), older.prefaces()] as const;
  }, ([body, prefaces]) => body === 'older' && prefaces >= 2, 20_000);
});

const BODY_BYTES = 24 * 1024 * 1024;

/** Answers `/big` with BODY_BYTES and all else with a word. */
async function bodies(): Promise<TestServer> {
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`;
  const server = await serve((socket) => {
    socket.on('data', (bytes: Buffer) => {
      if (!bytes.toString('latin1').startsWith('GET /big')) return void socket.write(ok('served'));
      socket.write(head);
      socket.write(Buffer.alloc(BODY_BYTES, 'x'));
    });
  });
  ends.push(() => server.stop());
  return server;
}

/** Asks for a large body and reads all of it, or none. */
function big(port: number, read: boolean): { readonly done: Promise<number>; close(): void } {
  let length = 0;
  const socket = connect(port, '127.0.0.1', () => void socket.write('GET /big HTTP/1.1\r\nHost: a\r\n\r\n'));
  const done = new Promise<number>((resolve, reject) => {
    socket.on('error', reject);
    if (!read) return void socket.pause();
    socket.on('data', (bytes: Buffer) => {
      length += bytes.length;
      if (length >= BODY_BYTES) resolve(length);
    });
  });
  done.catch(() => undefined);
  return { done, close: () => void socket.destroy() };
}

test.each([
  ['one link', { linksMax: 1 }, 1],
  ['as many links as there may be', {}, 2],
] as const)('with %s, small requests go on beside a reader that stopped and a large body', async (_what, limits, links) => {
  const pair = await Pair.start({ app: { port: (await bodies()).port, protocol: 'http1' } }, limits);
  ends.push(() => pair.stop());
  const stopped = big(pair.out.app, false);
  const reading = big(pair.out.app, true);
  await eventually(async () => (await pair.web.facts()).open.exchanges, (count) => count >= 2);
  const client = await RawClient.to(pair.out.app);
  for (let count = 0; count < 200; count++) expect((await client.send(GET).response()).body).toBe('served');
  expect(await reading.done).toBeGreaterThan(BODY_BYTES);
  expect((await pair.web.facts()).connections['outbound dst']).toBe(links);
  for (const open of [stopped, reading, client]) open.close();
});
