import { expect, test } from 'vitest';
import type { Topology, TopologyNode } from '../../../cloud/wire/entities.ts';
import { readTarget, SUBJECTS_MAX, subjectsOf, targetChoices, writeTarget } from './target.ts';

const NONE = { namespace: null, workload: null, service: null };

test.each([NONE, { ...NONE, namespace: 'shop' }, { ...NONE, workload: 'shop/deployment/web' }, { ...NONE, service: 'external/api.example:443' }])('a target survives the select: %o', (target) => {
  expect(readTarget(writeTarget(target))).toEqual(target);
});

test('an unknown text watches everything', () => {
  expect(readTarget('nonsense')).toEqual(NONE);
});

const workload = (namespace: string, name: string): TopologyNode => ({ key: `${namespace}/host/${name}`, kind: 'workload', namespace, name, meshed: true, instances: 1, status: 'ok', golden: null });
const TOPOLOGY: Topology = { range: { fromMs: 0, toMs: 1, resolutionMs: 1 }, sentence: '', edges: [], nodes: [workload('shop', 'web'), workload('shop', 'api'), workload('bank', 'ledger')] };

test('what the rule watches is offered even when it is silent now', () => {
  expect(targetChoices(TOPOLOGY, { ...NONE, clusterId: null, namespace: 'gone' }).namespaces).toEqual(['bank', 'gone', 'shop']);
  expect(targetChoices(undefined, { ...NONE, clusterId: null, workload: 'a/b/c' })).toEqual({ namespaces: [], workloads: ['a/b/c'], services: [] });
});

test('a namespace is judged by the sum of its workloads, up to a limit', () => {
  expect(subjectsOf(NONE, undefined)).toEqual(['cluster']);
  expect(subjectsOf({ ...NONE, service: 'shop/web' }, undefined)).toEqual(['service:shop/web']);
  expect(subjectsOf({ ...NONE, namespace: 'shop' }, undefined)).toBeNull();
  expect(subjectsOf({ ...NONE, namespace: 'shop' }, TOPOLOGY)).toEqual(['workload:shop/host/web', 'workload:shop/host/api']);
  const many = { ...TOPOLOGY, nodes: Array.from({ length: 40 }, (_, at) => workload('shop', `w${at}`)) };
  expect(subjectsOf({ ...NONE, namespace: 'shop' }, many)).toHaveLength(SUBJECTS_MAX);
});
