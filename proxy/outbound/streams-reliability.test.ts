import type { ClientHttp2Session, ServerHttp2Stream } from 'node:http2';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { DataplaneProcess, shopLeaf } from '../test/dataplane-process.ts';
import { freePorts } from '../test/free-ports.ts';
import type { HostRow } from '../test/host-protocol.ts';
import { answerOf, open, serveHttp2, type Answer, type Http2App } from '../test/http2-peer.ts';
import { loopback, meshOrders } from '../test/orders.ts';
import { eventually, rowsOf } from '../test/pair.ts';
import { createTestCa } from '../test/test-ca.ts';
import type { Endpoint } from '../wire/orders.ts';
import { POLICY_DEFAULTS, type RetryPolicy, type ServicePolicy } from '../wire/policy.ts';

const RETRY: RetryPolicy = { http: [[500, 599]], grpc: [], limit: 1, methods: 'idempotent', budget: POLICY_DEFAULTS.budget };
const GRPC = { ':method': 'POST', ':path': '/shop.Cart/Add', 'content-type': 'application/grpc', te: 'trailers' };

let web: DataplaneProcess;
let ports: readonly number[] = [];
let services = 0;
let service = '';
let session: ClientHttp2Session;
const apps: Http2App[] = [];

beforeAll(async () => {
  web = new DataplaneProcess();
  await web.use(shopLeaf(createTestCa(), 'web'));
  ports = await freePorts(2);
}, 30_000);

afterEach(async () => {
  session.destroy();
  await Promise.all(apps.splice(0).map((app) => app.stop()));
});

afterAll(() => web.stop());

async function app(handler: Parameters<typeof serveHttp2>[0]): Promise<Http2App> {
  const started = await serveHttp2(handler);
  apps.push(started);
  return started;
}

const well = (body = 'good') => (stream: ServerHttp2Stream): void => {
  stream.respond({ ':status': 200 });
  stream.end(body);
};
const unavailable = (stream: ServerHttp2Stream): void => {
  stream.respond({ ':status': 503 });
  stream.end('busy');
};
const refusesCalls = (stream: ServerHttp2Stream): void => stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '14' }, { endStream: true });
const answersCalls = (stream: ServerHttp2Stream): void => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.resume();
  stream.on('end', () => stream.end('reply'));
};

async function apply(named: Readonly<Record<string, Http2App>>, policy: ServicePolicy): Promise<void> {
  service = `shop/h${services++}`;
  const [listen = 0, meshPort = 0] = ports;
  const endpoints = Object.entries(named).map(([name, { port }]): Endpoint => ({ address: loopback(port), workload: `shop/host/${name}`, instance: name, mesh: null }));
  expect(await web.apply(meshOrders('shop/host/web', meshPort, { outbound: [{ listen: loopback(listen), service, port: 80, protocol: 'http2', endpoints, policy }] }))).toEqual([]);
  session = await open(listen);
}

function ask(headers: Record<string, string> = {}, body: string | Buffer = ''): Promise<Answer> {
  const stream = session.request({ ':path': '/items', ...headers }, { endStream: body.length === 0 });
  if (body.length > 0) stream.end(body);
  return answerOf(stream);
}

const rows = async (count: number): Promise<readonly HostRow[]> =>
  rowsOf(await eventually(() => web.facts(), (facts) => rowsOf(facts, service).reduce((sum, row) => sum + row.ends.length, 0) >= count), service);

test('a stream that was answered 503 is repeated elsewhere, counted once with its attempts as a second series', async () => {
  await apply({ good: await app(well()), bad: await app(unavailable) }, { retry: RETRY });
  for (let turn = 0; turn < 20; turn++) expect((await ask()).body).toBe('good');
  const counted = await rows(20);
  const good = counted.find(({ key }) => key.destination === 'shop/host/good');
  const bad = counted.find(({ key }) => key.destination === 'shop/host/bad');
  expect(good?.ends.length).toBe(20);
  expect(bad?.ends ?? []).toEqual([]);
  expect(bad?.attempts.length).toBeGreaterThan(0);
  expect(good?.ends.reduce((sum, { retries }) => sum + retries, 0)).toBe(bad?.attempts.length);
});

test('a POST is repeated only where the policy says so, with its whole body, and none above 64 KiB is', async () => {
  const bodies: string[] = [];
  const endpoints = {
    good: await app((stream) => {
      let body = '';
      stream.on('data', (bytes: Buffer) => (body += bytes.toString()));
      stream.on('end', () => {
        bodies.push(body);
        well()(stream);
      });
    }),
    bad: await app((stream) => {
      stream.resume();
      stream.on('end', () => unavailable(stream));
    }),
  };
  const post = (body: string): Promise<Answer> => ask({ ':method': 'POST' }, body);
  await apply(endpoints, { retry: RETRY });
  const careful = await Promise.all(Array.from({ length: 20 }, () => post('body')));
  expect(careful.some(({ body }) => body === 'busy')).toBe(true);
  session.destroy();
  await apply(endpoints, { retry: { ...RETRY, methods: 'all' } });
  bodies.length = 0;
  for (let turn = 0; turn < 12; turn++) expect((await post(`body ${turn}`)).body).toBe('good');
  expect(bodies).toEqual(Array.from({ length: 12 }, (_, turn) => `body ${turn}`));
  const large = await Promise.all(Array.from({ length: 12 }, () => post('x'.repeat(200_000))));
  expect(large.some(({ body }) => body === 'busy')).toBe(true);
});

test('a gRPC call is repeated when the policy names its status, and not otherwise', async () => {
  const endpoints = { good: await app(answersCalls), bad: await app(refusesCalls) };
  await apply(endpoints, { retry: { ...RETRY, methods: 'all' } });
  const unnamed = await Promise.all(Array.from({ length: 12 }, () => ask(GRPC, 'request')));
  expect(unnamed.some(({ headers }) => headers['grpc-status'] === '14')).toBe(true);
  session.destroy();
  await apply(endpoints, { retry: { ...RETRY, grpc: [14] } });
  for (let turn = 0; turn < 12; turn++) expect((await ask(GRPC, 'request')).trailers['grpc-status']).toBe('0');
  const counted = await rows(12);
  expect(counted.flatMap(({ ends }) => ends.map(({ fault }) => fault))).toEqual(Array(12).fill(null));
  expect(counted.flatMap(({ attempts }) => attempts.map(({ grpcStatus }) => grpcStatus)).every((status) => status === 14)).toBe(true);
});

test('an endpoint whose calls fail is left out by its breaker', async () => {
  let asked = 0;
  const bad = await app((stream) => {
    asked++;
    refusesCalls(stream);
  });
  const breaker = { kind: 'consecutive', failuresMax: 5, penaltyMsMin: 30_000, penaltyMsMax: 60_000, jitter: 0 } as const;
  await apply({ good: await app(answersCalls), bad }, { balancer: { breaker } });
  // Many at a time, so that load brings calls to both, whatever the first answers took.
  for (let turn = 0; turn < 100 && asked < 5; turn++) await Promise.all(Array.from({ length: 16 }, () => ask(GRPC, 'request')));
  const seen = asked;
  expect(seen).toBeGreaterThanOrEqual(5);
  for (let turn = 0; turn < 10; turn++) await Promise.all(Array.from({ length: 8 }, () => ask(GRPC, 'request')));
  expect(asked).toBe(seen);
});

test.each([
  ['requestMs', 'request-timeout'],
  ['responseMs', 'response-timeout'],
  ['idleMs', 'idle-timeout'],
] as const)('timeout.%s answers 504 %s, and a gRPC call with deadline exceeded', async (name, code) => {
  await apply({ silent: await app(() => undefined) }, { timeout: { [name]: 300 } });
  expect((await ask()).headers).toMatchObject({ ':status': 504, 'l5d-proxy-error': code });
  expect((await ask(GRPC, 'request')).headers).toMatchObject({ ':status': 200, 'grpc-status': '4', 'l5d-proxy-error': code });
  expect((await rows(2)).flatMap(({ ends }) => ends.map((end) => [end.fault, end.code]))).toEqual([['app', code], ['app', code]]);
});

test('an attempt that takes too long is given up and repeated', async () => {
  let asked = 0;
  const slow = await app((stream) => {
    if (asked++ > 0) well('late')(stream);
  });
  await apply({ slow }, { retry: { ...RETRY, timeoutMs: 200 } });
  expect((await ask()).body).toBe('late');
  expect(asked).toBe(2);
});

test('a stream that is cut behind its head is not repeated', async () => {
  let asked = 0;
  const cutting = await app((stream) => {
    asked++;
    stream.respond({ ':status': 200 });
    stream.write('half');
    setTimeout(() => stream.destroy(new Error('cut')), 50);
  });
  await apply({ cutting }, { retry: RETRY });
  expect((await ask()).body).toBe('half');
  expect(asked).toBe(1);
  expect((await rows(1)).flatMap(({ ends }) => ends.map(({ fault, retries }) => [fault, retries]))).toEqual([['app', 0]]);
});
