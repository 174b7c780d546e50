import { expect, test } from 'vitest';
import { durationMs, policyConflicts, policyOf, statusRange } from './policy-text.ts';

test.each([
  ['300ms', 300], ['5s', 5_000], ['1m', 60_000], ['2h', 7_200_000], ['24h', 86_400_000],
  ['25h', null], ['0s', null], ['5', null], ['5 s', null], ['-1s', null], ['1.5s', null], ['1d', null], ['', null], ['s', null],
])('the duration %j is %s ms', (text, ms) => {
  expect(durationMs(text)).toBe(ms);
});

test.each([
  ['5xx', [500, 599]], ['gateway-error', [502, 504]], ['503', [503, 503]], ['500-504', [500, 504]], ['429', [429, 429]],
  ['504-500', null], ['2xx', null], ['600', null], ['abc', null],
])('the statuses %j are %j', (text, range) => {
  expect(statusRange(text)).toEqual(range);
});

test('what is turned on without saying more has linkerd2-proxy\'s defaults', () => {
  const penalty = { penaltyMsMin: 1_000, penaltyMsMax: 60_000, jitter: 0.5 };
  expect(policyOf({})).toBeUndefined();
  expect(policyOf({ balancer: { consecutiveFailures: 7 } })).toEqual({ balancer: { breaker: { kind: 'consecutive', failuresMax: 7, ...penalty } } });
  expect(policyOf({ balancer: { successRate: {} } })).toEqual({
    balancer: { breaker: { kind: 'success-rate', threshold: 0.8, windowMs: 10_000, requestsMin: 5, ...penalty } },
  });
  expect(policyOf({ retry: {} })).toEqual({
    retry: { http: [[500, 599]], grpc: [], limit: 1, methods: 'idempotent', budget: { ratio: 0.2, perSecond: 10, windowMs: 10_000 } },
  });
});

test('all that is said is in the policy', () => {
  expect(policyOf({
    balancer: { successRate: { threshold: 0.5, window: '30s', requests: 9 }, penalty: { min: '2s', max: '5m', jitter: 0 }, spill: 2 },
    retry: { http: ['gateway-error', '429'], grpc: ['internal'], limit: 3, timeout: '400ms', methods: 'all', budget: { ratio: 0.1, perSecond: 0, window: '1m' } },
    timeout: { request: '5s', response: '3s', idle: '1m' },
  })).toEqual({
    balancer: { breaker: { kind: 'success-rate', threshold: 0.5, windowMs: 30_000, requestsMin: 9, penaltyMsMin: 2_000, penaltyMsMax: 300_000, jitter: 0 }, spill: 2 },
    retry: { http: [[502, 504], [429, 429]], grpc: [13], limit: 3, timeoutMs: 400, methods: 'all', budget: { ratio: 0.1, perSecond: 0, windowMs: 60_000 } },
    timeout: { requestMs: 5_000, responseMs: 3_000, idleMs: 60_000 },
  });
});

test('contradictions are all told, each with its place', () => {
  const paths = (policy: Parameters<typeof policyConflicts>[0]): string[] => policyConflicts(policy).map(({ path }) => path.join('.'));
  expect(paths({ balancer: { consecutiveFailures: 7, successRate: {} } })).toEqual(['balancer']);
  expect(paths({ balancer: { penalty: { min: '1s' } } })).toEqual(['balancer.penalty']);
  expect(paths({ balancer: { penalty: { min: '2m' }, consecutiveFailures: 1 }, retry: { limit: 0, timeout: '1s' } })).toEqual(['balancer.penalty.min', 'retry.timeout']);
  expect(paths({ balancer: { consecutiveFailures: 7 }, retry: { limit: 1, timeout: '1s' }, timeout: { request: '1s' } })).toEqual([]);
});
