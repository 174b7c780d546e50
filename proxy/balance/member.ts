/** An endpoint with all that the balancer knows of it. Pure; times in µs. */
import type { Endpoint } from '../wire/orders.ts';
import type { BreakerPolicy } from '../wire/policy.ts';
import type { AttemptReport, Candidate } from './balancer.ts';
import { Breaker } from './breaker.ts';
import { createEstimate, estimateAt, NOT_USED, observe } from './ewma.ts';

/** Left out after the first failure to connect; doubles with each further one. */
export const AVOID_US_MIN = 1_000_000;
/** And at most this long, so that a mended endpoint is found within a minute. */
export const AVOID_US_MAX = 60_000_000;

/** `ready`: fit for a request. `avoided`: couldn't be reached lately. `tripped`: its breaker is open. */
export type Fitness = 'ready' | 'avoided' | 'tripped';

export class Member implements Candidate {
  endpoint: Endpoint;
  /** Of the own zone, or of any when zones make no difference. */
  near = true;
  /** In the orders in force. */
  listed = true;
  /** Requests under way. */
  pending = 0;
  private readonly estimate = createEstimate();
  private breaker: Breaker | null = null;
  /** Failures to connect or verify since the last answer. */
  private failures = 0;
  private avoidUntilUs = 0;
  private failedUs = -Infinity;

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
  }

  get weight(): number {
    return this.endpoint.weight ?? 1;
  }

  /** Begins anew with another policy, or none. */
  guard(policy: BreakerPolicy | undefined): void {
    this.breaker = policy === undefined ? null : new Breaker(policy);
  }

  fitness(nowUs: number): Fitness {
    if (this.breaker?.admits(nowUs) === false) return 'tripped';
    // Left out, or on probation with its probe under way.
    return this.failures > 0 && (nowUs < this.avoidUntilUs || this.pending > 0) ? 'avoided' : 'ready';
  }

  /**
   * Idle endpoints cost the same whatever they weigh; under load each gets as much as it weighs. One that nobody tried is
   * tried first, by one request: otherwise a new endpoint beside fast ones would never get any while there is little load.
   */
  cost(nowUs: number): number {
    if (this.estimate.atUs === NOT_USED) return 0;
    return estimateAt(this.estimate, nowUs) * (this.pending / this.weight + 1);
  }

  started(nowUs: number): void {
    this.pending += 1;
    if (this.estimate.atUs === NOT_USED) this.estimate.atUs = nowUs;
    this.breaker?.started(nowUs);
  }

  finished(nowUs: number, latencyUs: number, failed: boolean, report: AttemptReport): void {
    this.pending = Math.max(0, this.pending - 1);
    if (latencyUs >= 0) {
      observe(this.estimate, nowUs, latencyUs);
      this.answered(report.beganUs === Infinity ? nowUs - latencyUs : report.beganUs);
    } else if (failed && nowUs >= this.avoidUntilUs) {
      // Requests that fail together are one failure, not a row of them: hence the condition.
      this.avoidUntilUs = nowUs + Math.min(AVOID_US_MIN * 2 ** this.failures, AVOID_US_MAX);
      this.failures += 1;
      this.failedUs = nowUs;
    }
    this.breaker?.ended(nowUs, report.beganUs, report.outcome, report.random);
  }

  eject(nowUs: number): void {
    this.avoidUntilUs = nowUs + AVOID_US_MAX;
    this.failures = Math.max(1, this.failures);
    this.failedUs = nowUs;
  }

  /** An answer to what began before the failure says nothing of the time behind it. */
  private answered(beganUs: number): void {
    if (beganUs < this.failedUs) return;
    this.failures = 0;
    this.avoidUntilUs = 0;
  }
}

const RANK: Readonly<Record<Fitness, number>> = { ready: 0, avoided: 1, tripped: 2 };

/** The fitter of two, then the cheaper. */
export function better(a: Member, b: Member, nowUs: number): Member {
  const difference = RANK[a.fitness(nowUs)] - RANK[b.fitness(nowUs)];
  if (difference !== 0) return difference < 0 ? a : b;
  return a.cost(nowUs) <= b.cost(nowUs) ? a : b;
}
