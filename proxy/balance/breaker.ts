/**
 * The circuit breaker of one endpoint. Pure; times in µs of any monotonic clock.
 *
 *   closed --too many failures--> open --penalty over--> probation --probe succeeds--> closed
 *                                  ^                         |
 *                                  +------probe fails--------+  (penalty doubled)
 */
import type { BreakerPolicy } from '../wire/policy.ts';
import type { Outcome } from './outcome.ts';
import { SlidingCount } from './sliding-count.ts';

export type BreakerState = 'closed' | 'open' | 'probation';

/** A probe that hasn't ended by then may be a long stream: another one is let through. */
export const PROBE_US_MAX = 10_000_000;

export class Breaker {
  private readonly policy: BreakerPolicy;
  /** Requests and successes of the window; null when only failures in a row count. */
  private readonly window: { readonly requests: SlidingCount; readonly successes: SlidingCount } | null;
  /** Failures in a row. */
  private failures = 0;
  /** Penalties in a row. */
  private trips = 0;
  private openUntilUs = 0;
  /** When the probe under way began; null: none is. */
  private probeUs: number | null = null;

  constructor(policy: BreakerPolicy) {
    this.policy = policy;
    const count = (windowMs: number): SlidingCount => new SlidingCount(windowMs * 1000);
    this.window = policy.kind === 'success-rate' ? { requests: count(policy.windowMs), successes: count(policy.windowMs) } : null;
  }

  /** How often it opened since the last time that it was closed. */
  get penalties(): number {
    return this.trips;
  }

  state(nowUs: number): BreakerState {
    if (this.trips === 0) return 'closed';
    return nowUs < this.openUntilUs ? 'open' : 'probation';
  }

  /** Whether a request may go there now. */
  admits(nowUs: number): boolean {
    if (this.trips === 0) return true;
    return nowUs >= this.openUntilUs && (this.probeUs === null || nowUs - this.probeUs >= PROBE_US_MAX);
  }

  /** A request goes there. */
  started(nowUs: number): void {
    if (this.trips > 0 && nowUs >= this.openUntilUs) this.probeUs = nowUs;
  }

  /** A request ended that began at `beganUs`. `random` in [0, 1) spreads the penalty. */
  ended(nowUs: number, beganUs: number, outcome: Outcome, random: number): void {
    if (this.trips === 0) return this.endedClosed(nowUs, outcome, random);
    // What began before the penalty's end says nothing new, whatever it says.
    if (beganUs < this.openUntilUs) return;
    if (beganUs === this.probeUs) this.probeUs = null;
    if (outcome === 'success') this.close();
    else if (outcome === 'failure') this.trip(nowUs, random);
  }

  private endedClosed(nowUs: number, outcome: Outcome, random: number): void {
    if (outcome === 'neutral') return;
    this.window?.requests.add(nowUs);
    if (outcome === 'success') this.window?.successes.add(nowUs);
    this.failures = outcome === 'failure' ? this.failures + 1 : 0;
    if (outcome === 'failure' && this.tooMany(nowUs)) this.trip(nowUs, random);
  }

  private tooMany(nowUs: number): boolean {
    switch (this.policy.kind) {
      case 'consecutive':
        return this.failures >= this.policy.failuresMax;
      case 'success-rate': {
        const requests = this.window?.requests.total(nowUs) ?? 0;
        const successes = this.window?.successes.total(nowUs) ?? 0;
        return requests >= this.policy.requestsMin && successes / requests < this.policy.threshold;
      }
      default:
        return this.policy satisfies never;
    }
  }

  private trip(nowUs: number, random: number): void {
    const { penaltyMsMin, penaltyMsMax, jitter } = this.policy;
    const penaltyMs = Math.min(penaltyMsMin * 2 ** Math.min(this.trips, 30), penaltyMsMax);
    this.openUntilUs = nowUs + penaltyMs * (1 + jitter * random) * 1000;
    this.trips += 1;
    this.probeUs = null;
  }

  private close(): void {
    this.trips = 0;
    this.failures = 0;
    this.window?.requests.clear();
    this.window?.successes.clear();
  }
}
