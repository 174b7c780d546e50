import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Pair, eventually, faultsOf, rowsOf } from '../test/pair.ts';
import { RawClient, type TestServer, httpApp, ok, serve } from '../test/raw-client.ts';

/** Each app does one thing that a forwarder can get wrong. */
const APPS = ['echo', 'node', 'fickle', 'closing', 'upgrade', 'early', 'gone', 'stream', 'broken', 'liar', 'slow', 'connect'] as const;
type App = (typeof APPS)[number];

let pair: Pair<App>;
let apps: Record<App, TestServer>;
const posts: string[] = [];
const slowEnds: string[] = [];

const get = (path: string, fields = '', version = '1.1'): string => `GET ${path} HTTP/${version}\r\nHost: a\r\n${fields}\r\n`;

beforeAll(async () => {
  apps = {
    echo: await serve(httpApp((request) => (request.startsWith('HEAD') ? 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n' : ok(request)))),
    node: await nodeApp(),
    // Answers the first request of a connection, and closes at the second without a word.
    fickle: await serve(httpApp((request, count) => {
      if (request.startsWith('POST')) posts.push(request);
      return count === 0 ? ok('first') : null;
    })),
    closing: await serve((socket) => socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\nX-Body: until close\r\n\r\nall of it'))),
    upgrade: await serve(upgradeApp),
    early: await serve((socket) => socket.once('data', () => socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig'))),
    gone: await serve(() => undefined),
    stream: await serve((socket) => socket.once('data', () => streamBody(socket))),
    broken: await serve((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'))),
    liar: await serve(httpApp(() => ok('x', 'l5d-proxy-error: denied\r\nSidelight-X: 1\r\nX-Kept: 1\r\n'))),
    connect: await serve((socket) => {
      socket.on('end', () => socket.end());
      socket.once('data', (head) => {
        socket.write(head.toString().startsWith('CONNECT db:5432 HTTP/1.1\r\n') ? 'HTTP/1.1 200 OK\r\n\r\n' : 'HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n');
        socket.on('data', (bytes) => socket.write(bytes));
      });
    }),
    slow: await serve((socket) => {
      socket.on('end', () => slowEnds.push('end'));
      socket.on('close', () => slowEnds.push('close'));
      socket.on('data', () => setTimeout(() => socket.write(ok('late')), 400));
    }),
  };
  await apps.gone.stop();
  pair = await Pair.start(Object.fromEntries(APPS.map((name) => [name, { port: apps[name].port, protocol: 'http1' }])) as Record<App, { port: number; protocol: 'http1' }>);
}, 30_000);

afterAll(async () => {
  await pair.stop();
  await Promise.all(APPS.filter((name) => name !== 'gone').map((name) => apps[name].stop()));
});

function upgradeApp(socket: Socket): void {
  socket.on('end', () => socket.end('bye'));
  socket.once('data', (head) => {
    expect(head.toString()).toMatch(/\r\nupgrade: websocket\r\n/i);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello ');
    socket.on('data', (bytes) => socket.write(bytes.toString().toUpperCase()));
  });
}

const STREAM_BYTES = 192 * 1024 * 1024;
const PIECE = Buffer.alloc(256 * 1024, 'x');

function streamBody(socket: Socket): void {
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${STREAM_BYTES}\r\n\r\n`);
  let left = STREAM_BYTES;
  const more = (): void => {
    while (left > 0) {
      const piece = PIECE.subarray(0, Math.min(left, PIECE.length));
      left -= piece.length;
      if (!socket.write(piece)) return void socket.once('drain', more);
    }
  };
  more();
}

/** Node's own HTTP server, for what a real app does with Expect, trailers and chunks. */
async function nodeApp(): Promise<TestServer> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (bytes: Buffer) => (body += bytes.toString()));
    request.on('end', () => {
      if (request.url === '/204') return void response.writeHead(204).end();
      if (request.url === '/304') return void response.writeHead(304, { 'content-length': '99' }).end();
      if (request.url === '/hints') response.writeEarlyHints({ link: '</a>; rel=preload' });
      response.setHeader('trailer', 'x-sum');
      response.write(`${body}|`);
      response.addTrailers({ 'x-sum': `${JSON.stringify(request.trailers)}` });
      response.end(`${request.headers['transfer-encoding'] ?? 'no coding'}`);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', () => resolve()));
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => 0,
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

test('requests of one caller and of the next reuse one hop and one connection to the app', async () => {
  for (let callers = 0; callers < 2; callers++) {
    const client = await RawClient.to(pair.out.echo);
    for (let count = 0; count < 10; count++) {
      const { head, body } = await client.send(get(`/${count}`)).response();
      expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(body).toMatch(new RegExp(`^GET /${count} HTTP/1\\.1\r\nHost: a\r\n\r\n$`));
    }
    client.close();
  }
  expect(apps.echo.connections()).toBe(1);
  const [row] = rowsOf(await pair.web.facts(), 'shop/echo');
  expect(row?.key).toEqual({ direction: 'outbound', source: 'shop/host/web', service: 'shop/echo', destination: 'shop/host/cart', protocol: 'http1', tls: 'mtls' });
  expect(row?.ends).toHaveLength(20);
  const [inbound] = rowsOf(await pair.cart.facts(), 'shop/echo');
  expect(inbound?.key).toEqual({ direction: 'inbound', source: 'shop/host/web', service: 'shop/echo', destination: 'shop/host/cart', protocol: 'http1', tls: 'mtls' });
  expect(inbound?.ends).toHaveLength(20);
  expect(inbound?.began).toBe(20);
});

test('pipelined requests in one segment are answered in order', async () => {
  const client = await RawClient.to(pair.out.echo);
  client.send(['/a', '/b', '/c'].map((path) => get(path)).join(''));
  for (const path of ['/a', '/b', '/c']) expect((await client.response()).body).toMatch(new RegExp(`^GET ${path} `));
  client.close();
});

test('an error in the second of two pipelined requests leaves the first answered', async () => {
  const client = await RawClient.to(pair.out.echo);
  client.send(get('/a') + 'GET /b HTTP/1.1\r\nHost : a\r\n\r\n');
  expect((await client.response()).body).toMatch(/^GET \/a /);
  const { head } = await client.response();
  expect(head).toMatch(/^HTTP\/1\.1 400 /);
  expect(head).toMatch(/\r\nl5d-proxy-error: bad-request\r\n/);
  await client.end();
});

test('a malformed request is counted as the caller\'s fault and never reaches the app', async () => {
  const before = faultsOf(await pair.web.facts(), 'shop/echo', 'client');
  const client = await RawClient.to(pair.out.echo);
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n');
  expect((await client.end())).toMatch(/^HTTP\/1\.1 400 /);
  expect(faultsOf(await pair.web.facts(), 'shop/echo', 'client')).toBe(before + 1);
});

test('chunks and trailers pass both ways as they are', async () => {
  const client = await RawClient.to(pair.out.node);
  client.send('POST /chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5\r\nhello\r\n');
  client.send('6\r\n world\r\n0\r\nX-T: yes\r\n\r\n');
  const whole = await client.until((received) => received.includes('0\r\nx-sum'));
  expect(whole).toContain('hello world|');
  expect(whole).toContain('chunked');
  expect(whole).toContain('x-sum: {"x-t":"yes"}\r\n\r\n');
  client.close();
});

test('answers without a body end where their head ends: HEAD, 204, 304', async () => {
  const client = await RawClient.to(pair.out.node);
  client.send(get('/204') + get('/304', '').replace('GET', 'HEAD') + get('/304') + get('/last'));
  const whole = await client.until((received) => received.includes('no coding'));
  expect(whole.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 204', 'HTTP/1.1 304', 'HTTP/1.1 304', 'HTTP/1.1 200']);
  client.close();
});

test('an app behind Expect: 100-continue says itself when the body may come', async () => {
  const client = await RawClient.to(pair.out.node);
  client.send('POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
  await client.until((received) => received === 'HTTP/1.1 100 Continue\r\n\r\n');
  client.send('body');
  await client.until((received) => received.includes('body|'));
  client.close();
});

test('103 Early Hints pass before the answer', async () => {
  const client = await RawClient.to(pair.out.node);
  const whole = await client.send(get('/hints')).until((received) => received.includes('no coding'));
  expect(whole).toMatch(/^HTTP\/1\.1 103 Early Hints\r\n[^]*HTTP\/1\.1 200 OK/);
  client.close();
});

test('a WebSocket upgrade becomes a tunnel, each side ended by itself', async () => {
  const client = await RawClient.to(pair.out.upgrade);
  client.send(get('/ws', 'Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n'));
  const head = await client.until((received) => received.endsWith('hello '));
  expect(head).toMatch(/^HTTP\/1\.1 101 /);
  expect(head).toMatch(/\r\nconnection: upgrade\r\n/i);
  client.send('frame');
  await client.until((received) => received.endsWith('FRAME'));
  client.socket.end();
  expect(await client.end()).toMatch(/bye$/);
  const facts = await eventually(() => pair.web.facts(), (now) => rowsOf(now, 'shop/upgrade').some((row) => row.ends.length === 1));
  expect(rowsOf(facts, 'shop/upgrade')[0]?.ends[0]).toMatchObject({ status: 101, fault: null });
});

test('a CONNECT that the app accepts becomes a tunnel', async () => {
  const client = await RawClient.to(pair.out.connect);
  await client.send('CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n').until((received) => received === 'HTTP/1.1 200 OK\r\n\r\n');
  await client.send('\0raw').until((received) => received.endsWith('\0raw'));
  client.socket.end();
  await client.end();
});

test('a body that only the end delimits arrives in chunks, so that a cut would show', async () => {
  const client = await RawClient.to(pair.out.closing);
  const whole = await client.send(get('/')).until((received) => received.endsWith('0\r\n\r\n'));
  expect(whole).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(whole).toMatch(/\r\ntransfer-encoding: chunked\r\n/);
  expect(whole).toContain('9\r\nall of it\r\n');
  client.close();
});

test('a caller in HTTP/1.0 gets no chunks, and the end', async () => {
  const client = await RawClient.to(pair.out.node);
  const whole = await client.send(get('/', '', '1.0')).end();
  expect(whole).toMatch(/\r\nconnection: close\r\n/);
  expect(whole).not.toMatch(/transfer-encoding/i);
  expect(whole).toMatch(/\r\n\r\n\|no coding$/);
});

test('a caller that ended its side still gets its answer', async () => {
  const client = await RawClient.to(pair.out.slow);
  client.socket.end(get('/half'));
  expect(await client.end()).toMatch(/late$/);
  const facts = await eventually(() => pair.web.facts(), (now) => rowsOf(now, 'shop/slow').some((row) => row.ends.length > 0));
  expect(faultsOf(facts, 'shop/slow', null)).toBe(1);
});

test('a caller that goes away before the answer is a client fault', async () => {
  const client = await RawClient.to(pair.out.slow);
  client.send(get('/cancel'));
  await new Promise((resolve) => setTimeout(resolve, 100));
  client.socket.resetAndDestroy();
  await eventually(() => pair.web.facts(), (facts) => faultsOf(facts, 'shop/slow', 'client') === 1);
  await eventually(() => pair.cart.facts(), (facts) => faultsOf(facts, 'shop/slow', 'client') === 1);
});

test('a GET is repeated on a fresh connection when its kept one was closed just then', async () => {
  const client = await RawClient.to(pair.plain.fickle);
  for (let count = 0; count < 4; count++) expect((await client.send(get('/')).response()).body).toBe('first');
  client.close();
  const facts = await pair.cart.facts();
  expect(faultsOf(facts, 'shop/fickle', null)).toBe(4);
  expect(rowsOf(facts, 'shop/fickle').flatMap((row) => row.ends.map((end) => end.retries))).toEqual([0, 1, 1, 1]);
});

test('a POST is never repeated: the app sees it once and the caller is told', async () => {
  const client = await RawClient.to(pair.plain.fickle);
  await client.send(get('/')).response();
  posts.length = 0;
  const { head } = await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi').response();
  expect(head).toMatch(/^HTTP\/1\.1 502 /);
  expect(head).toMatch(/\r\nl5d-proxy-error: app-closed\r\n/);
  expect(posts).toHaveLength(1);
  client.close();
});

test('an app that is gone is the app\'s fault in both views', async () => {
  const client = await RawClient.to(pair.out.gone);
  const { head } = await client.send(get('/')).response();
  expect(head).toMatch(/^HTTP\/1\.1 502 /);
  expect(head).toMatch(/\r\nl5d-proxy-error: app-unreachable\r\n/);
  expect(faultsOf(await pair.web.facts(), 'shop/gone', 'app')).toBe(1);
  expect(faultsOf(await pair.cart.facts(), 'shop/gone', 'app')).toBe(1);
  client.close();
});

test('an answer that is cut ends the caller\'s connection instead of looking whole', async () => {
  const client = await RawClient.to(pair.out.broken);
  const whole = await client.send(get('/')).end();
  expect(whole.length).toBeLessThan('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n'.length + 100);
  await eventually(() => pair.cart.facts(), (facts) => faultsOf(facts, 'shop/broken', 'app') === 1);
});

test('an early answer reaches a caller that is still sending', async () => {
  const client = await RawClient.to(pair.out.early);
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegin');
  expect((await client.response()).head).toMatch(/^HTTP\/1\.1 413 /);
  client.close();
});

test('fields of the mesh pass neither from an app that calls nor from one that answers', async () => {
  const echo = await RawClient.to(pair.out.echo);
  const { body } = await echo.send(get('/', 'L5d-Dst-Override: x\r\nsidelight-workload: y\r\nX-Kept: 1\r\n')).response();
  expect(body).toBe(get('/', 'X-Kept: 1\r\n'));
  echo.close();
  const liar = await RawClient.to(pair.out.liar);
  const { head } = await liar.send(get('/')).response();
  expect(head).toBe('HTTP/1.1 200 OK\r\nX-Kept: 1\r\nContent-Length: 1\r\n\r\n');
  liar.close();
  expect(faultsOf(await pair.web.facts(), 'shop/liar', null)).toBe(1);
});

test('a reader that stops stops the sender: memory stays bounded under a large body', async () => {
  const before = await pair.web.facts();
  const client = await RawClient.to(pair.out.stream);
  client.socket.removeAllListeners('data');
  let received = 0;
  client.socket.on('data', (bytes: Buffer) => (received += bytes.length));
  client.socket.pause();
  client.send(get('/'));
  await new Promise((resolve) => setTimeout(resolve, 500));
  const stopped = await pair.web.facts();
  client.socket.resume();
  await eventually(async () => received, (bytes) => bytes > STREAM_BYTES, 30_000);
  const after = await pair.web.facts();
  const grownMib = (facts: { residentBytes: number }): number => (facts.residentBytes - before.residentBytes) / 1024 / 1024;
  expect(grownMib(stopped)).toBeLessThan(24);
  expect(grownMib(after)).toBeLessThan(64);
  client.close();
  const [row] = rowsOf(await eventually(() => pair.web.facts(), (facts) => rowsOf(facts, 'shop/stream').length > 0), 'shop/stream');
  expect(row?.bytesOut).toBeGreaterThan(STREAM_BYTES);
}, 60_000);
