import { expect, test } from 'vitest';
import { authorize, believedWorkload } from './authorize.ts';

test('each policy allows whom it names', () => {
  expect(authorize('all-unauthenticated', null).kind).toBe('allow');
  expect(authorize('all-unauthenticated', 'web').kind).toBe('allow');
  expect(authorize('all-authenticated', 'web').kind).toBe('allow');
  expect(authorize('all-authenticated', null)).toEqual({ kind: 'deny', reason: 'unauthenticated' });
});

test.each([
  ['shop/host/web', 'shop/host/web'],
  ['shop/deployment/web-7.a', 'shop/deployment/web-7.a'],
  ['bank/host/web', ''],
  ['shop/host', ''],
  ['shop/host/web/x', ''],
  ['shop/Host/web', ''],
  ['shop/host/', ''],
  ['shop/host/-web', ''],
  ['SHOP/host/web', ''],
  ['shop/host/we b', ''],
  [`shop/host/${'a'.repeat(1_000)}`, ''],
  [null, ''],
])('of the claimed workload %s a caller in namespace shop is believed %j', (claimed, believed) => {
  expect(believedWorkload(claimed, 'shop')).toBe(believed);
});
