import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ProxyOrders, ToControl } from '../../proxy/wire/orders.ts';
import { Metrics } from '../admin/metrics.ts';
import { Pending } from '../aggregate/pending.ts';
import type { Batch } from '../aggregate/pending.ts';
import { makeEdge, makeWindow } from '../aggregate/testing.ts';
import { AgentFault } from '../fault.ts';
import { addressAt, makeInstance, makeWorkload } from '../inventory/testing.ts';
import { createAuthority } from '../issuer/authority.ts';
import { issueOdd, makeCsr } from '../issuer/testing.ts';
import { Sealer } from '../uplink/sealer.ts';
import { Absences } from './absences.ts';
import { Taps } from './taps.ts';
import { ControlServer } from './server.ts';
import type { ControlParts } from './session.ts';
import { certify, FakeProxy } from './testing.ts';
import { eventually } from '../testing.ts';

const CONTROL = 'control.sidelight.serviceaccount.identity.sidelight.cluster.local';
const WEB = 'web.shop.serviceaccount.identity.sidelight.cluster.local';
const INSTANCE = '00000000000000aa';
const WINDOW_MS = 10_000;
const { authority } = createAuthority('cluster.local', Date.now());
const workloads = new Map(['shop/web', 'shop/cart'].map((path) => makeWorkload(path, [makeInstance(`${path.slice(5)}-1`)])).map((workload) => [workload.key, workload]));

let skewMs: number;
let meshMs: number;
let revision: number;
let padding: string;
let topology: { changes: number };
let stored: Batch[];
let diskFails: boolean;
let parts: ControlParts;
let server: ControlServer;
let sealer: Sealer;
let absences: Absences;
let metrics: Metrics;
let port: number;
let logged: string[];
const proxies: FakeProxy[] = [];

beforeEach(async () => {
  [skewMs, meshMs, revision, padding, stored, diskFails, logged] = [0, 1_000_000, 1, '', [], false, []];
  const counter = { changes: 0 };
  topology = counter;
  metrics = new Metrics();
  const log = (_: string, message: string, facts: object = {}): void => void logged.push(`${message} ${JSON.stringify(facts)}`);
  absences = new Absences({ tick: () => Math.floor(meshMs / WINDOW_MS), ringTicks: 90, keep: () => {} }, [], 0);
  sealer = new Sealer(
    {
      pending: new Pending({ windowMs: WINDOW_MS, sealDelayMs: 2_000 }),
      store: async (batch) => {
        if (diskFails) throw new Error('the disk is full');
        stored.push(batch);
      },
      nowMs: () => meshMs,
      live: () => server.live(),
      takeLost: () => absences.take(),
      onSealed: (marks) => server.acknowledge(marks),
      metrics,
      log,
    },
    {},
  );
  parts = {
    workload: (key) => workloads.get(key) ?? null,
    orders: (workload, name) => (workloads.get(workload)?.instances.some((instance) => instance.name === name) ? ordersOf(workload) : null),
    destination: (address) => (address.port === 80 ? { kind: 'service', to: { service: 'shop/cart', port: revision, protocol: 'http1', endpoints: [] } } : { kind: 'external' }),
    prove: async (key, token) => {
      if (token === 'token nobody can read now') throw new AgentFault('kubernetes_unreachable', 'the API is away', 'wait');
      if (token === 'token that is being looked at') return new Promise(() => {});
      const workload = workloads.get(key);
      return workload && token === `token of ${workload.name}` ? { kind: 'proved', identity: workload.identity } : { kind: 'refused', reason: 'no' };
    },
    issue: (key, identity) => authority.issue(key, identity, Date.now(), 3_600_000),
    trustBundle: () => authority.certificatePem,
    take: (window) => sealer.take(window),
    sealedOf: (instance) => sealer.sealedOf(instance),
    takenOf: (instance) => sealer.takenOf(instance),
    taps: new Taps(),
    absences,
    leave: (instance) => sealer.leave(instance),
    tick: () => ({ kind: 'tick', tick: Math.floor(meshMs / WINDOW_MS), tickMs: WINDOW_MS, elapsedMs: meshMs % WINDOW_MS }),
    wallMs: () => Date.now() + skewMs,
    metrics,
    log,
  };
  server = new ControlServer(parts, authority.issueKeyed(CONTROL, Date.now(), 3_600_000), () => void (counter.changes += 1));
  port = await server.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  for (const proxy of proxies.splice(0)) proxy.end();
  await server.close();
});

function ordersOf(workload: string): ProxyOrders {
  return { revision, workload, trustDomain: `cluster.local${padding}`, inbound: { mesh: addressAt(4143), ports: [], policy: 'all-unauthenticated' }, outbound: [] };
}

async function dial(client?: { certificatePem: string; keyPem: string }): Promise<FakeProxy> {
  const proxy = await FakeProxy.dial({ port, trustBundle: authority.certificatePem, client });
  proxies.push(proxy);
  return proxy;
}

async function joined(instance = INSTANCE): Promise<FakeProxy> {
  const proxy = await dial(await certify({ port, trustBundle: authority.certificatePem }, 'shop/host/web', 'token of web'));
  proxy.hello('shop/host/web', 'web-1', instance);
  await proxy.next('tick');
  return proxy;
}

const nothingFor = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('a join token buys a certificate for the workload’s identity, and with it a link with orders and the tick', async () => {
  const identity = await certify({ port, trustBundle: authority.certificatePem }, 'shop/host/web', 'token of web');
  expect(new X509Certificate(identity.certificatePem).subjectAltName).toBe(`DNS:${WEB}`);
  const proxy = await dial(identity);
  meshMs = 1_003_000;
  proxy.hello('shop/host/web', 'web-1', INSTANCE);
  expect(await proxy.next('welcome')).toEqual({ kind: 'welcome', version: 1, takesRediscover: true });
  expect((await proxy.next('orders')).orders).toMatchObject({ revision: 1, workload: 'shop/host/web' });
  expect(await proxy.next('tick')).toEqual({ kind: 'tick', tick: 100, tickMs: WINDOW_MS, elapsedMs: 3_000 });
  expect(server.proxies()).toMatchObject([{ instance: INSTANCE, name: 'web-1', identity: WEB, connected: true, ready: false }]);
});

test('the control server proves its own identity, and a renewed certificate serves the next connection', async () => {
  const proxy = await dial();
  const before = proxy.socket.getPeerX509Certificate();
  expect(before?.subjectAltName).toBe(`DNS:${CONTROL}`);
  server.renew(authority.issueKeyed(CONTROL, Date.now(), 7_200_000));
  const after = (await dial()).socket.getPeerX509Certificate();
  expect(after?.serialNumber).not.toBe(before?.serialNumber);
  expect(after?.subjectAltName).toBe(`DNS:${CONTROL}`);
  expect((await dial()).socket.getProtocol()).toBe('TLSv1.3');
});

test.each([
  { what: 'a wrong token', workload: 'shop/host/web', token: 'token of wob' },
  { what: 'another workload’s token', workload: 'shop/host/cart', token: 'token of web' },
  { what: 'no token', workload: 'shop/host/web', token: '' },
  { what: 'a workload that the mesh doesn’t have', workload: 'shop/host/bank', token: 'token of bank' },
])('$what buys nothing, is counted, and appears in no log', async ({ workload, token }) => {
  const proxy = await dial();
  proxy.send({ kind: 'certify', version: 1, token, workload, csr: makeCsr().der.toString('base64') });
  expect(await proxy.next('refused')).toMatchObject({ code: 'token_invalid' });
  await proxy.closed;
  expect(metrics.get('control_refused_total')).toBe(1);
  expect(metrics.get('certificates_issued_total')).toBe(0);
  if (token) expect(logged.join('\n')).not.toContain(token);
});

test('when nobody can tell whose a token is, the proxy is told so, and gets its certificate when it asks again', async () => {
  const proxy = await dial();
  proxy.send({ kind: 'certify', version: 1, token: 'token nobody can read now', workload: 'shop/host/web', csr: makeCsr().der.toString('base64') });
  expect(await proxy.next('refused')).toMatchObject({ code: 'kubernetes_unreachable' });
  await proxy.closed;
  await certify({ port, trustBundle: authority.certificatePem }, 'shop/host/web', 'token of web');
  expect(metrics.get('certificates_issued_total')).toBe(1);
});

test('a connection asks for one certificate at a time', async () => {
  const proxy = await dial();
  for (let asked = 0; asked < 2; asked++) proxy.send({ kind: 'certify', version: 1, token: 'token that is being looked at', workload: 'shop/host/web', csr: makeCsr().der.toString('base64') });
  expect(await proxy.next('refused')).toMatchObject({ code: 'message_unexpected' });
});

test('an instance that runs under another account than its workload’s proves its own identity, and no other will do', async () => {
  const key = 'shop/host/web';
  const before = workloads.get(key);
  if (before === undefined) throw new Error('the shop has a web');
  workloads.set(key, { ...before, instances: [makeInstance('web-1', { identity: WEB.replace('web', 'web2') })] });
  try {
    for (const [name, code] of [['web', 'refused'], ['web2', 'welcome']] as const) {
      const proxy = await dial(issueOdd({ authority, dnsNames: [WEB.replace('web', name)], nowMs: Date.now() }));
      proxy.hello(key, 'web-1', INSTANCE);
      expect(await proxy.next(code)).toMatchObject({ kind: code });
    }
  } finally {
    workloads.set(key, before);
  }
});

test('a bad request for a certificate is refused', async () => {
  const proxy = await dial();
  proxy.send({ kind: 'certify', version: 1, token: 'token of web', workload: 'shop/host/web', csr: makeCsr({ curve: 'P-384' }).der.toString('base64') });
  expect(await proxy.next('refused')).toMatchObject({ code: 'csr_invalid' });
});

test.each([
  { what: 'no certificate', client: () => undefined, code: 'certificate_required' },
  { what: 'another authority’s certificate', client: () => issueOdd({ dnsNames: [WEB], nowMs: Date.now() }), code: 'certificate_required' },
  { what: 'an expired certificate', client: () => issueOdd({ authority, dnsNames: [WEB], nowMs: Date.now(), ttlMs: -60_000 }), code: 'certificate_required' },
  { what: 'a certificate from the future', client: () => issueOdd({ authority, dnsNames: [WEB], nowMs: Date.now(), beginsMs: 600_000 }), code: 'certificate_required' },
  { what: 'two names', client: () => issueOdd({ authority, dnsNames: [WEB, 'x.shop.example'], nowMs: Date.now() }), code: 'certificate_required' },
  { what: 'a wildcard', client: () => issueOdd({ authority, dnsNames: ['*.shop.serviceaccount.identity.sidelight.cluster.local'], nowMs: Date.now() }), code: 'certificate_required' },
  { what: 'another workload’s identity', client: () => issueOdd({ authority, dnsNames: [WEB.replace('web', 'cart')], nowMs: Date.now() }), code: 'identity_mismatch' },
])('$what says no hello', async ({ client, code }) => {
  const proxy = await dial(client());
  proxy.hello('shop/host/web', 'web-1', INSTANCE);
  expect(await proxy.next('refused')).toMatchObject({ code });
  await proxy.closed;
  expect(server.live().size).toBe(0);
  expect(metrics.get('control_refused_total')).toBe(1);
});

test('an instance that the mesh doesn’t have, or another version, is told so', async () => {
  const identity = issueOdd({ authority, dnsNames: [WEB], nowMs: Date.now() });
  const unknown = await dial(identity);
  unknown.hello('shop/host/web', 'web-9', INSTANCE);
  expect(await unknown.next('refused')).toMatchObject({ code: 'instance_unknown' });
  const newer = await dial(identity);
  newer.hello('shop/host/web', 'web-1', INSTANCE, 2);
  expect(await newer.next('refused')).toMatchObject({ code: 'wire_version' });
});

test('a window is acknowledged only after its seal, and a repeated one is not sealed again', async () => {
  const proxy = await joined();
  proxy.send({ kind: 'window', window: makeWindow(INSTANCE, 1, 100, [makeEdge()]) });
  proxy.send({ kind: 'window', window: makeWindow(INSTANCE, 1, 100, [makeEdge()]) });
  await eventually(() => metrics.get('windows_duplicate_total')).toBe(1);
  expect(proxy.heard.some(({ kind }) => kind === 'acknowledge')).toBe(false);
  diskFails = true;
  meshMs = 1_012_000;
  await sealer.seal();
  await nothingFor(50);
  expect(proxy.heard.some(({ kind }) => kind === 'acknowledge')).toBe(false);
  diskFails = false;
  await sealer.seal();
  expect(await proxy.next('acknowledge')).toEqual({ kind: 'acknowledge', sequence: 1 });
  expect(stored).toMatchObject([{ marks: { [INSTANCE]: 1 }, windows: [{ sequence: 1 }] }]);
  proxy.send({ kind: 'window', window: makeWindow(INSTANCE, 1, 100, [makeEdge()]) });
  expect(await proxy.next('acknowledge')).toEqual({ kind: 'acknowledge', sequence: 1 });
});

test('a proxy that comes back is told what is safe already', async () => {
  const first = await joined();
  first.send({ kind: 'window', window: makeWindow(INSTANCE, 1, 100, [makeEdge()]) });
  await eventually(() => sealer.take(makeWindow(INSTANCE, 1, 100))).toBe('duplicate');
  meshMs = 1_012_000;
  await sealer.seal();
  first.end();
  const second = await joined();
  expect(second.heard.slice(0, 2)).toEqual([{ kind: 'welcome', version: 1, takesRediscover: true }, { kind: 'acknowledge', sequence: 1 }]);
});

test('a proxy that met another identity at an endpoint is told its orders again', async () => {
  const proxy = await joined();
  const golden = readFileSync(`${import.meta.dirname}/../../proxy/wire/golden/control-1/to-rediscover.json`, 'utf8');
  proxy.send(JSON.parse(golden) as ToControl);
  const { orders: again } = await proxy.next('orders');
  expect(proxy.heard.flatMap((message) => (message.kind === 'orders' ? [message.orders] : []))).toEqual([again, again]);
});

test('windows of another instance, and anything before hello, end the link', async () => {
  const proxy = await joined();
  proxy.send({ kind: 'window', window: makeWindow('00000000000000bb', 1, 100) });
  expect(await proxy.next('refused')).toMatchObject({ code: 'message_unexpected' });
  const stranger = await dial(issueOdd({ authority, dnsNames: [WEB], nowMs: Date.now() }));
  stranger.send({ kind: 'window', window: makeWindow(INSTANCE, 1, 100) });
  expect(await stranger.next('refused')).toMatchObject({ code: 'message_unexpected' });
});

/** The windows that the next frame tells as lost. */
async function lostTold(): Promise<number> {
  await eventually(() => server.live().size).toBe(0);
  return absences.take()?.windows ?? 0;
}

test('a proxy that ends in good order loses nothing, and is not waited for', async () => {
  const proxy = await joined();
  proxy.send({ kind: 'window', window: makeWindow(INSTANCE, 1, 100, [makeEdge()]) });
  proxy.send({ kind: 'goodbye', sequence: 1 });
  proxy.socket.end();
  expect(await lostTold()).toBe(0);
  await joined('00000000000000bb');
  expect(absences.take()).toBe(null);
});

test('the last window of a proxy that takes leave is sealed and acknowledged at once, in the midst of its tick', async () => {
  const proxy = await joined();
  proxy.send({ kind: 'window', window: makeWindow(INSTANCE, 1, 100, [makeEdge()]) });
  proxy.send({ kind: 'goodbye', sequence: 1 });
  expect(await proxy.next('acknowledge')).toEqual({ kind: 'acknowledge', sequence: 1 });
  expect(stored.flatMap(({ windows }) => windows.map(({ tick }) => tick))).toEqual([100]);
});

test('a proxy whose last windows never came tells by its goodbye how many those were', async () => {
  const proxy = await joined();
  proxy.send({ kind: 'window', window: makeWindow(INSTANCE, 1, 100, [makeEdge()]) });
  proxy.send({ kind: 'goodbye', sequence: 4 });
  proxy.socket.end();
  expect(await lostTold()).toBe(3);
});

test('a killed proxy has lost the window that it was counting, as its successor shows; one that comes back has lost nothing', async () => {
  meshMs = 1_005_000;
  const first = await joined();
  first.end();
  expect(await lostTold()).toBe(0);
  const back = await joined();
  back.end();
  expect(await lostTold()).toBe(0);
  meshMs = 1_305_000;
  await joined('00000000000000bb');
  expect(absences.take()?.windows).toBe(1);
});

test('rows that name another workload as their own are left out and counted', async () => {
  const proxy = await joined();
  const own = [makeEdge(), makeEdge({ direction: 'inbound', source: 'shop/host/cart', destination: 'shop/host/web' }), makeEdge({ direction: 'inbound', destination: '' })];
  const foreign = [makeEdge({ source: 'bank/host/vault' }), makeEdge({ direction: 'inbound', destination: 'bank/host/vault' })];
  proxy.send({ kind: 'window', window: makeWindow(INSTANCE, 1, 100, [...own, ...foreign]) });
  await eventually(() => metrics.get('rows_foreign_total')).toBe(2);
  meshMs = 1_012_000;
  await sealer.seal();
  expect(stored[0]?.windows[0]?.edges).toEqual(own);
});

test('changed orders are pushed to whom they concern, unchanged ones to nobody', async () => {
  const proxy = await joined();
  const sent = metrics.get('orders_sent_total');
  server.pushOrders(['shop/host/web/web-1']);
  revision = 2;
  server.pushOrders(['shop/host/cart/cart-1']);
  expect(metrics.get('orders_sent_total')).toBe(sent);
  server.pushOrders(['shop/host/web/web-1']);
  await eventually(() => proxy.heard.filter(({ kind }) => kind === 'orders').length).toBe(2);
});

test('every proxy hears the tick', async () => {
  const [one, two] = [await joined('00000000000000a1'), await joined('00000000000000a2')];
  meshMs = 1_010_000;
  server.tick();
  for (const proxy of [one, two]) expect(await proxy.next('tick')).toMatchObject({ tick: 101, elapsedMs: 0 });
});

test('an instance has one link: a new one ends the old', async () => {
  const first = await joined();
  const second = await joined();
  expect(await first.next('refused')).toMatchObject({ code: 'replaced' });
  await first.closed;
  second.send({ kind: 'status', ready: true, revision: 1, certificateNotAfter: null });
  await eventually(() => server.proxies()).toMatchObject([{ instance: INSTANCE, connected: true, ready: true }]);
});

test('status and leaving are told as topology, and a gone proxy is forgotten in time', async () => {
  const proxy = await joined();
  expect(topology.changes).toBe(1);
  proxy.send({ kind: 'status', ready: true, revision: 1, certificateNotAfter: '2030-01-01T00:00:00.000Z' });
  await eventually(() => topology.changes).toBe(2);
  proxy.send({ kind: 'status', ready: true, revision: 2, certificateNotAfter: '2030-01-01T00:00:00.000Z' });
  proxy.end();
  await eventually(() => topology.changes).toBe(3);
  expect(server.proxies()).toMatchObject([{ connected: false, ready: false, certificateNotAfter: '2030-01-01T00:00:00.000Z' }]);
  skewMs = 11 * 60_000;
  await eventually(() => server.proxies(), { timeout: 15_000 }).toEqual([]);
});

test.each([
  { what: 'a frame that is too long for a stranger', bytes: Buffer.from([0, 1, 0, 1]), code: 'frame_too_long' },
  { what: 'no JSON', bytes: Buffer.from([0, 0, 0, 1, 0x7b]), code: 'message_invalid' },
  { what: 'an unknown message', bytes: Buffer.concat([Buffer.from([0, 0, 0, 12]), Buffer.from('{"kind":"x"}')]), code: 'message_invalid' },
])('$what ends the connection with its code', async ({ bytes, code }) => {
  const proxy = await dial();
  proxy.socket.write(bytes);
  expect(await proxy.next('refused')).toMatchObject({ code });
  await proxy.closed;
});

test('a stranger who says nothing, or half a frame, is cut', async () => {
  const [silent, half] = [await dial(), await dial()];
  half.socket.write(Buffer.from([0, 0, 0, 9, 0x7b]));
  await nothingFor(20);
  skewMs = 11_000;
  await Promise.all([silent.closed, half.closed]);
});

test('a proxy that stops in the middle of a frame is cut, one that is just quiet is not', async () => {
  const [quiet, half] = [await joined('00000000000000a1'), await joined('00000000000000a2')];
  half.socket.write(Buffer.from([0, 0, 0, 9, 0x7b]));
  await nothingFor(1_200);
  skewMs = 35_000;
  await half.closed;
  expect(quiet.socket.destroyed).toBe(false);
});

test('a proxy that doesn’t read is cut before it costs more than the limit', async () => {
  const proxy = await joined();
  proxy.socket.pause();
  padding = 'x'.repeat(1024 * 1024);
  for (let round = 0; round < 40; round++) {
    revision += 1;
    server.pushOrders(['shop/host/web/web-1']);
  }
  await eventually(() => server.live().size).toBe(0);
});

test('a link ends with its certificate', async () => {
  const proxy = await joined();
  skewMs = 3_700_000;
  expect(await proxy.next('refused')).toMatchObject({ code: 'certificate_expired' });
});

test('a port in use is told with what to do', async () => {
  const other = new ControlServer(parts, authority.issueKeyed(CONTROL, Date.now(), 3_600_000), () => {});
  await expect(other.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'control_listen_failed', message: expect.stringContaining('another process') });
});

test('a watched address is answered at once and told again when it leads elsewhere, until it is forgotten', async () => {
  const proxy = await joined();
  const service = addressAt(80, '10.96.0.10');
  proxy.send({ kind: 'resolve', address: service });
  expect(await proxy.next('resolved')).toMatchObject({ address: service, destination: { kind: 'service', to: { port: 1 } } });
  proxy.send({ kind: 'resolve', address: addressAt(443, '2001:DB8:0::7') });
  expect(await proxy.next('resolved')).toEqual({ kind: 'resolved', address: addressAt(443, '2001:db8::7'), destination: { kind: 'external' } });
  revision = 2;
  server.pushDestinations();
  expect(await proxy.next('resolved')).toMatchObject({ address: service, destination: { kind: 'service', to: { port: 2 } } });
  proxy.send({ kind: 'forget', address: service });
  proxy.send({ kind: 'resolve', address: addressAt(81) });
  await proxy.next('resolved');
  revision = 3;
  server.pushDestinations();
  proxy.send({ kind: 'resolve', address: addressAt(82) });
  expect(await proxy.next('resolved')).toMatchObject({ address: { port: 82 } });
});

test('an address that is none, or a question before hello, ends the link', async () => {
  const proxy = await joined();
  proxy.send({ kind: 'resolve', address: addressAt(80, 'cart.shop') });
  expect((await proxy.next('refused')).code).toBe('message_invalid');
  const early = await dial(await certify({ port, trustBundle: authority.certificatePem }, 'shop/host/web', 'token of web'));
  early.send({ kind: 'resolve', address: addressAt(80) });
  expect((await early.next('refused')).code).toBe('message_unexpected');
});
