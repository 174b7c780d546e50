import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ProxyOrders } from '../wire/orders.ts';
import { Applied } from './applied.ts';

const golden = readFileSync(`${import.meta.dirname}/../wire/golden/control-1/from-orders.json`, 'utf8');
const { orders } = JSON.parse(golden) as { orders: ProxyOrders };

function setUp(problems: readonly (readonly string[])[] = []) {
  const applied: ProxyOrders[] = [];
  const state = new Applied('shop/host/web', 'cluster.local', (taken) => problems[applied.push(taken) - 1] ?? []);
  return { applied, state };
}

test('orders are put in force once, however often they are sent', () => {
  const { applied, state } = setUp();
  expect(state.take(orders)).toEqual({ kind: 'applied', problems: [] });
  expect(state.take(structuredClone(orders))).toEqual({ kind: 'same' });
  expect(state.take({ ...orders, revision: 8 })).toEqual({ kind: 'applied', problems: [] });
  expect(applied.map(({ revision }) => revision)).toEqual([7, 8]);
});

test.each([
  ['workload', { workload: 'shop/host/cart' }],
  ['trust domain', { trustDomain: 'example.org' }],
])('orders for another %s are refused, and the last good ones stay', (_, change) => {
  const { applied, state } = setUp();
  state.take(orders);
  expect(state.take({ ...orders, revision: 8, ...change })).toMatchObject({ kind: 'refused', code: 'orders_for_another_proxy' });
  expect(state.orders).toBe(orders);
  expect(applied).toHaveLength(1);
  expect(state.refused).toBe(1);
});

test('what could not be opened is told, tried again, and forgotten when it could', () => {
  const { state } = setUp([['port 9001 is in use'], ['port 9001 is in use'], []]);
  expect(state.take(orders)).toEqual({ kind: 'applied', problems: ['port 9001 is in use'] });
  expect(state.retry()).toEqual(['port 9001 is in use']);
  expect(state.retry()).toEqual([]);
  expect(state.problems).toEqual([]);
});
