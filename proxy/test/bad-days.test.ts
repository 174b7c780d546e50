/** Bad days of a running proxy: each is told with a code, nothing crashes or loops, and it recovers by itself. */
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { identityOf } from '../wire/labels.ts';
import { startFakeControl, type FakeControl, type FakeControlOptions } from './fake-control.ts';
import { freePorts } from './free-ports.ts';
import { meshOrders } from './orders.ts';
import { cleanUp, proxyEnv, startProxy, temporaryFolder, until, type ProxyProcess } from './proxy-process.ts';
import { createTestCa } from './test-ca.ts';

const ca = createTestCa();
const controls: FakeControl[] = [];

afterEach(async () => {
  await cleanUp();
  await Promise.all(controls.splice(0).map((control) => control.close()));
});

async function control(options: Partial<FakeControlOptions> = {}): Promise<FakeControl> {
  const [meshPort = 0] = await freePorts(1);
  const orders = meshOrders('shop/host/web', meshPort);
  const started = await startFakeControl({ ca, leafName: () => identityOf('web', 'shop', 'cluster.local'), orders: () => orders, ...options });
  controls.push(started);
  return started;
}

const coded = (proxy: ProxyProcess, code: string) => proxy.lines().filter((line) => line['code'] === code);
const ready = async (proxy: ProxyProcess): Promise<boolean> => (await fetch(`${await proxy.admin()}/ready`)).status === 200;
const running = (proxy: ProxyProcess): boolean => proxy.child.exitCode === null && proxy.child.signalCode === null;

test('an older control plane that refuses this version is told with its code, asked ever more seldom, and taken when it was upgraded', async () => {
  const older = await control();
  older.refuse = 'wire_version';
  const proxy = startProxy(proxyEnv({ controlPort: older.port, trustBundle: ca.certificate }));
  await until(() => coded(proxy, 'wire_version').length >= 2, proxy.text);
  const waits = coded(proxy, 'wire_version').map((line) => Number(line['againInMs']));
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(50);
  expect(older.certifies.length).toBeLessThanOrEqual(coded(proxy, 'wire_version').length + 1);
  expect([running(proxy), await ready(proxy)]).toEqual([true, false]);
  older.refuse = null;
  await until(() => ready(proxy), proxy.text, 60_000);
}, 120_000);

test('a state folder that takes nothing any more is told, and the proxy serves all the same', async () => {
  const plane = await control({ leafMs: 6_000 });
  const stateDir = join(temporaryFolder(), 'state');
  const proxy = startProxy(proxyEnv({ controlPort: plane.port, trustBundle: ca.certificate, stateDir }));
  await until(() => ready(proxy), proxy.text);
  rmSync(stateDir, { recursive: true });
  writeFileSync(stateDir, '');
  const line = await until(() => coded(proxy, 'state_unwritable')[0], proxy.text);
  expect(line).toMatchObject({ level: 'error', message: expect.stringContaining("can't be kept") });
  await until(() => plane.certifies.length >= 3, proxy.text);
  expect([running(proxy), await ready(proxy)]).toEqual([true, true]);
}, 120_000);

test('a listener of the orders whose port is taken is told with its code; the rest is in force, and it opens when the port is free', async () => {
  const [taken = 0] = await freePorts(1);
  const other = createServer().listen(taken, '127.0.0.1');
  await once(other, 'listening');
  const plane = await control({ orders: () => meshOrders('shop/host/web', taken) });
  const proxy = startProxy(proxyEnv({ controlPort: plane.port, trustBundle: ca.certificate }));
  const line = await until(() => coded(proxy, 'listener_failed')[0], proxy.text);
  expect(JSON.stringify(line)).toContain(String(taken));
  expect([running(proxy), await ready(proxy)]).toEqual([true, false]);
  other.close();
  await until(() => ready(proxy), proxy.text);
  expect(coded(proxy, 'listener_failed')).toHaveLength(1);
}, 60_000);
