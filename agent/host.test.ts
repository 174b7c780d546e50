import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeEdge } from './aggregate/testing.ts';
import { certify, FakeProxy, RingProxy } from './proxies/testing.ts';
import { AgentProcess, eventually, freePorts } from './testing.ts';
import { FakeCloud, seededRandom, TOKEN } from './uplink/testing.ts';
import { AGENT_VERSION } from './version.ts';

let folder: string;
let control: number;
const agents: AgentProcess[] = [];
const proxies: { stop(): void }[] = [];
const clouds: FakeCloud[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sidelight-agent-'));
  [control = 0] = await freePorts(1);
  writeFileSync(join(folder, 'mesh.yaml'), meshText());
  writeFileSync(join(folder, 'token'), `${TOKEN}\n`);
});
afterEach(async () => {
  for (const proxy of proxies.splice(0)) proxy.stop();
  for (const agent of agents.splice(0)) await agent.kill('SIGKILL');
  for (const cloud of clouds.splice(0)) await cloud.stop();
  rmSync(folder, { recursive: true, force: true });
});

function meshText(cartPort = 4144): string {
  return `apiVersion: sidelight.dev/v1
kind: Mesh
control: { listen: 127.0.0.1:${control} }
services:
  - { name: web, namespace: shop, ports: [{ port: 80 }] }
  - { name: cart, namespace: shop, ports: [{ port: 80 }] }
workloads:
  - name: web
    namespace: shop
    instances:
      - name: web-1
        mesh: 127.0.0.1:4143
        ports: [{ service: web, port: 80, target: 127.0.0.1:8080 }]
        upstreams: [{ service: cart, port: 80, listen: 127.0.0.1:9001 }]
  - name: cart
    namespace: shop
    instances:
      - { name: cart-1, mesh: 127.0.0.1:${cartPort}, ports: [{ service: cart, port: 80, target: 127.0.0.1:8081 }] }
`;
}

function launch(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): AgentProcess {
  const agent = new AgentProcess(['host', '--mesh', join(folder, 'mesh.yaml'), '--state', join(folder, 'state'), ...args], env);
  agents.push(agent);
  return agent;
}

async function launchCloud(seed: number): Promise<FakeCloud> {
  const cloud = new FakeCloud(seededRandom(seed));
  clouds.push(cloud);
  await cloud.start();
  return cloud;
}

const dialFacts = () => ({ port: control, trustBundle: readFileSync(join(folder, 'state/trust-bundle.pem'), 'utf8') });
const tokenOf = (name: string): string => readFileSync(join(folder, `state/tokens/shop.${name}`), 'utf8').trim();

async function linked(name: string): Promise<FakeProxy> {
  const client = await certify(dialFacts(), `shop/host/${name}`, tokenOf(name));
  const proxy = await FakeProxy.dial({ ...dialFacts(), client });
  proxies.push({ stop: () => proxy.end() });
  proxy.hello(`shop/host/${name}`, `${name}-1`, createHash('sha256').update(name).digest('hex').slice(0, 16));
  await proxy.next('welcome');
  return proxy;
}

async function admin(agent: AgentProcess, path: string): Promise<{ status: number; text: string }> {
  const { admin: address } = await agent.logged('agent ready');
  const response = await fetch(`http://${String(address)}${path}`);
  return { status: response.status, text: await response.text() };
}

test('without a cloud the mesh runs: certificates, orders, ticks, and windows that nobody keeps are acknowledged', async () => {
  const agent = launch(['--window-ms', '300']);
  await agent.logged('agent ready');
  const proxy = await linked('web');
  expect((await proxy.next('orders')).orders.outbound).toMatchObject([{ service: 'shop/cart', endpoints: [{ instance: 'cart-1' }] }]);
  const { tick } = await proxy.next('tick');
  const instance = createHash('sha256').update('web').digest('hex').slice(0, 16);
  proxy.send({ kind: 'window', window: { instance, sequence: 1, tick, edges: [makeEdge()], routes: [], dropped: { windows: 0, folded: 0 } } });
  expect(await proxy.next('acknowledge')).toEqual({ kind: 'acknowledge', sequence: 1 });
  expect(await admin(agent, '/ready')).toEqual({ status: 200, text: 'ready\n' });
  expect((await admin(agent, '/live')).status).toBe(200);
  const { text } = await admin(agent, '/metrics');
  expect(text).toMatch(/^sidelight_agent_proxies_connected 1$/m);
  expect(text).toMatch(/^sidelight_agent_windows_merged_total 1$/m);
  expect(await agent.kill('SIGTERM')).toBe(0);
});

test('a changed mesh file is applied while proxies are linked; a bad one is refused with all its faults', async () => {
  const agent = launch();
  await agent.logged('agent ready');
  const proxy = await linked('web');
  const before = await proxy.next('orders');
  writeFileSync(join(folder, 'mesh.yaml'), meshText(4999).replace('kind: Mesh', 'kind: Mush').replace('service: cart, port: 80, l', 'service: cart, port: 81, l'));
  const refused = await agent.logged('the changed mesh file has faults; the mesh before stays in force');
  expect(refused['faults']).toEqual([expect.stringContaining(':2:7: '), expect.stringContaining('mesh_port_unknown')]);
  writeFileSync(join(folder, 'mesh.yaml'), meshText(4999));
  const { orders } = await proxy.next('orders');
  expect(orders.outbound[0]?.endpoints[0]?.mesh?.address.port).toBe(4999);
  expect(orders.revision).toBeGreaterThan(before.orders.revision);
  writeFileSync(join(folder, 'mesh.yaml'), meshText(4999).replace('kind: Mesh', 'kind: Mesh\ntrustDomain: other.local'));
  await eventually(() => agent.log.filter(({ code }) => code === 'mesh_refused').length, { timeout: 15_000 }).toBe(2);
  expect(agent.stderr).toContain('mesh_restart_required');
});

test('authority and tokens are kept over a restart, and their files are the owner’s only', async () => {
  const first = launch();
  await first.logged('agent ready');
  const kept = [join(folder, 'state/ca/key.pem'), join(folder, 'state/ca/certificate.pem'), join(folder, 'state/tokens/shop.web'), join(folder, 'state/trust-bundle.pem')];
  const before = kept.map((file) => readFileSync(file, 'utf8'));
  expect([kept[0] ?? '', kept[2] ?? ''].map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600]);
  expect(await first.kill('SIGINT')).toBe(0);
  const second = launch();
  await second.logged('agent ready');
  expect(kept.map((file) => readFileSync(file, 'utf8'))).toEqual(before);
  await linked('cart');
  for (const secret of [before[0] ?? '', before[2] ?? '']) expect(first.stderr + second.stderr).not.toContain(secret.trim().slice(0, 60));
});

test('wrong options and a bad mesh file end with code 2, each fault on its line', async () => {
  const options = new AgentProcess(['host', '--windows', '9', '--state', folder]);
  expect(await options.exited).toBe(2);
  expect(options.stderr.match(/\(option_\w+\)$/gm)).toEqual(['(option_unknown)', '(option_unknown)', '(option_missing)']);
  writeFileSync(join(folder, 'mesh.yaml'), meshText().replace('kind: Mesh', 'kind: Mush').replace('127.0.0.1:4143', 'localhost:4143').replace('namespace: shop\n    instances', 'namespace: SHOP\n    instances'));
  const mesh = launch();
  expect(await mesh.exited).toBe(2);
  expect(mesh.stderr.match(/\(mesh_\w+\)/g)?.length).toBeGreaterThanOrEqual(2);
  const missing = new AgentProcess(['host', '--mesh', join(folder, 'none.yaml'), '--state', folder]);
  expect(await missing.exited).toBe(2);
  expect(missing.stderr).toContain('mesh_unreadable');
  const help = new AgentProcess(['--help']);
  expect(await help.exited).toBe(0);
  expect(help.stdout).toContain('--mesh FILE');
});

test('a port in use, a state folder in use or unwritable: code 1 with what to do, and nothing half started', async () => {
  const agent = launch();
  await agent.logged('agent ready');
  const same = launch();
  expect(await same.exited).toBe(1);
  expect(same.stderr).toContain('(state_in_use)');
  const port = new AgentProcess(['host', '--mesh', join(folder, 'mesh.yaml'), '--state', join(folder, 'other')]);
  expect(await port.exited).toBe(1);
  expect(port.stderr).toContain('(control_listen_failed)');
  const file = new AgentProcess(['host', '--mesh', join(folder, 'mesh.yaml'), '--state', join(folder, 'mesh.yaml')]);
  expect(await file.exited).toBe(1);
  expect(file.stderr).toContain('(state_unwritable)');
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const address = taken.address();
  await agent.kill('SIGKILL');
  const admined = launch(['--admin', `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`]);
  expect(await admined.exited).toBe(1);
  expect(admined.stderr).toContain('(admin_listen_failed)');
  taken.close();
});

test('certificates live as long as asked, and the control server’s own is renewed while it runs', async () => {
  const agent = launch(['--leaf-ttl-ms', '3000']);
  await agent.logged('agent ready');
  const { certificatePem } = await certify(dialFacts(), 'shop/host/web', tokenOf('web'));
  const leftMs = new X509Certificate(certificatePem).validToDate.getTime() - Date.now();
  expect(leftMs).toBeLessThanOrEqual(3_000);
  const first = await FakeProxy.dial(dialFacts());
  const serial = first.socket.getPeerX509Certificate()?.serialNumber;
  first.end();
  await eventually(
    async () => {
      const next = await FakeProxy.dial(dialFacts());
      next.end();
      return next.socket.getPeerX509Certificate()?.serialNumber;
    },
    { timeout: 15_000, interval: 200 },
  ).not.toBe(serial);
});

test('the cloud’s clock becomes the mesh’s', async () => {
  const cloud = await launchCloud(1);
  cloud.clockAheadMs = 600_000;
  const agent = launch(['--cloud', cloud.url, '--token-file', join(folder, 'token'), '--window-ms', '1000']);
  await agent.logged('agent ready');
  const proxy = await linked('web');
  const { tick, tickMs, elapsedMs } = await proxy.next('tick');
  expect(Math.abs(tick * tickMs + elapsedMs - (Date.now() + 600_000))).toBeLessThan(1_000);
});

test.each([600_000, -600_000])('an agent whose clock is wrong by %i ms serves at once, with certificates that hold now and windows of the cloud’s time', async (offsetMs) => {
  const cloud = await launchCloud(1);
  const agent = launch(['--cloud', cloud.url, '--token-file', join(folder, 'token'), '--window-ms', '1000', '--clock-offset-ms', String(offsetMs)]);
  await agent.logged('agent ready');
  const proxy = await linked('web');
  const { tick, tickMs, elapsedMs } = await proxy.next('tick');
  expect(Math.abs(tick * tickMs + elapsedMs - Date.now())).toBeLessThan(1_000);
  const { certificatePem } = await certify(dialFacts(), 'shop/host/web', tokenOf('web'));
  for (const pem of [certificatePem, dialFacts().trustBundle, proxy.socket.getPeerX509Certificate()?.toString() ?? '']) {
    const { validFromDate, validToDate } = new X509Certificate(pem);
    expect(validFromDate.getTime()).toBeLessThanOrEqual(Date.now());
    expect(validToDate.getTime()).toBeGreaterThan(Date.now() + 3_600_000);
  }
  const code = offsetMs > 0 ? 'clock_stepped' : 'clock_moved';
  const line = agent.log.find((logged) => logged['code'] === code);
  expect(line).toMatchObject(offsetMs > 0 ? { level: 'warn', page: `${cloud.url}/docs/errors/${code}` } : { level: 'info' });
});

test('the topology says who is meshed, with identities and certificates', async () => {
  const cloud = await launchCloud(1);
  const agent = launch(['--cloud', cloud.url, '--token-file', join(folder, 'token')]);
  await agent.logged('agent ready');
  await eventually(() => cloud.snapshots.length).toBe(1);
  expect(cloud.snapshots[0]?.workloads.map(({ key, meshed }) => [key, meshed])).toEqual([['shop/host/cart', false], ['shop/host/web', false]]);
  const proxy = await linked('web');
  proxy.send({ kind: 'status', ready: true, revision: 1, certificateNotAfter: '2030-01-01T00:00:00.000Z' });
  await eventually(() => cloud.snapshots.at(-1)?.workloads.map(({ meshed }) => meshed)).toEqual([false, true]);
  expect(cloud.snapshots.at(-1)).toMatchObject({
    trustDomain: 'cluster.local',
    services: [{ key: 'shop/cart', workloads: ['shop/host/cart'] }, { key: 'shop/web', ports: [{ port: 80, protocol: 'http1' }] }],
    proxies: [{ name: 'web-1', ready: true, connected: true, identity: 'web.shop.serviceaccount.identity.sidelight.cluster.local', certificateNotAfter: '2030-01-01T00:00:00.000Z' }],
  });
});

test('nothing is lost and nothing doubled when the agent is killed again and again and the cloud misbehaves', async () => {
  const cloud = await launchCloud(5);
  cloud.mischief = { crashBefore: 0.05, crashAfter: 0.05, loseAcknowledgement: 0.1, duplicate: 0.1, reorder: 0.1 };
  const args = ['--cloud', cloud.url, '--token-file', join(folder, 'token'), '--window-ms', '200'];
  let agent = launch(args);
  await agent.logged('agent ready');
  const rings = await Promise.all(
    ['web', 'cart'].map(async (name) => {
      const client = await certify(dialFacts(), `shop/host/${name}`, tokenOf(name));
      const instance = createHash('sha256').update(name).digest('hex').slice(0, 16);
      const ring = new RingProxy({ ...dialFacts(), client, workload: `shop/host/${name}`, name: `${name}-1`, instance });
      proxies.push(ring);
      return { name, ring };
    }),
  );
  const sent = new Map<string, number>();
  const report = (): void => {
    for (const { name, ring } of rings) {
      const requests = 1 + (sent.size % 7);
      const tick = ring.report([makeEdge({ source: `shop/host/${name}`, requests })]);
      if (tick === null) continue;
      const key = `shop/host/${name} ${tick * 200}`;
      sent.set(key, (sent.get(key) ?? 0) + requests);
    }
  };
  const reporter = setInterval(report, 40);
  for (const waitMs of [700, 250, 900, 500, 1_100]) {
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    await agent.kill('SIGKILL');
    agent = launch(args);
    await agent.logged('agent ready');
    if (waitMs === 900) await cloud.stop().then(() => cloud.start());
  }
  clearInterval(reporter);
  cloud.mischief = {};
  await eventually(() => rings.map(({ ring }) => ring.waiting), { timeout: 15_000 }).toEqual([0, 0]);
  const sum = (totals: Map<string, number>): number => [...totals.values()].reduce((total, requests) => total + requests, 0);
  await eventually(() => sum(cloud.totals()), { timeout: 15_000 }).toBe(sum(sent));
  expect(Object.fromEntries(cloud.totals())).toEqual(Object.fromEntries(sent));
  expect(sent.size).toBeGreaterThan(20);
}, 90_000);

test('the version told is that of the package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  expect(AGENT_VERSION).toBe(version);
});
