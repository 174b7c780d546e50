import { expect, test } from 'vitest';
import type { EdgeTotal } from '../series/edge.ts';
import type { RuleScope } from './sentence.ts';
import { scopeTotals, symptomOf } from './symptom.ts';

const ALL: RuleScope = { clusterId: null, namespace: null, workload: null, service: null };

function edge(source: string, destination: string, requests: number, failuresApp: number, more: Partial<EdgeTotal> = {}): EdgeTotal {
  const name = destination.split('/');
  return {
    direction: 'inbound', source, service: `${name[0] ?? ''}/${name[2] ?? ''}`, destination, protocol: 'http1', tls: source === '' ? 'plain' : 'mtls',
    requests, failuresApp, failuresMesh: 0, failuresClient: 0, ...more,
  };
}

const WEB = 'shop/host/web';
const PAY = 'shop/host/pay';
const LEDGER = 'bank/host/ledger';
const CHAIN = [edge('', WEB, 100, 30), edge(WEB, PAY, 100, 30), edge(PAY, LEDGER, 100, 31), edge('', LEDGER, 5, 1)];

test('a named workload or service is its own symptom', () => {
  expect(symptomOf(CHAIN, { ...ALL, workload: PAY }, 0.99)).toEqual({ workload: PAY });
  expect(symptomOf(CHAIN, { ...ALL, service: 'shop/pay' }, 0.99)).toEqual({ service: 'shop/pay' });
});

test('of a chain the symptom is the end that users see, not where it starts', () => {
  expect(symptomOf(CHAIN, ALL, 0.99)).toEqual({ workload: WEB });
});

test('of a namespace it is the end that other namespaces see', () => {
  expect(symptomOf(CHAIN, { ...ALL, namespace: 'bank' }, 0.99)).toEqual({ workload: LEDGER });
});

test('in a ring of failing workloads it is the one with the most failures', () => {
  expect(symptomOf([edge(PAY, WEB, 10, 4), edge(WEB, PAY, 10, 5)], ALL, 0.99)).toEqual({ workload: PAY });
});

test('without failures there is none', () => {
  expect(symptomOf([edge('', WEB, 100, 0)], ALL, 0.99)).toBeNull();
  expect(symptomOf([], ALL, 0.99)).toBeNull();
});

test('a scope counts inbound requests, of a service the edges to it, and never connections', () => {
  const edges = [
    edge('', WEB, 10, 1), edge(WEB, PAY, 20, 2), edge(WEB, PAY, 21, 3, { direction: 'outbound', failuresMesh: 1 }),
    edge('', PAY, 4, 0), edge(PAY, LEDGER, 50, 50, { protocol: 'opaque' }),
  ];
  expect(scopeTotals(edges, ALL)).toEqual({ requests: 34, failuresApp: 3, failuresMesh: 0, failuresClient: 0 });
  expect(scopeTotals(edges, { ...ALL, workload: PAY })).toEqual({ requests: 24, failuresApp: 2, failuresMesh: 0, failuresClient: 0 });
  expect(scopeTotals(edges, { ...ALL, service: 'shop/pay' })).toEqual({ requests: 25, failuresApp: 3, failuresMesh: 1, failuresClient: 0 });
  expect(scopeTotals(edges, { ...ALL, namespace: 'bank' }).requests).toBe(0);
});
