import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { DataplaneProcess, shopLeaf } from '../test/dataplane-process.ts';
import { freePorts } from '../test/free-ports.ts';
import type { HostFacts, HostRow } from '../test/host-protocol.ts';
import { meshOrders, loopback } from '../test/orders.ts';
import { eventually, rowsOf } from '../test/pair.ts';
import { RawClient, type TestServer, httpApp, ok, serve } from '../test/raw-client.ts';
import { createTestCa } from '../test/test-ca.ts';
import type { Endpoint, OutboundListener } from '../wire/orders.ts';
import { POLICY_DEFAULTS, type RetryPolicy, type ServicePolicy } from '../wire/policy.ts';

const GET = 'GET /items HTTP/1.1\r\nHost: a\r\n\r\n';
const POST = 'POST /items HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody';
const UNAVAILABLE = 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy';
const RETRY: RetryPolicy = { http: [[500, 599]], grpc: [14], limit: 1, methods: 'idempotent', budget: POLICY_DEFAULTS.budget };

let web: DataplaneProcess;
let listen = 0;
let meshPort = 0;
let services = 0;
let service = '';
const servers: TestServer[] = [];

beforeAll(async () => {
  web = new DataplaneProcess();
  await web.use(shopLeaf(createTestCa(), 'web'));
  [listen = 0, meshPort = 0] = await freePorts(2);
}, 30_000);

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

afterAll(() => web.stop());

const endpoint = (port: number, name: string): Endpoint => ({ address: loopback(port), workload: `shop/host/${name}`, instance: `${name}-1`, mesh: null });

/** An app whose requests are told to `heard`. */
async function app(answer: (head: string, count: number) => string | null): Promise<TestServer> {
  const server = await serve(httpApp(answer));
  servers.push(server);
  return server;
}

async function apply(endpoints: readonly Endpoint[], policy: ServicePolicy = {}, fresh = true): Promise<void> {
  if (fresh) service = `shop/s${services++}`;
  const listener: OutboundListener = { listen: loopback(listen), service, port: 80, protocol: 'http1', endpoints, policy };
  expect(await web.apply(meshOrders('shop/host/web', meshPort, { outbound: [listener] }))).toEqual([]);
}

async function ask(request = GET): Promise<{ head: string; body: string }> {
  const client = await RawClient.to(listen);
  const response = await client.send(request).response();
  client.close();
  return response;
}

const rows = (facts: HostFacts): readonly HostRow[] => rowsOf(facts, service);
const ended = async (count: number): Promise<readonly HostRow[]> =>
  rows(await eventually(() => web.facts(), (facts) => rows(facts).reduce((sum, row) => sum + row.ends.length, 0) >= count));

test('requests wait while the only endpoint restarts, and go on as soon as it is back', async () => {
  const [port = 0] = await freePorts(1);
  await apply([endpoint(port, 'cart')]);
  const asked = [ask(), ask(POST), ask()];
  await new Promise((resolve) => setTimeout(resolve, 400));
  const server = createServer(httpApp(() => ok('back')));
  await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', () => resolve()));
  for (const { body } of await Promise.all(asked)) expect(body).toBe('back');
  server.close();
  expect((await ended(3)).flatMap((row) => row.ends.map(({ fault }) => fault))).toEqual([null, null, null]);
});

test('after three seconds without a ready endpoint requests fail at once with a code, until one is back', async () => {
  const [port = 0] = await freePorts(1);
  await apply([endpoint(port, 'cart')]);
  const began = performance.now();
  expect((await ask()).head).toMatch(/^HTTP\/1\.1 503 [^]*l5d-proxy-error: connect-failed\r\n/);
  expect(performance.now() - began).toBeGreaterThan(2_900);
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask()));
  const codes = answers.map(({ head }) => /l5d-proxy-error: ([\w-]+)/.exec(head)?.[1]);
  expect(codes.filter((code) => code === 'failfast').length).toBeGreaterThanOrEqual(8);
  expect(performance.now() - began).toBeLessThan(8_000);
  const server = createServer(httpApp(() => ok('back')));
  await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', () => resolve()));
  await eventually(() => ask(), ({ body }) => body === 'back');
  for (let turn = 0; turn < 20; turn++) expect((await ask()).body).toBe('back');
  server.close();
}, 20_000);

test('requests wait for the next endpoint when the last one went away, and no longer than three seconds', async () => {
  const cart = await app(() => ok('served'));
  await apply([endpoint(cart.port, 'cart')]);
  expect((await ask()).body).toBe('served');
  await apply([], {}, false);
  const asked = ask(POST);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await apply([endpoint(cart.port, 'cart')], {}, false);
  expect((await asked).body).toBe('served');
  await apply([], {}, false);
  const began = performance.now();
  expect((await ask()).head).toMatch(/503 [^]*no-endpoints/);
  expect(performance.now() - began).toBeGreaterThan(2_500);
  const again = performance.now();
  expect((await ask()).head).toMatch(/503 [^]*no-endpoints/);
  expect(performance.now() - again).toBeLessThan(1_000);
}, 20_000);

test('endpoints that come and go under load fail no request', async () => {
  const apps = await Promise.all(Array.from({ length: 6 }, (_, at) => app(() => ok(`from ${at}`))));
  const set = (turn: number): Endpoint[] => apps.flatMap(({ port }, at) => ((turn >> at) % 2 === 1 || at === turn % 6 ? [endpoint(port, `cart${at}`)] : []));
  await apply(set(1));
  let running = true;
  let answered = 0;
  const failures: string[] = [];
  const callers = Array.from({ length: 12 }, async (_, at) => {
    let client = await RawClient.to(listen);
    while (running) {
      const { head } = await client.send(at % 2 === 0 ? GET : POST).response();
      if (head.startsWith('HTTP/1.1 200')) answered++;
      else failures.push(head);
      if (!/connection: close/i.test(head)) continue;
      client.close();
      client = await RawClient.to(listen);
    }
    client.close();
  });
  for (let turn = 2; turn < 150; turn++) {
    await apply(set(turn), {}, false);
    await new Promise((resolve) => setTimeout(resolve, 8));
  }
  running = false;
  await Promise.all(callers);
  expect(failures).toEqual([]);
  expect(answered).toBeGreaterThan(500);
  const facts = await eventually(() => web.facts(), ({ open }) => open.exchanges === 0);
  expect(rows(facts).flatMap((row) => row.ends.filter(({ fault }) => fault !== null))).toEqual([]);
}, 30_000);

test('an endpoint that answers badly seven times in a row is left out, and probed by one request at a time', async () => {
  const good = await app(() => ok('good'));
  let bad = 0;
  const broken = await app(() => {
    bad++;
    return UNAVAILABLE;
  });
  const breaker = { kind: 'consecutive', failuresMax: 7, penaltyMsMin: 2_500, penaltyMsMax: 60_000, jitter: 0 } as const;
  await apply([endpoint(good.port, 'good'), endpoint(broken.port, 'bad')], { balancer: { breaker } });
  // Many at a time, so that load brings requests to both, whatever the first answers took.
  for (let turn = 0; turn < 100 && bad < 7; turn++) await Promise.all(Array.from({ length: 16 }, () => ask()));
  const tripped = performance.now();
  const seen = bad;
  expect(seen).toBeGreaterThanOrEqual(7);
  for (let turn = 0; turn < 50 && performance.now() - tripped < 2_000; turn++) await ask();
  expect(bad).toBe(seen);
  await new Promise((resolve) => setTimeout(resolve, 2_700));
  for (let turn = 0; turn < 100 && bad === seen; turn++) await Promise.all(Array.from({ length: 16 }, () => ask()));
  // Sixteen at a time came, and one of them was the probe; the penalty is twice as long now.
  expect(bad).toBe(seen + 1);
}, 30_000);

test('when every endpoint is left out requests wait for a probe, which brings the service back', async () => {
  let healthy = false;
  const cart = await app(() => (healthy ? ok('well') : UNAVAILABLE));
  const breaker = { kind: 'consecutive', failuresMax: 3, penaltyMsMin: 500, penaltyMsMax: 60_000, jitter: 0 } as const;
  await apply([endpoint(cart.port, 'cart')], { balancer: { breaker } });
  for (let turn = 0; turn < 3; turn++) expect((await ask()).body).toBe('busy');
  healthy = true;
  const began = performance.now();
  for (const { body } of await Promise.all([ask(), ask(), ask()])) expect(body).toBe('well');
  expect(performance.now() - began).toBeGreaterThan(250);
});

test('a GET that was answered 503 is repeated elsewhere, counted once with its attempts as a second series', async () => {
  const good = await app(() => ok('good'));
  const bad = await app(() => UNAVAILABLE);
  await apply([endpoint(good.port, 'good'), endpoint(bad.port, 'bad')], { retry: RETRY });
  for (let turn = 0; turn < 20; turn++) expect((await ask()).body).toBe('good');
  const counted = await ended(20);
  const row = (name: string): HostRow | undefined => counted.find(({ key }) => key.destination === `shop/host/${name}`);
  expect(row('good')?.ends.length).toBe(20);
  expect(row('bad')?.ends ?? []).toEqual([]);
  const attempts = row('bad')?.attempts ?? [];
  expect(attempts.length).toBeGreaterThan(0);
  expect(attempts.every(({ status }) => status === 503)).toBe(true);
  expect(row('good')?.ends.reduce((sum, end) => sum + end.retries, 0)).toBe(attempts.length);
});

test('a POST is repeated only where the policy says so, with its whole body', async () => {
  const bodies: string[] = [];
  const good = await app((request) => {
    bodies.push(request.slice(request.indexOf('\r\n\r\n') + 4));
    return ok('good');
  });
  const bad = await app(() => UNAVAILABLE);
  const endpoints = [endpoint(good.port, 'good'), endpoint(bad.port, 'bad')];
  await apply(endpoints, { retry: RETRY });
  const answers = await Promise.all(Array.from({ length: 30 }, () => ask(POST)));
  expect(answers.some(({ body }) => body === 'busy')).toBe(true);
  await apply(endpoints, { retry: { ...RETRY, methods: 'all' } });
  bodies.length = 0;
  for (let turn = 0; turn < 20; turn++) expect((await ask(POST)).body).toBe('good');
  expect(bodies).toEqual(Array(20).fill('body'));
});

test('a body above 64 KiB goes through whole and isn\'t repeated', async () => {
  const lengths: number[] = [];
  const bad = await app((request) => {
    lengths.push(request.length - request.indexOf('\r\n\r\n') - 4);
    return UNAVAILABLE;
  });
  await apply([endpoint(bad.port, 'bad')], { retry: { ...RETRY, methods: 'all' } });
  const put = (length: number): string => `PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${'x'.repeat(length)}`;
  expect((await ask(put(65_536))).body).toBe('busy');
  expect((await ask(put(65_537))).body).toBe('busy');
  expect((await ask(put(300_000))).body).toBe('busy');
  expect(lengths).toEqual([65_536, 65_536, 65_537, 300_000]);
});

test('retries end at the limit of the request and at the budget of the service', async () => {
  let asked = 0;
  const bad = await app(() => {
    asked++;
    return UNAVAILABLE;
  });
  await apply([endpoint(bad.port, 'bad')], { retry: { ...RETRY, limit: 3 } });
  expect((await ask()).head).toMatch(/^HTTP\/1\.1 503/);
  expect(asked).toBe(4);
  await apply([endpoint(bad.port, 'bad')], { retry: { ...RETRY, budget: { ratio: 0.2, perSecond: 0.5, windowMs: 10_000 } } });
  asked = 0;
  for (let turn = 0; turn < 50; turn++) await ask();
  expect(asked).toBeGreaterThan(60);
  expect(asked).toBeLessThanOrEqual(50 + 50 * 0.2 + 5);
});

test('a connection that breaks before the answer counts as a bad answer for retries', async () => {
  let asked = 0;
  const fickle = await app(() => (asked++ % 2 === 0 ? null : ok('then')));
  await apply([endpoint(fickle.port, 'fickle')], { retry: RETRY });
  expect((await ask()).body).toBe('then');
  expect((await ask(POST)).head).toMatch(/^HTTP\/1\.1 502 [^]*app-closed/);
});

test('an attempt that takes too long is given up and repeated; the last one is answered 504', async () => {
  let asked = 0;
  const slow = await serve((socket) => socket.on('data', () => setTimeout(() => socket.write(ok('late')), asked++ === 0 ? 2_000 : 10)));
  servers.push(slow);
  await apply([endpoint(slow.port, 'slow')], { retry: { ...RETRY, timeoutMs: 200 } });
  expect((await ask()).body).toBe('late');
  expect(asked).toBe(2);
  await apply([endpoint(slow.port, 'slow')], { retry: { ...RETRY, timeoutMs: 200, limit: 0 } });
  asked = 0;
  expect((await ask()).head).toMatch(/^HTTP\/1\.1 504 [^]*response-timeout/);
});

test.each([
  ['requestMs', 'request-timeout'],
  ['responseMs', 'response-timeout'],
  ['idleMs', 'idle-timeout'],
] as const)('timeout.%s answers 504 %s, and the service that held it up is at fault', async (name, code) => {
  const silent = await serve(() => undefined);
  servers.push(silent);
  await apply([endpoint(silent.port, 'silent')], { timeout: { [name]: 300 } });
  const began = performance.now();
  expect((await ask()).head).toMatch(new RegExp(`^HTTP/1\\.1 504 [^]*l5d-proxy-error: ${code}\r\n`));
  expect(performance.now() - began).toBeGreaterThan(280);
  const [row] = await ended(1);
  expect(row?.ends[0]).toMatchObject({ fault: 'app', code, status: 504 });
});

test('a stream that goes on moving outlives the idle limit, and one that stops is cut', async () => {
  const stream = await serve((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      let pieces = 0;
      const timer = setInterval(() => {
        if (pieces++ < 8) socket.write('2\r\nab\r\n');
        else clearInterval(timer);
      }, 100);
    });
  });
  servers.push(stream);
  await apply([endpoint(stream.port, 'stream')], { timeout: { idleMs: 400 } });
  const client = await RawClient.to(listen);
  const received = await client.send(GET).end();
  expect(received.split('2\r\nab\r\n')).toHaveLength(9);
  expect(received.endsWith('0\r\n\r\n')).toBe(false);
  const [row] = await ended(1);
  expect(row?.ends[0]).toMatchObject({ fault: 'app', code: 'idle-timeout' });
});

test('without a policy nothing is repeated and nothing times out', async () => {
  let asked = 0;
  const bad = await app(() => {
    asked++;
    return UNAVAILABLE;
  });
  await apply([endpoint(bad.port, 'bad')]);
  for (let turn = 0; turn < 20; turn++) expect((await ask()).body).toBe('busy');
  expect(asked).toBe(20);
});

test('what no waiting mends is answered at once, again and again: there is no certificate', async () => {
  const cart = await app(() => ok('served'));
  const identity = 'cart.shop.serviceaccount.identity.sidelight.cluster.local';
  const [unused = 0] = await freePorts(1);
  const meshed: Endpoint = { ...endpoint(cart.port, 'cart'), mesh: { address: loopback(unused), identity } };
  const bare = new DataplaneProcess();
  const [port = 0, mesh = 0] = await freePorts(2);
  const listener: OutboundListener = { listen: loopback(port), service: 'shop/cart', port: 80, protocol: 'http1', endpoints: [meshed] };
  expect(await bare.apply(meshOrders('shop/host/api', mesh, { outbound: [listener] }))).toEqual([]);
  const began = performance.now();
  for (let turn = 0; turn < 20; turn++) {
    const client = await RawClient.to(port);
    expect((await client.send(GET).response()).head).toMatch(/503 [^]*no-certificate/);
    client.close();
  }
  expect(performance.now() - began).toBeLessThan(2_500);
  await bare.stop();
});
