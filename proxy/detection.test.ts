import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Pair, eventually, rowsOf } from './test/pair.ts';
import { createTestCa } from './test/test-ca.ts';
import { RawClient, type TestServer, httpApp, ok, serve } from './test/raw-client.ts';

const GREETING = '220 mail.example.org ready\r\n';

let pair: Pair<'web' | 'echo' | 'secure' | 'mail' | 'smtp'>;
let apps: Readonly<Record<'web' | 'echo' | 'mail' | 'smtp', TestServer>>;
let secure: ReturnType<typeof createTlsServer>;

beforeAll(async () => {
  apps = {
    web: await serve(httpApp(() => ok('served'))),
    echo: await serve((socket) => socket.pipe(socket)),
    mail: await serve((socket) => {
      socket.on('end', () => socket.end());
      socket.write(GREETING);
    }),
    smtp: await serve((socket) => void socket.write(GREETING)),
  };
  pair = await startPair();
}, 30_000);

afterAll(async () => {
  await pair.stop();
  secure.close();
  await Promise.all(Object.values(apps).map((app) => app.stop()));
});

/** `mail` and `smtp` greet; the port of one is read, the other's declared. */
async function startPair(): Promise<typeof pair> {
  const pem = createTestCa().issue(['secure.example.org']);
  secure = createTlsServer({ cert: pem.certificate, key: pem.privateKey }, (socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => void secure.listen(0, '127.0.0.1', () => resolve()));
  return Pair.start({
    web: { port: apps.web.port, protocol: 'detect' }, echo: { port: apps.echo.port, protocol: 'detect' },
    secure: { port: (secure.address() as AddressInfo).port, protocol: 'detect' },
    mail: { port: apps.mail.port, protocol: 'detect' }, smtp: { port: apps.smtp.port, protocol: 'opaque' },
  });
}

/** Protocol and count of a service's rows in both views. */
async function counted(service: string): Promise<unknown> {
  const both = await Promise.all([pair.web.facts(), pair.cart.facts()]);
  return both.map((facts) => rowsOf(facts, service).map(({ key, ends }) => [key.direction, key.protocol, key.tls, ends.length, ends.every((end) => end.fault === null)]));
}

test('HTTP/1 on a port that is read is served request by request, and both views count it so', async () => {
  const client = await RawClient.to(pair.out.web);
  // The head arrives in pieces, the first of which could be anything.
  client.send('GE');
  await new Promise((resolve) => setTimeout(resolve, 30));
  for (const rest of ['T / HTTP/1.1\r\nHost: a\r\n\r\n', 'GET /b HTTP/1.1\r\nHost: a\r\n\r\n']) expect((await client.send(rest).response()).body).toBe('served');
  await eventually(() => counted('shop/web'), (rows) => JSON.stringify(rows) === JSON.stringify([[['outbound', 'http1', 'mtls', 2, true]], [['inbound', 'http1', 'mtls', 2, true]]]));
  client.close();
});

test('TLS of the app is passed through with its certificate, and counted as a TLS connection by both views', async () => {
  const echoed = await new Promise<string>((resolve, reject) => {
    const socket = connectTls({ port: pair.out.secure, host: '127.0.0.1', servername: 'secure.example.org', rejectUnauthorized: false }, () => socket.write('hello'));
    socket.once('data', (bytes: Buffer) => {
      resolve(`${socket.getPeerCertificate().subjectaltname} ${bytes.toString()}`);
      socket.end();
    });
    socket.once('error', reject);
  });
  expect(echoed).toBe('DNS:secure.example.org hello');
  expect((await pair.web.facts()).refusals['outbound tls secure.example.org']).toBe(1);
  await eventually(() => counted('shop/secure'), (rows) => JSON.stringify(rows) === JSON.stringify([[['outbound', 'tls', 'mtls', 1, true]], [['inbound', 'tls', 'mtls', 1, true]]]));
});

test('what is neither HTTP nor TLS is copied as it is, first bytes included', async () => {
  const client = await RawClient.to(pair.out.echo);
  await client.send('*1\r\n$4\r\nPING\r\n').until((received) => received === '*1\r\n$4\r\nPING\r\n');
  client.socket.end();
  await client.end();
  await eventually(() => counted('shop/echo'), (rows) => JSON.stringify(rows) === JSON.stringify([[['outbound', 'opaque', 'mtls', 1, true]], [['inbound', 'opaque', 'mtls', 1, true]]]));
});

test('the end of a caller that said nothing is passed on', async () => {
  const client = await RawClient.to(pair.plain.echo);
  client.socket.end();
  expect(await client.end()).toBe('');
});

test('callers outside the mesh are read on the plain listener', async () => {
  const client = await RawClient.to(pair.plain.web);
  expect((await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n').response()).body).toBe('served');
  client.close();
  const other = await RawClient.to(pair.plain.echo);
  await other.send('hello\n').until((received) => received === 'hello\n');
  other.close();
});

/** How long the greeting takes in ms. */
async function greeted(port: number): Promise<number> {
  const began = performance.now();
  const client = await RawClient.to(port);
  const endMs = began + 15_000;
  while (client.received !== GREETING && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 2));
  const tookMs = performance.now() - began;
  expect(client.received).toBe(GREETING);
  client.close();
  return tookMs;
}

test('a server that speaks first greets at once on an opaque port', async () => {
  await greeted(pair.out.smtp);
  const tries = [await greeted(pair.out.smtp), await greeted(pair.out.smtp), await greeted(pair.out.smtp)];
  expect(Math.min(...tries)).toBeLessThan(50);
});

test('elsewhere it greets behind the limit of detection, once: the port is learned by both listeners and said in the log', async () => {
  const [outbound, plain] = await Promise.all([greeted(pair.out.mail), greeted(pair.plain.mail)]);
  for (const tookMs of [outbound, plain]) {
    expect(tookMs).toBeGreaterThan(9_500);
    expect(tookMs).toBeLessThan(12_000);
  }
  // A busy machine may hold one of them up; the promise is half a second beyond the limit.
  expect(Math.min(outbound, plain)).toBeLessThan(10_500);
  expect(await greeted(pair.out.mail)).toBeLessThan(1_000);
  expect(await greeted(pair.plain.mail)).toBeLessThan(1_000);
  const [web, cart] = await Promise.all([pair.web.facts(), pair.cart.facts()]);
  expect([web.refusals['outbound detect-timeout'], cart.refusals['inbound detect-timeout']]).toEqual([1, 1]);
  for (const process of [pair.web, pair.cart]) expect(process.log).toContain('"code":"port_learned_opaque"');
}, 30_000);
