import { expect, test } from 'vitest';
import type { Rule, RuleScope } from '../../../cloud/wire/entities.ts';
import { conditionText, scopeText, standingOf } from './scope-text.ts';

const NONE: RuleScope = { clusterId: null, namespace: null, workload: null, service: null };
const nameOf = (id: string): string | undefined => (id === 'c1' ? 'eu-west' : undefined);

test.each<[Partial<RuleScope>, string]>([
  [{}, 'every cluster'],
  [{ clusterId: 'c1' }, 'everything in eu-west'],
  [{ clusterId: 'gone' }, 'everything in a removed cluster'],
  [{ namespace: 'shop' }, 'the namespace shop'],
  [{ clusterId: 'c1', workload: 'shop/deployment/web' }, 'web in eu-west'],
  [{ service: 'shop/orders' }, 'the service orders'],
])('the scope %o reads %s', (scope, text) => {
  expect(scopeText({ ...NONE, ...scope }, nameOf)).toBe(text);
});

test('a condition names rate, window and least traffic', () => {
  expect(conditionText({ threshold: 0.99, windowSeconds: 300, minRequests: 20 }).replaceAll('\u00a0', ' ')).toBe('below 99.00 % over 5 min, from 20 requests');
});

const state = (name: 'ok' | 'firing' | 'nodata', clusterName = 'a'): Rule['states'][number] => ({ clusterId: clusterName, clusterName, state: name, since: '', evaluatedAt: '', successRate: null, requests: 0 });

test.each([
  [true, [state('ok'), state('firing', 'eu-west')], 'failing', 'firing in eu-west'],
  [true, [state('firing', 'a'), state('firing', 'b')], 'failing', 'firing in 2 clusters'],
  [true, [state('nodata'), state('ok')], 'ok', 'ok'],
  [true, [], 'nodata', 'too little traffic'],
  [false, [state('firing')], 'stale', 'off'],
] as const)('enabled %s with %o stands %s', (enabled, states, status, word) => {
  expect(standingOf({ enabled, states: [...states] })).toEqual({ status, word });
});
