/** How many retries one service may cost at a time: a share of its requests, and a few beside it. Pure; times in µs. */
import { SlidingCount } from '../balance/sliding-count.ts';
import type { RetryBudget } from '../wire/policy.ts';

export class RetryBudgetMeter {
  readonly budget: RetryBudget;
  private readonly requests: SlidingCount;
  private readonly retries: SlidingCount;

  constructor(budget: RetryBudget) {
    this.budget = budget;
    this.requests = new SlidingCount(budget.windowMs * 1000);
    this.retries = new SlidingCount(budget.windowMs * 1000);
  }

  /** A request begins; its retries are none. */
  request(nowUs: number): void {
    this.requests.add(nowUs);
  }

  /** Takes one retry out of the budget; false when there is none left. */
  withdraw(nowUs: number): boolean {
    const { ratio, perSecond, windowMs } = this.budget;
    const allowed = this.requests.total(nowUs) * ratio + (perSecond * windowMs) / 1000;
    if (this.retries.total(nowUs) + 1 > allowed) return false;
    this.retries.add(nowUs);
    return true;
  }
}
