/** What a service asks of each of its exchanges, with all that its exchanges share. */
import type { RetryPolicy, ServicePolicy, TimeoutPolicy } from '../wire/policy.ts';
import type { ReliabilityCounters } from './reliability.ts';
import { RetryBudgetMeter } from './retry-budget.ts';

export class ExchangePolicy {
  readonly retry: RetryPolicy | null;
  readonly budget: RetryBudgetMeter | null;
  readonly timeout: TimeoutPolicy | null;
  readonly counters: ReliabilityCounters;

  private constructor(policy: ServicePolicy, budget: RetryBudgetMeter | null, counters: ReliabilityCounters) {
    this.retry = policy.retry ?? null;
    this.timeout = policy.timeout ?? null;
    this.budget = budget;
    this.counters = counters;
  }

  /** Null when the policy asks nothing of an exchange. The budget of `before` goes on where it is the same. */
  static of(policy: ServicePolicy, before: ExchangePolicy | null, counters: ReliabilityCounters): ExchangePolicy | null {
    if (policy.retry === undefined && policy.timeout === undefined) return null;
    return new ExchangePolicy(policy, budgetOf(policy.retry, before?.budget ?? null), counters);
  }
}

function budgetOf(retry: RetryPolicy | undefined, before: RetryBudgetMeter | null): RetryBudgetMeter | null {
  if (retry === undefined) return null;
  const same = before !== null && JSON.stringify(before.budget) === JSON.stringify(retry.budget);
  return same ? before : new RetryBudgetMeter(retry.budget);
}
