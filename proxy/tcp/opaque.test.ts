import { afterAll, beforeAll, expect, test } from 'vitest';
import { Pair, eventually, faultsOf, rowsOf } from '../test/pair.ts';
import { RawClient, type TestServer, serve } from '../test/raw-client.ts';

const APPS = ['collect', 'greet', 'gone', 'flood'] as const;
type App = (typeof APPS)[number];

let pair: Pair<App>;
let apps: Record<App, TestServer>;
let floodTaken = 0;

beforeAll(async () => {
  apps = {
    // Answers only when its caller has ended its side.
    collect: await serve((socket) => {
      let received = '';
      socket.on('data', (bytes: Buffer) => (received += bytes.toString('latin1')));
      socket.on('end', () => socket.end(Buffer.from(`got ${received.length}: ${received.slice(0, 8)}`, 'latin1')));
    }),
    // Speaks first, like MySQL.
    greet: await serve((socket) => {
      socket.write('welcome\n');
      socket.on('data', (bytes) => socket.write(bytes));
      socket.on('end', () => socket.end());
    }),
    gone: await serve(() => undefined),
    // Reads nothing.
    flood: await serve((socket) => {
      socket.on('data', (bytes: Buffer) => (floodTaken += bytes.length));
      socket.pause();
      setTimeout(() => socket.resume(), 700);
    }),
  };
  await apps.gone.stop();
  pair = await Pair.start(Object.fromEntries(APPS.map((name) => [name, { port: apps[name].port, protocol: 'opaque' }])) as Record<App, { port: number; protocol: 'opaque' }>);
}, 30_000);

afterAll(async () => {
  await pair.stop();
  await Promise.all(APPS.filter((name) => name !== 'gone').map((name) => apps[name].stop()));
});

test.each(['out', 'plain'] as const)('each side of an opaque connection ends by itself (%s)', async (side) => {
  const client = await RawClient.to(pair[side].collect);
  client.send('\0\r\n\xffbinary').socket.end('x'.repeat(100_000));
  expect(await client.end()).toBe('got 100010: \0\r\n\xffbina');
});

test('a server that speaks first is heard at once', async () => {
  const client = await RawClient.to(pair.out.greet);
  await client.until((received) => received === 'welcome\n');
  await client.send('ping').until((received) => received.endsWith('ping'));
  client.socket.end();
  await client.end();
  const facts = await eventually(() => pair.web.facts(), (now) => rowsOf(now, 'shop/greet').some((row) => row.ends.length === 1));
  const [row] = rowsOf(facts, 'shop/greet');
  expect(row?.key).toMatchObject({ direction: 'outbound', protocol: 'opaque', tls: 'mtls', destination: 'shop/host/cart' });
  expect(row).toMatchObject({ bytesIn: 4, bytesOut: 12 });
  expect(row?.ends[0]).toMatchObject({ fault: null, status: 0, route: null });
  expect(row?.ends[0]?.latencyUs).toBeGreaterThan(0);
});

test('an app that is gone closes the caller and is counted as its fault in both views', async () => {
  const client = await RawClient.to(pair.out.gone);
  expect(await client.end()).toBe('');
  const web = await eventually(() => pair.web.facts(), (facts) => rowsOf(facts, 'shop/gone').length > 0);
  expect(faultsOf(web, 'shop/gone', 'app')).toBe(1);
  expect(faultsOf(await pair.cart.facts(), 'shop/gone', 'app')).toBe(1);
});

test('a reader that stops stops the sender', async () => {
  const before = await pair.web.facts();
  const client = await RawClient.to(pair.out.flood);
  const total = 48 * 1024 * 1024;
  const piece = Buffer.alloc(1024 * 1024, 'x');
  for (let sent = 0; sent < total; sent += piece.length) client.socket.write(piece);
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(floodTaken).toBe(0);
  expect(client.socket.writableLength).toBeGreaterThan(total / 2);
  expect((await pair.web.facts()).residentBytes - before.residentBytes).toBeLessThan(24 * 1024 * 1024);
  await eventually(async () => floodTaken, (bytes) => bytes === total, 15_000);
  client.close();
}, 30_000);
