/** What an exchange under a service's policy keeps for another attempt, and when it has waited long enough. */
import type { AttemptEnd, RetryVerdict } from '../policy/retry.ts';
import { retryVerdict } from '../policy/retry.ts';
import { Deadlines, type DeadlineOwner } from '../policy/deadlines.ts';
import type { ExchangePolicy } from '../policy/exchange-policy.ts';
import type { ByteSink } from '../protocol/sink.ts';
import { Slices } from '../sockets/slices.ts';
import type { Sockets } from '../sockets/sockets.ts';
import { RETRY_BODY_BYTES_MAX } from '../wire/policy.ts';

/** Made once per caller connection whose service has a policy, and used for one exchange after another. */
export class Policed {
  private readonly sockets: Sockets;
  private readonly deadlines: Deadlines;
  private readonly kept = new Slices();
  private policy: ExchangePolicy | null = null;
  private keeping = false;
  private idempotent = false;
  private retries = 0;

  constructor(sockets: Sockets, owner: DeadlineOwner) {
    this.sockets = sockets;
    this.deadlines = new Deadlines(sockets, owner);
  }

  /** `idempotent`: sending it twice has no other effect, by its method or because the policy says so of its calls. */
  begin(policy: ExchangePolicy, idempotent: boolean): void {
    this.policy = policy;
    this.idempotent = idempotent;
    this.retries = 0;
    this.kept.clear();
    this.keeping = policy.retry !== null && (idempotent || policy.retry.methods === 'all');
    policy.budget?.request(this.sockets.nowUs());
    this.deadlines.begin(policy.timeout?.requestMs, policy.timeout?.idleMs);
  }

  /** Keeps bytes of the body. False: they are the exchange's to hold; `unsent` gets what was kept so far. */
  keep(bytes: Uint8Array, start: number, end: number, unsent: ByteSink | null): boolean {
    if (!this.keeping) return false;
    if (this.kept.length + end - start <= RETRY_BODY_BYTES_MAX) {
      this.kept.write(bytes, start, end);
      return true;
    }
    this.keeping = false;
    if (unsent === null) this.kept.clear();
    else this.kept.moveTo(unsent);
    return false;
  }

  /** Writes what is kept of the body. */
  resend(callee: ByteSink): void {
    this.kept.copyTo(callee);
  }

  /** The request went out whole. */
  sent(): void {
    this.deadlines.sent(this.policy?.timeout?.responseMs, this.policy?.retry?.timeoutMs);
  }

  /** The response's head is passed on: there is no other attempt any more. */
  answered(): void {
    this.keeping = false;
    this.kept.clear();
    this.deadlines.answered();
  }

  /** Whether another attempt follows one that ended so; it is taken out of the budget then. `kept`: all of the request can be sent again. */
  repeats(end: AttemptEnd, kept = this.keeping): boolean {
    const { policy } = this;
    if (policy?.retry == null || policy.budget === null) return false;
    const facts = { policy: policy.retry, budget: policy.budget, idempotent: this.idempotent, retries: this.retries, kept };
    const verdict = retryVerdict(facts, end, this.sockets.nowUs());
    this.count(verdict, policy);
    if (verdict !== 'repeat') return false;
    this.retries += 1;
    this.deadlines.again();
    return true;
  }

  /** The exchange is over. */
  over(success: boolean): void {
    if (this.policy !== null && this.retries > 0 && success) this.policy.counters.retrySuccesses += 1;
    this.policy = null;
    this.kept.clear();
    this.deadlines.end();
  }

  timedOut(): void {
    if (this.policy !== null) this.policy.counters.timeouts += 1;
  }

  private count(verdict: RetryVerdict, { counters }: ExchangePolicy): void {
    switch (verdict) {
      case 'repeat':
        counters.retries += 1;
        return;
      case 'limit':
        counters.retriesOverLimit += 1;
        return;
      case 'budget':
        counters.retriesOverBudget += 1;
        return;
      case 'body':
        counters.retriesOverBody += 1;
        return;
      case 'unsafe':
      case 'final':
        return;
      default:
        verdict satisfies never;
    }
  }
}
