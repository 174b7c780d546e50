import { createHash, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { identityOf } from '../wire/labels.ts';
import type { ProxyOrders } from '../wire/orders.ts';
import { startFakeControl, type FakeControl, type FakeControlOptions } from './fake-control.ts';
import { freePorts } from './free-ports.ts';
import { meshOrders } from './orders.ts';
import { cleanUp, proxyEnv, startProxy, temporaryFolder, until } from './proxy-process.ts';
import { createTestCa } from './test-ca.ts';

const ca = createTestCa();
const LEAF = identityOf('web', 'shop', 'cluster.local');
const controls: FakeControl[] = [];

afterEach(async () => {
  await cleanUp();
  await Promise.all(controls.splice(0).map((control) => control.close()));
});

async function control(options: Partial<FakeControlOptions> = {}): Promise<FakeControl> {
  const started = await startFakeControl({ ca, leafName: () => LEAF, ...options });
  controls.push(started);
  return started;
}

async function ordersFor(workload = 'shop/host/web'): Promise<ProxyOrders> {
  const [meshPort = 0] = await freePorts(1);
  return meshOrders(workload, meshPort);
}

async function statusOf(admin: string): Promise<{ status: number; body: string }> {
  const answer = await fetch(`${admin}/ready`);
  return { status: answer.status, body: await answer.text() };
}

test('it certifies, says hello, puts the orders in force and is ready', async () => {
  const orders = await ordersFor();
  const { port, certifies, hellos, statuses } = await control({ orders: () => orders });
  const proxy = startProxy(proxyEnv({ controlPort: port, trustBundle: ca.certificate }));
  await until(() => statuses.some(({ ready }) => ready), proxy.text);
  expect(certifies).toMatchObject([{ kind: 'certify', version: 1, token: 'join-token', workload: 'shop/host/web' }]);
  expect(hellos).toMatchObject([{ version: 1, proxyVersion: '0.1.0', workload: 'shop/host/web', instanceName: 'web-1' }]);
  expect(hellos[0]?.instance).toMatch(/^[0-9a-f]{16}$/);
  expect(statuses.at(-1)).toMatchObject({ ready: true, revision: 1, certificateNotAfter: expect.any(String) });
  expect(await statusOf(await proxy.admin())).toEqual({ status: 200, body: 'ready\n' });
  expect(await proxy.end()).toBe(0);
});

test('before it has orders it lives, but is not ready, and says why', async () => {
  const { port } = await control();
  const proxy = startProxy(proxyEnv({ controlPort: port, trustBundle: ca.certificate }));
  await proxy.logged('control link up');
  const admin = await proxy.admin();
  expect(await statusOf(admin)).toEqual({ status: 503, body: expect.stringContaining('no_orders') });
  expect((await fetch(`${admin}/live`)).status).toBe(200);
});

test.each([
  ['by another authority', { ca: createTestCa() }],
  ['for another name', { serverNames: ['control.sidelight.serviceaccount.identity.sidelight.example.org'] }],
  ['for a workload of the same mesh', { serverNames: [LEAF] }],
  ['for a wildcard that matches', { serverNames: ['*.sidelight.serviceaccount.identity.sidelight.cluster.local'] }],
  ['for its name and one more', { serverNames: ['control.sidelight.serviceaccount.identity.sidelight.cluster.local', LEAF] }],
] as const)('a control plane with a certificate %s gets neither token nor hello', async (_, options) => {
  const { port, certifies, hellos } = await control(options);
  const proxy = startProxy(proxyEnv({ controlPort: port, trustBundle: ca.certificate }));
  await until(() => proxy.lines().filter(({ code }) => code === 'certify_failed').length >= 2, proxy.text);
  expect(certifies).toEqual([]);
  expect(hellos).toEqual([]);
  expect(await statusOf(await proxy.admin())).toEqual({ status: 503, body: expect.stringContaining('no_certificate') });
});

test('a refused token is told with its code, and asked with again, read anew', async () => {
  const { port } = await control({ token: 'right' });
  const env = proxyEnv({ controlPort: port, trustBundle: ca.certificate, token: 'wrong' });
  const proxy = startProxy(env);
  await until(() => proxy.lines().some(({ code }) => code === 'token_unknown'), proxy.text);
  writeFileSync(env['SIDELIGHT_PROXY_TOKEN_FILE'] ?? '', 'right');
  await proxy.logged('control link up');
});

test('a leaf that is not for this workload is refused', async () => {
  const { port } = await control({ leafName: () => identityOf('web', 'bank', 'cluster.local') });
  const proxy = startProxy(proxyEnv({ controlPort: port, trustBundle: ca.certificate }));
  const line = await until(() => proxy.lines().find(({ code }) => code === 'certify_failed'), proxy.text);
  expect(line['reason']).toContain('its namespace is bank, not shop');
});

test('files that are not there yet are waited for', async () => {
  const { port } = await control();
  const env = proxyEnv({ controlPort: port, trustBundle: ca.certificate });
  const later = join(temporaryFolder(), 'later.pem');
  const proxy = startProxy({ ...env, SIDELIGHT_PROXY_TRUST_BUNDLE_FILE: later });
  const line = await until(() => proxy.lines().find(({ code }) => code === 'certify_failed'), proxy.text);
  expect(line['reason']).toContain('later.pem');
  writeFileSync(later, ca.certificate);
  await proxy.logged('control link up');
});

test('orders that are wrong or for somebody else leave the last good ones in force', async () => {
  const orders = await ordersFor();
  const fake = await control({ orders: () => orders });
  const proxy = startProxy(proxyEnv({ controlPort: fake.port, trustBundle: ca.certificate }));
  await until(() => fake.statuses.some(({ ready }) => ready), proxy.text);
  const link = await until(() => fake.link(), proxy.text);
  link.send({ kind: 'a-kind-of-version-9' });
  link.send({ kind: 'orders', orders: { ...orders, revision: 2, workload: 'shop/host/other' } });
  link.send({ kind: 'orders', orders: { ...orders, revision: 3, inbound: null } } as unknown as { kind: string });
  await until(() => proxy.lines().some(({ code }) => code === 'orders_for_another_proxy') && proxy.lines().some(({ code }) => code === 'bad_message'), proxy.text);
  const admin = await proxy.admin();
  expect(await (await fetch(`${admin}/config`)).json()).toMatchObject({ orders: { revision: 1 } });
  expect(await (await fetch(`${admin}/metrics`)).text()).toMatch(/sidelight_control_unknown_messages_total 1\n[^]*sidelight_control_bad_messages_total 1\n/);
  link.send({ kind: 'orders', orders: { ...orders, revision: 4 } });
  await until(() => fake.statuses.at(-1)?.revision === 4, proxy.text);
});

test('a link that breaks is made again, and the proxy stays ready meanwhile', async () => {
  const orders = await ordersFor();
  const fake = await control({ orders: () => orders });
  const proxy = startProxy(proxyEnv({ controlPort: fake.port, trustBundle: ca.certificate }));
  const admin = await proxy.admin();
  await until(() => fake.statuses.some(({ ready }) => ready), proxy.text);
  for (let turn = 2; turn <= 4; turn++) {
    fake.link()?.drop();
    expect((await statusOf(admin)).status).toBe(200);
    await until(() => fake.hellos.length === turn && fake.link(), proxy.text);
  }
  expect(new Set(fake.hellos.map(({ instance }) => instance)).size).toBe(1);
});

test('a frame that is too long ends the link, not the proxy', async () => {
  const fake = await control();
  const proxy = startProxy(proxyEnv({ controlPort: fake.port, trustBundle: ca.certificate }));
  (await until(() => fake.link(), proxy.text)).sendRaw(Uint8Array.of(0xff, 0xff, 0xff, 0xff));
  await until(() => fake.hellos.length === 2, proxy.text);
  expect(proxy.lines().find(({ code }) => code === 'link_down')?.['reason']).toContain('a frame of 4294967295 bytes');
});

test('restarted while the control plane is gone it is ready by what it kept, and keeps that secret', async () => {
  const orders = await ordersFor();
  const fake = await control({ orders: () => orders });
  const stateDir = join(temporaryFolder(), 'state');
  const env = proxyEnv({ controlPort: fake.port, trustBundle: ca.certificate, stateDir });
  const first = startProxy(env);
  await until(() => fake.statuses.some(({ ready }) => ready), first.text);
  expect(await first.end()).toBe(0);
  await fake.close();
  for (const file of readdirSync(stateDir)) expect(statSync(join(stateDir, file)).mode & 0o777).toBe(0o600);
  const key = /-----BEGIN PRIVATE KEY-----\n(.+)/.exec(readFileSync(join(stateDir, 'leaf.pem'), 'utf8'))?.[1] ?? expect.fail();

  const second = startProxy(env);
  const admin = await second.admin();
  await until(async () => (await statusOf(admin)).status === 200, second.text);
  expect(await (await fetch(`${admin}/config`)).text()).not.toContain(key);
  expect(second.text()).not.toContain(key);
});

test('kept state that is expired or torn is left out with a word, and made anew', async () => {
  const orders = await ordersFor();
  const fake = await control({ orders: () => orders, leafMs: 2_000 });
  const stateDir = join(temporaryFolder(), 'state');
  const env = proxyEnv({ controlPort: fake.port, trustBundle: ca.certificate, stateDir });
  const first = startProxy(env);
  await until(() => fake.statuses.some(({ ready }) => ready), first.text);
  expect(await first.end('SIGKILL')).toBe('SIGKILL');
  writeFileSync(join(stateDir, 'orders.json'), '{"revision":1,');
  const leaf = readFileSync(join(stateDir, 'leaf.pem'), 'utf8');
  await new Promise((resume) => setTimeout(resume, 3_100));
  expect(readFileSync(join(stateDir, 'leaf.pem'), 'utf8')).toBe(leaf);
  const known = fake.statuses.length;
  const second = startProxy(env);
  await until(() => fake.statuses.slice(known).some(({ ready }) => ready), second.text);
  expect(second.lines().filter(({ code }) => code === 'state_unusable').map(({ reason }) => String(reason))).toEqual([
    expect.stringContaining('orders.json'),
    expect.stringContaining('it expired at'),
  ]);
});

test('new trust anchors that come over the link are kept and reported, unusable ones refused', async () => {
  const fake = await control();
  const stateDir = join(temporaryFolder(), 'state');
  const proxy = startProxy(proxyEnv({ controlPort: fake.port, trustBundle: ca.certificate, stateDir }));
  const link = await until(() => fake.link(), proxy.text);
  const both = ca.certificate + createTestCa('next').certificate;
  const told = () => fake.statuses.map(({ bundleSha256 }) => bundleSha256);
  const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
  const expected = (...pems: readonly string[]): string => sha256(pems.map((pem) => sha256(new X509Certificate(pem).raw)).toSorted().join('\n'));
  await until(() => told().includes(expected(ca.certificate)), proxy.text);
  link.send({ kind: 'bundle', trustBundle: 'no certificate' });
  link.send({ kind: 'bundle', trustBundle: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' });
  link.send({ kind: 'bundle', trustBundle: both });
  await until(() => readFileSync(join(stateDir, 'trust-bundle.pem'), 'utf8') === both, proxy.text);
  await until(() => told().at(-1) === expected(ca.certificate, both.slice(ca.certificate.length)), proxy.text);
  expect(fake.statuses.at(-1)?.anchorSha256).toBe(sha256(new X509Certificate(ca.certificate).raw));
  expect(proxy.lines().filter(({ code }) => code === 'bundle_unusable')).toHaveLength(2);
  link.drop();
  await until(() => fake.hellos.length === 2, proxy.text);
});

test('a proxy that is asked to renew its leaf does so within the time', async () => {
  const fake = await control();
  const proxy = startProxy(proxyEnv({ controlPort: fake.port, trustBundle: ca.certificate }));
  const link = await until(() => fake.link(), proxy.text);
  expect(fake.certifies).toHaveLength(1);
  link.send({ kind: 'renew', withinMs: 500 });
  await until(() => fake.certifies.length === 2, proxy.text);
});

test('a leaf of two seconds is renewed again and again, and the proxy is ready all the time', async () => {
  const orders = await ordersFor();
  const fake = await control({ orders: () => orders, leafMs: 2_000 });
  const proxy = startProxy(proxyEnv({ controlPort: fake.port, trustBundle: ca.certificate }));
  const admin = await proxy.admin();
  await until(() => fake.statuses.some(({ ready }) => ready), proxy.text);
  const untilMs = Date.now() + 4_500;
  while (Date.now() < untilMs) {
    expect((await statusOf(admin)).status).toBe(200);
    await new Promise((resume) => setTimeout(resume, 50));
  }
  expect(fake.certifies.length).toBeGreaterThanOrEqual(3);
  expect(new Set(fake.certifies.map(({ csr }) => csr)).size).toBe(fake.certifies.length);
  expect(await (await fetch(`${admin}/metrics`)).text()).toMatch(/control_identity_cert_refreshes_total\{result="ok"\} ([3-9]|\d\d)/);
});

test('when the leaf can not be renewed the proxy says so when it expires, and is ready again with the next', async () => {
  const orders = await ordersFor();
  const fake = await control({ orders: () => orders, leafMs: 2_000 });
  const proxy = startProxy(proxyEnv({ controlPort: fake.port, trustBundle: ca.certificate }));
  const admin = await proxy.admin();
  await until(() => fake.statuses.some(({ ready }) => ready), proxy.text);
  fake.refuse = 'issuer_gone';
  await until(async () => (await statusOf(admin)).body.includes('no_certificate'), proxy.text);
  fake.refuse = null;
  await until(async () => (await statusOf(admin)).status === 200, proxy.text, 40_000);
});

test('the log level is changed live', async () => {
  const { port } = await control();
  const proxy = startProxy(proxyEnv({ controlPort: port, trustBundle: ca.certificate }));
  const admin = await proxy.admin();
  expect((await fetch(`${admin}/proxy-log-level`, { method: 'PUT', body: 'error' })).status).toBe(200);
  expect(await (await fetch(`${admin}/proxy-log-level`)).text()).toBe('error\n');
  expect((await fetch(`${admin}/proxy-log-level`, { method: 'PUT', body: 'x'.repeat(5_000) })).status).toBeGreaterThanOrEqual(400);
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it in order', async (signal) => {
  const { port } = await control();
  const proxy = startProxy(proxyEnv({ controlPort: port, trustBundle: ca.certificate }));
  await proxy.logged('control link up');
  expect(await proxy.end(signal)).toBe(0);
  expect(proxy.lines().at(-1)).toMatchObject({ message: 'drained', unacknowledgedWindows: 0 });
});

test('a POST to /shutdown ends it in order', async () => {
  const { port } = await control();
  const proxy = startProxy(proxyEnv({ controlPort: port, trustBundle: ca.certificate }));
  expect((await fetch(`${await proxy.admin()}/shutdown`, { method: 'POST' })).status).toBe(202);
  expect(await proxy.exited).toBe(0);
});
