import { expect, test } from 'vitest';
import { seededRandom } from '../test/random.ts';
import { POLICY_DEFAULTS, type RetryPolicy } from '../wire/policy.ts';
import { type AttemptEnd, type AttemptFacts, retryVerdict } from './retry.ts';
import { RetryBudgetMeter } from './retry-budget.ts';

const S = 1e6;
const POLICY: RetryPolicy = { http: [[500, 502], [504, 504]], grpc: [14], limit: 2, methods: 'idempotent', budget: POLICY_DEFAULTS.budget };
const status = (of: number): AttemptEnd => ({ kind: 'status', status: of });

test.each<[Partial<AttemptFacts>, AttemptEnd, string]>([
  [{}, status(500), 'repeat'],
  [{}, status(502), 'repeat'],
  [{}, status(503), 'final'],
  [{}, status(504), 'repeat'],
  [{}, status(200), 'final'],
  [{}, status(429), 'final'],
  [{}, { kind: 'grpc', status: 14 }, 'repeat'],
  [{}, { kind: 'grpc', status: 13 }, 'final'],
  [{}, { kind: 'timeout' }, 'repeat'],
  [{ retries: 1 }, status(500), 'repeat'],
  [{ retries: 2 }, status(500), 'limit'],
  [{ idempotent: false }, status(500), 'unsafe'],
  [{ idempotent: false }, { kind: 'timeout' }, 'unsafe'],
  [{ idempotent: false, policy: { ...POLICY, methods: 'all' } }, status(500), 'repeat'],
  [{ kept: false }, status(500), 'body'],
  [{ policy: { ...POLICY, limit: 0 } }, status(500), 'limit'],
])('with %o an attempt that ended with %o: %s', (changes, end, verdict) => {
  const facts: AttemptFacts = { policy: POLICY, budget: new RetryBudgetMeter(POLICY.budget), idempotent: true, retries: 0, kept: true, ...changes };
  expect(retryVerdict(facts, end, 5 * S)).toBe(verdict);
});

test('what is not repeated for another reason costs no budget', () => {
  const budget = new RetryBudgetMeter({ ratio: 0, perSecond: 0.1, windowMs: 10_000 });
  const facts: AttemptFacts = { policy: POLICY, budget, idempotent: true, retries: 0, kept: true };
  for (const changes of [{ idempotent: false }, { kept: false }, { retries: 9 }]) expect(retryVerdict({ ...facts, ...changes }, status(500), S)).not.toBe('repeat');
  expect(retryVerdict(facts, status(500), S)).toBe('repeat');
  expect(retryVerdict(facts, status(500), S)).toBe('budget');
});

test('a service without traffic may still repeat some, and a window later again', () => {
  const meter = new RetryBudgetMeter({ ratio: 0.2, perSecond: 1, windowMs: 10_000 });
  const withdrawn = (atS: number): number => Array.from({ length: 50 }, () => meter.withdraw(atS * S)).filter(Boolean).length;
  expect(withdrawn(1)).toBe(10);
  expect(withdrawn(5)).toBe(0);
  expect(withdrawn(12)).toBe(10);
});

test.each([1, 2, 3, 4, 5])('whatever the load, retries stay within the budget of each window (seed %i)', (seed) => {
  const random = seededRandom(seed);
  const budget = { ratio: random(), perSecond: random() * 20, windowMs: 10_000 };
  const meter = new RetryBudgetMeter(budget);
  const requests: number[] = [];
  const retries: number[] = [];
  let nowUs = 5e12;
  for (let step = 0; step < 5_000; step++) {
    nowUs += random() ** 4 * 0.2 * S;
    if (random() < 0.6) {
      requests.push(nowUs);
      meter.request(nowUs);
    } else if (meter.withdraw(nowUs)) retries.push(nowUs);
    const within = (times: readonly number[], us: number): number => times.filter((at) => at > nowUs - us).length;
    // The window slides by tenths: it holds at least nine of them, and at most ten.
    if (step % 50 === 0) expect(within(retries, 9 * S)).toBeLessThanOrEqual(within(requests, 10 * S) * budget.ratio + budget.perSecond * 10 + 1);
  }
  expect(retries.length).toBeGreaterThan(0);
});
