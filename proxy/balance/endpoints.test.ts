import { expect, test } from 'vitest';
import type { Endpoint } from '../wire/orders.ts';
import { endpointKey, reconcile } from './endpoints.ts';

const base: Endpoint = {
  address: { host: '10.0.0.1', port: 80 },
  workload: 'shop/host/web',
  instance: 'web-1',
  mesh: { address: { host: '10.0.0.1', port: 4143 }, identity: 'web.shop.serviceaccount.identity.sidelight.cluster.local' },
};

const changes: readonly [string, Endpoint][] = [
  ['host', { ...base, address: { host: '10.0.0.2', port: 80 } }],
  ['port', { ...base, address: { host: '10.0.0.1', port: 81 } }],
  ['workload', { ...base, workload: 'shop/host/web2' }],
  ['instance', { ...base, instance: 'web-2' }],
  ['sidecar gone', { ...base, mesh: null }],
  ['mesh port', { ...base, mesh: { address: { host: '10.0.0.1', port: 4144 }, identity: base.mesh?.identity ?? '' } }],
  ['identity', { ...base, mesh: { address: { host: '10.0.0.1', port: 4143 }, identity: 'other.shop' } }],
];

test.each(changes)('an endpoint with another %s is another endpoint', (_, changed) => {
  expect(endpointKey(changed)).not.toBe(endpointKey(base));
});

const create = (endpoint: Endpoint) => ({ endpoint });

test('what stays keeps its object, what is new is made, what is gone is gone, twins are one', () => {
  const other = { ...base, instance: 'web-2' };
  const third = { ...base, instance: 'web-3' };
  const before = reconcile([], [base, other], create);
  const after = reconcile(before, [third, structuredClone(base), structuredClone(base)], create);
  expect(after.map((member) => member.endpoint.instance)).toEqual(['web-3', 'web-1']);
  expect(after[1]).toBe(before[0]);
});
