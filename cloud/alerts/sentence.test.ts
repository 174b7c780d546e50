import { expect, test } from 'vitest';
import { clock, openedSentence, percent, resolvedText, type PathStep, type RuleScope } from './sentence.ts';

const NOW = Date.parse('2026-11-22T14:05:30Z');
const SINCE = Date.parse('2026-11-22T14:02:10Z');
const ALL: RuleScope = { clusterId: null, namespace: null, workload: null, service: null };

function step(workload: string | null, service: string | null = null): PathStep {
  return { workload, service, failureShare: 1, requests: 10 };
}

function sentence(scope: Partial<RuleScope>, path: PathStep[], sinceMs = SINCE): string {
  return openedSentence({ scope: { ...ALL, ...scope }, clusterName: 'eu-west', successRate: 0.92, sinceMs, nowMs: NOW, path });
}

test.each([
  [{ workload: 'shop/deployment/payments' }, [step('shop/deployment/payments'), step('shop/deployment/ledger-db', 'shop/ledger-db')],
    'payments fails 8 % of requests in eu-west since 14:02 UTC, starting at ledger-db'],
  [{ service: 'shop/payments' }, [step('shop/deployment/payments', 'shop/payments')], 'payments fails 8 % of requests in eu-west since 14:02 UTC, starting there'],
  [{ service: 'shop/payments' }, [step('shop/host/payments', 'shop/payments'), step(null, 'shop/ledger')],
    'payments fails 8 % of requests in eu-west since 14:02 UTC, starting at ledger, which no endpoint answers'],
  [{ namespace: 'shop' }, [step('shop/host/web')], 'namespace shop fails 8 % of requests in eu-west since 14:02 UTC, starting at web'],
  [{}, [step('shop/host/web'), step('shop/host/db')], 'eu-west fails 8 % of requests since 14:02 UTC, starting at db'],
  [{ workload: 'shop/host/web' }, [], 'web fails 8 % of requests in eu-west since 14:02 UTC'],
] as const)('a scope of %j is told as a sentence', (scope, path, expected) => {
  expect(sentence(scope, [...path])).toBe(expected);
});

test('a begin on another day says the day', () => {
  expect(clock(Date.parse('2026-11-21T23:58:00Z'), NOW)).toBe('2026-11-21 23:58 UTC');
  expect(clock(SINCE, NOW)).toBe('14:02 UTC');
});

test.each([
  [0, '0 %'], [1, '100 %'], [0.00001, 'less than 0.1 %'], [0.99999, 'more than 99.9 %'], [0.08, '8 %'], [0.083, '8.3 %'], [0.5, '50 %'],
  [0.504, '50 %'], [0.998, '99.8 %'], [0.0999, '10 %'], [1 - 0.92, '8 %'],
])('the share %s is said as %s', (share, expected) => {
  expect(percent(share)).toBe(expected);
});

test.each([
  [60, 'payments is back: 99.8 % of 1,204 requests succeeded in the last minute'],
  [300, 'payments is back: 99.8 % of 1,204 requests succeeded in the last 5 minutes'],
  [90, 'payments is back: 99.8 % of 1,204 requests succeeded in the last 90 seconds'],
  [3600, 'payments is back: 99.8 % of 1,204 requests succeeded in the last hour'],
  [86_400, 'payments is back: 99.8 % of 1,204 requests succeeded in the last 24 hours'],
])('a recovery over %s s is told with its numbers', (windowSeconds, expected) => {
  expect(resolvedText({ ...ALL, service: 'shop/payments' }, 'eu-west', 0.998, 1204, windowSeconds)).toBe(expected);
});
