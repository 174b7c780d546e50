import { expect, test } from 'vitest';
import type { Endpoint, TransparentOrders } from '../wire/orders.ts';
import { Destinations, servicePortOf } from './destinations.ts';

const at = (host: string, port: number) => ({ host, port });
const endpoint: Endpoint = { address: at('10.1.0.3', 8080), workload: 'shop/host/cart', instance: 'cart-1', mesh: { address: at('10.1.0.3', 4143), identity: 'cart' } };
const cart = { addresses: ['10.96.0.10', 'fd00:96::10'], to: { service: 'shop/cart', port: 80, protocol: 'http1', endpoints: [endpoint] } } as const;
const orders: TransparentOrders = { addresses: ['10.1.0.2', 'fd00:1::2'], outboundPort: 4140, plainPort: 4142, ownPorts: [4190, 4191], services: [cart], discovery: true };
const destinations = new Destinations(orders, 4143);

test.each([
  ['10.1.0.2', 4140], ['10.1.0.2', 4142], ['10.1.0.2', 4143], ['fd00:1::2', 4191], ['127.0.0.1', 4140], ['::1', 4140], ['127.0.0.5', 4190],
])('the proxy’s own port %s:%i is no destination', (host, port) => {
  expect(destinations.known(at(host, port))).toEqual({ kind: 'own' });
});

test.each(['10.96.0.10', 'fd00:96::10'])('the service’s address %s is known at once', (host) => {
  expect(destinations.known(at(host, 80))).toEqual({ kind: 'service', service: cart });
});

test.each([
  ['another workload’s proxy', '10.1.0.3', 4143], ['another port of the service', '10.96.0.10', 81], ['somebody outside', '203.0.113.5', 80], ['the app’s own port', '10.1.0.2', 8080],
])('%s has to be asked for', (_, host, port) => {
  expect(destinations.known(at(host, port))).toEqual({ kind: 'unknown' });
});

test('an instance is called alone, a service with all that serve it, and what is outside at its very address', () => {
  expect(servicePortOf({ kind: 'endpoint', service: 'shop/cart', protocol: 'http1', endpoint }, at('10.1.0.3', 8080))).toEqual({ service: 'shop/cart', port: 8080, protocol: 'http1', endpoints: [endpoint] });
  expect(servicePortOf({ kind: 'service', to: cart.to }, at('10.96.0.10', 80))).toBe(cart.to);
  expect(servicePortOf({ kind: 'external' }, at('2001:db8::5', 443))).toEqual({
    service: 'external/2001:db8::5', port: 443, protocol: 'detect', endpoints: [{ address: at('2001:db8::5', 443), workload: '', instance: '', mesh: null }],
  });
  expect(servicePortOf({ kind: 'external' }, at('203.0.113.5', 5432)).protocol).toBe('opaque');
});
