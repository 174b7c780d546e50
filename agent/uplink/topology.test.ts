import { expect, test } from 'vitest';
import { Inventory } from '../inventory/inventory.ts';
import { addressAt, makeInstance, makeService, makeWorkload } from '../inventory/testing.ts';
import type { ProxyState } from '../wire/topology.ts';
import { takeSnapshot } from './topology.ts';

const proxyOf = (name: string, over: Partial<ProxyState> = {}): ProxyState => ({
  instance: `i-${name}`, name, workload: 'shop/host/web', version: '0.1.0', identity: null, ready: true, connected: true, certificateNotAfter: null, ...over,
});

function meshedWith(proxies: readonly ProxyState[], sidecars: readonly boolean[] = [true, true]): { meshed: boolean; identity: string | null } | undefined {
  const inventory = new Inventory();
  const instances = sidecars.map((has, at) => makeInstance(`web-${at + 1}`, { mesh: has ? addressAt(4143 + at) : null }));
  inventory.reset([], [makeWorkload('shop/web', instances)]);
  return takeSnapshot({ takenAtMs: 1, inventory, proxies, trustDomain: 'cluster.local', trustAnchorNotAfterMs: 0 }).workloads[0];
}

test.each([
  { what: 'all sidecars are connected and ready', proxies: [proxyOf('web-1'), proxyOf('web-2')], meshed: true },
  { what: 'one has not come', proxies: [proxyOf('web-1')], meshed: false },
  { what: 'one is not ready', proxies: [proxyOf('web-1'), proxyOf('web-2', { ready: false })], meshed: false },
  { what: 'one is gone', proxies: [proxyOf('web-1'), proxyOf('web-2', { connected: false })], meshed: false },
])('a workload counts as meshed only when every instance is: $what', ({ proxies, meshed }) => {
  expect(meshedWith(proxies)?.meshed).toBe(meshed);
});

test('a workload with an instance outside is not meshed, and one without any sidecar has no identity', () => {
  expect(meshedWith([proxyOf('web-1')], [true, false])).toMatchObject({ meshed: false, identity: expect.stringContaining('web.shop.') });
  expect(meshedWith([], [false])).toMatchObject({ meshed: false, identity: null });
});

test('a service names the workloads behind it', () => {
  const inventory = new Inventory();
  const serving = (name: string) => makeInstance(name, { ports: [{ service: 'shop/web', port: 80, target: addressAt(8080), plain: null }] });
  inventory.reset([makeService('shop/web'), makeService('shop/empty')], [makeWorkload('shop/blue', [serving('b-1'), serving('b-2')]), makeWorkload('shop/green', [serving('g-1')])]);
  const { services } = takeSnapshot({ takenAtMs: 1, inventory, proxies: [], trustDomain: 'cluster.local', trustAnchorNotAfterMs: 0 });
  expect(services.map(({ key, workloads }) => [key, workloads])).toEqual([['shop/empty', []], ['shop/web', ['shop/host/blue', 'shop/host/green']]]);
});
