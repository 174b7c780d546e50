import { expect, test } from 'vitest';
import { Inventory } from '../inventory/inventory.ts';
import { addressAt, makeInstance, makeService, makeWorkload, TRUST_DOMAIN } from '../inventory/testing.ts';
import { AddressBook, PRELOADED_ENDPOINTS_MAX, PRELOADED_SERVICES_MAX, preloaded, virtualServices } from './address-book.ts';
import { compileOrders, proxyKey } from './orders.ts';

const transparent = (...addresses: string[]) => ({ addresses, outboundPort: 4140, plainPort: 4142, ownPorts: [4191] });

function shop(): Inventory {
  const inventory = new Inventory();
  inventory.reset(
    [{ ...makeService('shop/cart'), addresses: ['10.96.0.10', 'fd00:96::10'] }, makeService('shop/alias'), makeService('shop/legacy')],
    [
      makeWorkload('shop/cart', [
        makeInstance('cart-1', {
          mesh: addressAt(4143, '10.1.0.3'),
          transparent: transparent('10.1.0.3', 'fd00:1::3'),
          ports: [{ service: 'shop/cart', port: 80, target: addressAt(8080, '10.1.0.3'), plain: null }, { service: 'shop/alias', port: 80, target: addressAt(8080, '10.1.0.3'), plain: null }],
        }),
        makeInstance('cart-2', { mesh: addressAt(4143, '10.1.0.4'), transparent: transparent('10.1.0.4'), ports: [{ service: 'shop/cart', port: 80, target: addressAt(8080, '10.1.0.4'), plain: null }] }),
      ]),
      makeWorkload('shop/legacy', [makeInstance('legacy-1', { mesh: addressAt(4143, '10.0.0.9'), ports: [{ service: 'shop/legacy', port: 80, target: addressAt(8080), plain: addressAt(80, '10.0.0.9') }] })]),
    ],
  );
  return inventory;
}

const book = new AddressBook(shop());

test.each(['10.96.0.10', 'fd00:96::10'])('the service’s address %s leads to all that serve it', (host) => {
  expect(book.resolve(addressAt(80, host))).toMatchObject({ kind: 'service', to: { service: 'shop/cart', port: 80, endpoints: [{ instance: 'cart-1' }, { instance: 'cart-2' }] } });
});

test.each(['10.1.0.3', 'fd00:1::3'])('an instance’s address %s leads to it alone, by its identity, under the first service of the port', (host) => {
  expect(book.resolve(addressAt(8080, host))).toEqual({
    kind: 'endpoint', service: 'shop/alias', protocol: 'http1',
    endpoint: {
      address: { host, port: 8080 }, workload: 'shop/host/cart', instance: 'cart-1',
      mesh: { address: addressAt(4143, '10.1.0.3'), identity: 'cart.shop.serviceaccount.identity.sidelight.cluster.local' },
    },
  });
});

test('a port that no service owns is still the instance’s; its first bytes say what is spoken', () => {
  expect(book.resolve(addressAt(9999, '10.1.0.4'))).toMatchObject({ kind: 'endpoint', service: '', protocol: 'detect', endpoint: { instance: 'cart-2', address: { port: 9999 } } });
});

test('on a shared host only the address that callers outside the mesh use leads to its instance', () => {
  expect(book.resolve(addressAt(80, '10.0.0.9'))).toMatchObject({ kind: 'endpoint', service: 'shop/legacy', endpoint: { address: addressAt(8080), mesh: { address: { host: '10.0.0.9' } } } });
  expect(book.resolve(addressAt(22, '10.0.0.9'))).toEqual({ kind: 'external' });
});

test.each([addressAt(81, '10.96.0.10'), addressAt(443, '203.0.113.9'), addressAt(80, '127.0.0.1')])('anything else is outside: %j', (address) => {
  expect(book.resolve(address)).toEqual({ kind: 'external' });
});

test('a transparent instance’s orders have its addresses and the services; its mesh listener takes each of its addresses', () => {
  const orders = compileOrders(shop(), TRUST_DOMAIN);
  expect(orders.get(proxyKey('shop/host/cart', 'cart-1'))).toMatchObject({
    inbound: { mesh: { host: '::', port: 4143 } },
    transparent: { addresses: ['10.1.0.3', 'fd00:1::3'], outboundPort: 4140, plainPort: 4142, ownPorts: [4191], discovery: true, services: [{ addresses: ['10.96.0.10', 'fd00:96::10'], to: { service: 'shop/cart' } }] },
  });
  expect(orders.get(proxyKey('shop/host/cart', 'cart-2'))?.inbound.mesh).toEqual({ host: '0.0.0.0', port: 4143 });
  expect(orders.get(proxyKey('shop/host/legacy', 'legacy-1'))?.transparent).toBeUndefined();
});

test('orders name services beforehand as far as there is room; the address book knows all', () => {
  const virtual = (name: string, endpoints: number) => ({
    addresses: ['10.96.0.1'],
    to: { service: `shop/${name}`, port: 80, protocol: 'http1' as const, endpoints: Array.from({ length: endpoints }, (_, at) => ({ address: addressAt(8080, `10.1.0.${at}`), workload: 'shop/host/x', instance: `x-${at}`, mesh: null })) },
  });
  const many = Array.from({ length: PRELOADED_SERVICES_MAX + 1 }, (_, at) => virtual(`s${at}`, 1));
  expect(preloaded(many)).toEqual(many.slice(0, PRELOADED_SERVICES_MAX));
  const [huge, small] = [virtual('huge', PRELOADED_ENDPOINTS_MAX), virtual('small', 1)];
  expect(preloaded([small, huge, virtual('other', 1)]).map(({ to }) => to.service)).toEqual(['shop/small', 'shop/other']);
});

test('a service’s policy goes with it, whichever way it is dialled', () => {
  const inventory = shop();
  const cart = inventory.services.get('shop/cart');
  if (cart === null) throw new Error('the shop has a cart');
  inventory.services.apply({ ...cart, policy: { timeout: { requestMs: 500 } } });
  expect(virtualServices(inventory)[0]?.to.policy).toEqual({ timeout: { requestMs: 500 } });
  expect(new AddressBook(inventory).resolve(addressAt(80, '10.96.0.10'))).toMatchObject({ to: { policy: { timeout: { requestMs: 500 } } } });
});
