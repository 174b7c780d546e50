/** What a service asks of each of its exchanges, with all that its exchanges share. */
import type { RetryPolicy, ServicePolicy, TimeoutPolicy } from '../wire/policy.ts';
import { RetryBudgetMeter } from './retry-budget.ts';

/** Counts of one service since the start. */
export interface PolicyCounters {
  /** Attempts beyond the first, by policy. */
  retries: number;
  /** Exchanges with a retry that ended well. */
  retrySuccesses: number;
  /** Retries that were not made: the limit of the request, the budget of the service, a body too long to keep. */
  overLimit: number;
  overBudget: number;
  overBody: number;
  /** Exchanges given up by a timeout of the policy. */
  timeouts: number;
}

export class ExchangePolicy {
  readonly retry: RetryPolicy | null;
  readonly budget: RetryBudgetMeter | null;
  readonly timeout: TimeoutPolicy | null;
  readonly counters: PolicyCounters;

  private constructor(policy: ServicePolicy, budget: RetryBudgetMeter | null, counters: PolicyCounters) {
    this.retry = policy.retry ?? null;
    this.timeout = policy.timeout ?? null;
    this.budget = budget;
    this.counters = counters;
  }

  /** Null when the policy asks nothing of an exchange. Counts and budget of `before` go on as far as they fit. */
  static of(policy: ServicePolicy, before: ExchangePolicy | null): ExchangePolicy | null {
    if (policy.retry === undefined && policy.timeout === undefined) return null;
    const counters = before?.counters ?? { retries: 0, retrySuccesses: 0, overLimit: 0, overBudget: 0, overBody: 0, timeouts: 0 };
    return new ExchangePolicy(policy, budgetOf(policy.retry, before?.budget ?? null), counters);
  }
}

function budgetOf(retry: RetryPolicy | undefined, before: RetryBudgetMeter | null): RetryBudgetMeter | null {
  if (retry === undefined) return null;
  const same = before !== null && JSON.stringify(before.budget) === JSON.stringify(retry.budget);
  return same ? before : new RetryBudgetMeter(retry.budget);
}
