import { beforeEach, expect, test } from 'vitest';
import { INBOUND_TARGET_IDLE_MS } from '../sockets/limits.ts';
import { Sockets } from '../sockets/sockets.ts';
import { Series } from '../telemetry/series.ts';
import type { ProxyOrders } from '../wire/orders.ts';
import { Targets } from './targets.ts';

const ORDERS: ProxyOrders = {
  revision: 1, workload: 'shop/host/cart', trustDomain: 'cluster.local', outbound: [],
  inbound: {
    mesh: { host: '::', port: 4143 }, policy: 'all-unauthenticated',
    ports: [{ target: { host: '10.1.0.3', port: 8080 }, services: ['shop/cart'], protocol: 'http1', plain: null }],
  },
  transparent: { addresses: ['10.1.0.3', 'fd00:1::3'], outboundPort: 4140, plainPort: 4142, ownPorts: [4191], services: [], discovery: true },
};

let nowMs: number;
let targets: Targets;

beforeEach(() => {
  nowMs = 1_000;
  targets = new Targets({ sockets: new Sockets(() => nowMs * 1_000, () => undefined), recorder: new Series() });
  targets.apply(ORDERS);
});

test('a named port is the same at each of the workload’s addresses', () => {
  expect(targets.get('10.1.0.3:8080')?.port.services).toEqual(['shop/cart']);
  expect(targets.get('[fd00:1::3]:8080')?.port).toMatchObject({ target: { host: 'fd00:1::3', port: 8080 }, services: ['shop/cart'], protocol: 'http1' });
});

test.each([
  ['10.1.0.3:9999', 'detect'], ['[fd00:1::3]:5432', 'opaque'],
])('a port of the workload that no service owns is a target as well: %s', (key, protocol) => {
  expect(targets.get(key)?.port).toMatchObject({ services: [], protocol, plain: null });
  expect(targets.get(key)).toBe(targets.get(key));
});

test.each([
  '127.0.0.1:8080', '10.1.0.4:8080', '10.1.0.3', '10.1.0.3:', '10.1.0.3:0', '10.1.0.3:65536', '10.1.0.3:080', '010.1.0.3:80', '[fd00:1:0::3]:80', 'fd00:1::3:80', '[::1]:80', '[::ffff:10.1.0.3]:80', 'cart:80', '',
])('%j is no target', (key) => {
  expect(targets.get(key)).toBeUndefined();
});

test('a port that nobody dials any more is forgotten, a named one never', () => {
  const named = targets.get('10.1.0.3:8080');
  const unnamed = targets.get('10.1.0.3:9999');
  nowMs += INBOUND_TARGET_IDLE_MS - 1;
  targets.sweep(nowMs);
  expect(targets.get('10.1.0.3:9999')).toBe(unnamed);
  nowMs += INBOUND_TARGET_IDLE_MS;
  targets.sweep(nowMs);
  expect(targets.get('10.1.0.3:9999')).not.toBe(unnamed);
  expect(targets.get('10.1.0.3:8080')).toBe(named);
});

test('without transparent orders only named ports are targets', () => {
  const { revision, workload, trustDomain, inbound, outbound } = ORDERS;
  targets.apply({ revision, workload, trustDomain, inbound, outbound });
  expect(targets.get('10.1.0.3:8080')).toBeDefined();
  expect(targets.get('10.1.0.3:9999')).toBeUndefined();
});
