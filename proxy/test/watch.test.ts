/** Access log, traces and tap of real proxies. */
import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http';
import { connect as connectHttp2, createServer as createServer2, type Http2Server } from 'node:http2';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startControlledPair, CALLEE, CALLER } from './controlled-pair.ts';
import { freePorts } from './free-ports.ts';
import { cleanUp } from './proxy-process.ts';
import { shopIdentity, StaticBed, type RunningProxy } from './static-bed.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: number;
  readonly name: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, string>> }[];
}

const bed = new StaticBed();
const seen: IncomingHttpHeaders[] = [];
const spans: ReceivedSpan[] = [];
let app: Server;
let collector: Server;
let callee: RunningProxy;
let caller: RunningProxy;
let outbound: number;
const closing: (() => void)[] = [];

/** Answers each call with a status of gRPC: 5, not found. */
function createHttp2(got: (headers: IncomingHttpHeaders) => void): Http2Server {
  const server = createServer2();
  server.on('stream', (stream, headers) => {
    got(headers);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '5' }));
    stream.end(Buffer.alloc(5));
  });
  return server;
}

const listening = (server: NetServer): Promise<number> => new Promise((done) => void server.listen(0, '127.0.0.1', () => done((server.address() as AddressInfo).port)));

beforeAll(async () => {
  app = createServer((request, response) => {
    seen.push(request.headers);
    response.end('answer');
  });
  collector = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => void (body += chunk.toString()));
    request.on('end', () => {
      const { resourceSpans } = JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: ReceivedSpan[] }[] }[] };
      spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
      response.end('{}');
    });
  });
  const target = `127.0.0.1:${await listening(app)}`;
  const tracing = { collector: `http://127.0.0.1:${await listening(collector)}/v1/traces` };
  const [meshPort = 0, outboundPort = 0] = await freePorts(2);
  outbound = outboundPort;
  const inbound = { mesh: `127.0.0.1:${meshPort}`, policy: 'all-authenticated', ports: [{ target, services: ['shop/cart'] }] } as const;
  callee = await bed.start('cart', { accessLog: 'json', tracing, inbound });
  const endpoint = { address: target, workload: 'shop/host/cart', mesh: { address: `127.0.0.1:${meshPort}`, identity: shopIdentity('cart') } };
  caller = await bed.start('web', { tracing, outbound: [{ listen: `127.0.0.1:${outboundPort}`, service: 'shop/cart', port: 80, endpoints: [endpoint] }] });
}, 60_000);

afterAll(async () => {
  for (const close of closing) close();
  await bed.stop();
  for (const server of [app, collector]) await new Promise((done) => server.close(done));
});
afterEach(cleanUp);

function get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  return new Promise((done, fail) => {
    httpRequest({ host: '127.0.0.1', port: outbound, path, headers }, (response) => {
      response.resume();
      response.once('end', () => done(response.statusCode ?? 0));
    }).once('error', fail).end();
  });
}

test('a sampled trace goes on through both proxies, span by span, and both tell the collector', async () => {
  seen.length = 0;
  expect(await get('/items/7?key=secret', { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'vendor=1', 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': '1' })).toBe(200);
  await expect.poll(() => spans.filter(({ traceId }) => traceId === TRACE).length, { timeout: 20_000 }).toBe(2);
  const client = spans.find(({ kind }) => kind === 3);
  const server = spans.find(({ kind }) => kind === 2);
  expect(client).toMatchObject({ parentSpanId: SPAN, name: 'GET /items/:id' });
  expect(server).toMatchObject({ parentSpanId: client?.spanId, name: 'GET /items/:id' });
  expect(seen[0]).toMatchObject({ traceparent: `00-${TRACE}-${server?.spanId}-01`, tracestate: 'vendor=1', 'x-b3-spanid': server?.spanId, 'x-b3-parentspanid': client?.spanId });
  expect(JSON.stringify(spans)).not.toContain('secret');
});

test('a trace that is not sampled, and a request without one, go on as they came', async () => {
  seen.length = 0;
  const fields = { traceparent: `00-${TRACE}-${SPAN}-00`, b3: `${TRACE}-${SPAN}-0` };
  expect([await get('/quiet', fields), await get('/none')]).toEqual([200, 200]);
  expect(seen[0]).toMatchObject(fields);
  expect(Object.keys(seen[1] ?? {}).filter((name) => /trace|b3/.test(name))).toEqual([]);
  expect(spans.filter(({ name }) => /quiet|none/.test(name))).toEqual([]);
});

test('a gRPC call in HTTP/2 keeps its trace, and its status is in the spans and in the access log', async () => {
  const app2 = createHttp2((headers) => void seen.push(headers));
  closing.push(() => app2.close());
  const target = `127.0.0.1:${await listening(app2)}`;
  const [meshPort = 0, outboundPort = 0] = await freePorts(2);
  const tracing = { collector: `http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/traces` };
  const stock = await bed.start('stock', { accessLog: 'json', tracing, inbound: { mesh: `127.0.0.1:${meshPort}`, ports: [{ target, services: ['shop/stock'], protocol: 'http2' }] } });
  const endpoint = { address: target, workload: 'shop/host/stock', mesh: { address: `127.0.0.1:${meshPort}`, identity: shopIdentity('stock') } };
  await bed.start('asker', { tracing, outbound: [{ listen: `127.0.0.1:${outboundPort}`, service: 'shop/stock', port: 80, protocol: 'http2', endpoints: [endpoint] }] });
  seen.length = 0;
  const session = connectHttp2(`http://127.0.0.1:${outboundPort}`);
  closing.push(() => session.destroy());
  const trace = TRACE.replace('0af7', '1af7');
  const call = session.request({ ':method': 'POST', ':path': '/shop.Stock/Take', 'content-type': 'application/grpc', te: 'trailers', b3: `${trace}-${SPAN}-1` });
  call.resume();
  call.end(Buffer.alloc(5));
  await new Promise((done) => call.once('close', done));
  await expect.poll(() => spans.filter(({ traceId }) => traceId === trace).length, { timeout: 20_000 }).toBe(2);
  const client = spans.find(({ traceId, kind }) => traceId === trace && kind === 3);
  const server = spans.find(({ traceId, kind }) => traceId === trace && kind === 2);
  expect([client?.parentSpanId, server?.parentSpanId]).toEqual([SPAN, client?.spanId]);
  expect(seen[0]?.['b3']).toBe(`${trace}-${server?.spanId}-1-${client?.spanId}`);
  expect(server?.attributes).toContainEqual({ key: 'rpc.grpc.status_code', value: { intValue: '5' } });
  await expect.poll(() => stock.output(), { timeout: 20_000 }).toContain('/shop.Stock/Take');
  expect(JSON.parse(stock.output().split('\n')[0] ?? '')).toMatchObject({ version: 'HTTP/2.0', method: 'POST', status: 200, 'client.id': shopIdentity('asker') });
}, 60_000);

test('the access log has a line for each request of the app, and only the proxy beside the app writes it', async () => {
  await get('/logged?x=1', { 'user-agent': 'tester/1' });
  await expect.poll(() => callee.output(), { timeout: 20_000 }).toContain('/logged?x=1');
  const lines = callee.output().trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  const line = lines.find(({ uri }) => String(uri).endsWith('/logged?x=1'));
  expect(line).toMatchObject({ 'client.id': shopIdentity('web'), method: 'GET', status: 200, user_agent: 'tester/1', version: 'HTTP/1.1' });
  expect(Number(line?.['response_bytes'])).toBeGreaterThan(0);
  expect(caller.output()).toBe('');
});

test('a tap sees what its filter lets pass, at both ends, and nothing when it is over', async () => {
  const pair = await startControlledPair();
  try {
    await pair.request('/before');
    pair.control.link(CALLER)?.send({ kind: 'tap', sessions: [{ id: 't-out', filter: { direction: 'outbound', pathPrefix: '/items' }, perSecondMax: 100, endsInMs: 60_000 }] });
    pair.control.link(CALLEE)?.send({ kind: 'tap', sessions: [{ id: 't-in', filter: { statusClass: 5 }, perSecondMax: 100, endsInMs: 60_000 }] });
    const events = (session: string) => pair.control.tapped.filter((report) => report.session === session).flatMap((report) => report.events);
    await expect.poll(async () => {
      await pair.request('/items/1?q=secret');
      return events('t-out').length;
    }, { timeout: 20_000 }).toBeGreaterThan(0);
    await pair.request('/fail');
    await expect.poll(() => events('t-in').length, { timeout: 20_000 }).toBe(1);
    expect(events('t-out').every(({ path, status }) => path === '/items/1' && status === 200)).toBe(true);
    expect(events('t-out')[0]).toMatchObject({ direction: 'outbound', method: 'GET', source: CALLER, destination: CALLEE, service: 'shop/cart', tls: 'mtls', route: 'GET /items/:id' });
    expect(events('t-in')[0]).toMatchObject({ direction: 'inbound', path: '/fail', status: 500, fault: 'app', source: CALLER });
    pair.control.link(CALLER)?.send({ kind: 'tap', sessions: [] });
    await expect.poll(async () => (await (await fetch(`${await pair.caller.admin()}/metrics`)).text()).includes('sidelight_tap_sessions 0\n')).toBe(true);
    expect(JSON.stringify(pair.control.tapped)).not.toContain('secret');
  } finally {
    await pair.stop();
  }
});
