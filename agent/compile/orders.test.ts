import { expect, test } from 'vitest';
import { Inventory } from '../inventory/inventory.ts';
import { addressAt, makeInstance, makeService, makeWorkload, TRUST_DOMAIN } from '../inventory/testing.ts';
import { compileOrders, proxyKey } from './orders.ts';
import { Revisions } from './revisions.ts';

function shop(cartTarget = 8081): Inventory {
  const inventory = new Inventory();
  inventory.reset(
    [makeService('shop/web'), makeService('shop/alias', 8000), makeService('shop/cart')],
    [
      makeWorkload('shop/web', [
        makeInstance('web-1', {
          ports: [
            { service: 'shop/web', port: 80, target: addressAt(8080), plain: addressAt(9080) },
            { service: 'shop/alias', port: 8000, target: addressAt(8080), plain: null },
          ],
          upstreams: [{ service: 'shop/cart', port: 80, listen: addressAt(9001) }],
        }),
      ]),
      makeWorkload('shop/cart', [
        makeInstance('cart-1', { mesh: addressAt(4144), ports: [{ service: 'shop/cart', port: 80, target: addressAt(cartTarget), plain: null }] }),
        makeInstance('cart-2', { mesh: null, ports: [{ service: 'shop/cart', port: 80, target: addressAt(8082), plain: null }] }),
      ]),
    ],
  );
  return inventory;
}

const web = proxyKey('shop/host/web', 'web-1');

test('a proxy gets its listeners with every endpoint of the service behind each', () => {
  const orders = compileOrders(shop(), TRUST_DOMAIN).get(web);
  expect(orders?.outbound).toMatchObject([
    { listen: addressAt(9001), service: 'shop/cart', port: 80, protocol: 'http1', endpoints: [{ instance: 'cart-1' }, { instance: 'cart-2', mesh: null }] },
  ]);
});

test('a workload that says what its proxies write and trace has it in their orders, others leave it out', () => {
  const inventory = shop();
  const telemetry = { accessLog: 'json', tracing: null } as const;
  inventory.reset(inventory.services.list(), inventory.workloads.list().map((workload) => (workload.key === 'shop/host/web' ? { ...workload, telemetry } : workload)));
  const orders = compileOrders(inventory, TRUST_DOMAIN);
  expect(orders.get(web)?.telemetry).toEqual(telemetry);
  expect(orders.get(proxyKey('shop/host/cart', 'cart-1'))).not.toHaveProperty('telemetry');
});

test('a target that two services own is one port that names both, sorted', () => {
  const orders = compileOrders(shop(), TRUST_DOMAIN).get(web);
  expect(orders?.inbound.ports).toEqual([
    { target: addressAt(8080), services: ['shop/alias', 'shop/web'], protocol: 'http1', plain: addressAt(9080) },
  ]);
});

test('an instance without a sidecar gets no orders', () => {
  expect([...compileOrders(shop(), TRUST_DOMAIN).keys()]).toEqual(['shop/host/cart/cart-1', web]);
});

test('a listener whose service is gone goes too', () => {
  const inventory = shop();
  inventory.services.delete('shop/cart');
  expect(compileOrders(inventory, TRUST_DOMAIN).get(web)?.outbound).toEqual([]);
});

test('a revision grows only for the proxies whose orders changed', () => {
  const revisions = new Revisions();
  expect(revisions.update(compileOrders(shop(), TRUST_DOMAIN), 1000)).toEqual(['shop/host/cart/cart-1', web]);
  expect(revisions.get(web)?.revision).toBe(1000);
  expect(revisions.update(compileOrders(shop(), TRUST_DOMAIN), 2000)).toEqual([]);
  expect(revisions.get(web)?.revision).toBe(1000);
  expect(revisions.update(compileOrders(shop(8099), TRUST_DOMAIN), 500)).toEqual(['shop/host/cart/cart-1', web]);
  expect(revisions.get(web)?.revision).toBe(1001);
});

test('a proxy that left the mesh is told as changed and has no orders', () => {
  const revisions = new Revisions();
  revisions.update(compileOrders(shop(), TRUST_DOMAIN), 1);
  expect(revisions.update(new Map(), 2)).toEqual(['shop/host/cart/cart-1', web]);
  expect(revisions.get(web)).toBeNull();
});
