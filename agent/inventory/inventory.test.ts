import { expect, test } from 'vitest';
import { endpointsOf, Inventory } from './inventory.ts';
import { Keyed } from './keyed.ts';
import { addressAt, makeInstance, makeService, makeWorkload } from './testing.ts';

test('apply, delete and reset tell whether anything changed', () => {
  const items = new Keyed<{ key: string; value: number }>((item) => item.key);
  expect(items.apply({ key: 'a', value: 1 })).toBe(true);
  expect(items.apply({ key: 'a', value: 1 })).toBe(false);
  expect(items.apply({ key: 'a', value: 2 })).toBe(true);
  expect(items.delete('b')).toBe(false);
  expect(items.reset([{ key: 'a', value: 2 }])).toBe(false);
  expect(items.reset([{ key: 'b', value: 1 }])).toBe(true);
  expect(items.get('a')).toBeNull();
  expect(items.reset([])).toBe(true);
  expect(items.reset([])).toBe(false);
});

test('a list is in the order of keys, whatever the order of changes', () => {
  const items = new Keyed<{ key: string }>((item) => item.key);
  for (const key of ['c', 'a', 'b']) items.apply({ key });
  expect(items.list().map((item) => item.key)).toEqual(['a', 'b', 'c']);
});

test('an endpoint with a sidecar carries its mesh address and identity, one without is dialled directly', () => {
  const inventory = new Inventory();
  const port = (target: number) => [{ service: 'shop/cart', port: 80, target: addressAt(target), plain: null }];
  inventory.reset(
    [makeService('shop/cart')],
    [
      makeWorkload('shop/cart', [makeInstance('cart-1', { ports: port(8080) })]),
      makeWorkload('shop/legacy', [makeInstance('legacy-1', { mesh: null, ports: port(8081) })]),
    ],
  );
  const index = inventory.endpoints();
  expect(endpointsOf(index, 'shop/cart', 80)).toEqual([
    {
      address: addressAt(8080),
      workload: 'shop/host/cart',
      instance: 'cart-1',
      mesh: { address: addressAt(4143), identity: 'cart.shop.serviceaccount.identity.sidelight.cluster.local' },
    },
    { address: addressAt(8081), workload: 'shop/host/legacy', instance: 'legacy-1', mesh: null },
  ]);
  expect(endpointsOf(index, 'shop/cart', 81)).toEqual([]);
});

test('a reset to the same mesh changes nothing, a changed address does', () => {
  const inventory = new Inventory();
  const mesh = (port: number) => [makeWorkload('shop/cart', [makeInstance('cart-1', { mesh: addressAt(port) })])];
  expect(inventory.reset([], mesh(4143))).toBe(true);
  expect(inventory.reset([], mesh(4143))).toBe(false);
  expect(inventory.reset([], mesh(4144))).toBe(true);
});

test.each([
  [5432, 'detect', 'opaque'],
  [80, 'detect', 'detect'],
  [5432, 'http2', 'http2'],
] as const)('port %i declared %s is %s to both ends of a hop', (port, declared, protocol) => {
  const inventory = new Inventory();
  inventory.reset([makeService('shop/cart', port, declared)], []);
  expect(inventory.protocolOf('shop/cart', port)).toBe(protocol);
});
