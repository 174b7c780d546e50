/** Whether an attempt that failed is followed by another. Pure. */
import type { RetryPolicy } from '../wire/policy.ts';
import type { RetryBudgetMeter } from './retry-budget.ts';

/** Methods that may be sent twice without another effect (RFC 9110 §9.2.2). */
export const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** `repeat`: one was taken out of the budget. Each other word is the reason why not. */
export type RetryVerdict = 'repeat' | 'unsafe' | 'final' | 'limit' | 'body' | 'budget';

/** How an attempt ended, as far as retries ask. */
export type AttemptEnd =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'grpc'; readonly status: number }
  /** No response's head came in the attempt's time. */
  | { readonly kind: 'timeout' };

export interface AttemptFacts {
  readonly policy: RetryPolicy;
  readonly budget: RetryBudgetMeter;
  /** RFC 9110 §9.2.2. */
  readonly idempotent: boolean;
  /** Attempts so far beyond the first. */
  readonly retries: number;
  /** The request is kept whole as far as it was sent. */
  readonly kept: boolean;
}

/** Takes from the budget only when nothing else speaks against it. */
export function retryVerdict(facts: AttemptFacts, end: AttemptEnd, nowUs: number): RetryVerdict {
  const { policy, budget, idempotent, retries, kept } = facts;
  if (!idempotent && policy.methods !== 'all') return 'unsafe';
  if (!repeats(policy, end)) return 'final';
  if (retries >= policy.limit) return 'limit';
  if (!kept) return 'body';
  return budget.withdraw(nowUs) ? 'repeat' : 'budget';
}

function repeats(policy: RetryPolicy, end: AttemptEnd): boolean {
  switch (end.kind) {
    case 'status':
      return policy.http.some(([from, to]) => end.status >= from && end.status <= to);
    case 'grpc':
      return policy.grpc.includes(end.status);
    case 'timeout':
      return true;
    default:
      return end satisfies never;
  }
}
