/**
 * What becomes of a request while no endpoint of its service is ready: it waits, until none was ready for too long; then
 * requests fail at once, and one now and then is let through to see. Pure; times in µs of any monotonic clock.
 */

/** linkerd2-proxy's limits. */
export const OUTBOUND_FAILFAST_MS = 3_000;
export const INBOUND_FAILFAST_MS = 1_000;

/** Between two tries while none is ready; doubles up to the greater (linkerd2-proxy's back-off of endpoints). */
const TRY_US_MIN = 100_000;
const TRY_US_MAX = 500_000;

/** `try`: go on and see. `wait`: somebody else is trying. `fail`: none was ready for too long. */
export type FailfastDecision = 'try' | 'wait' | 'fail';

export class Failfast {
  private readonly limitUs: number;
  /** Since when none is ready; null: one is, as far as is known. */
  private sinceUs: number | null = null;
  private nextTryUs = 0;
  private stepUs = TRY_US_MIN;
  private steppedUs = -Infinity;
  /** How often the limit was reached. */
  entered = 0;
  private failing = false;

  constructor(limitMs: number) {
    this.limitUs = limitMs * 1000;
  }

  /** An endpoint is ready, as far as is known: requests need not ask. */
  get calm(): boolean {
    return this.sinceUs === null;
  }

  /** An endpoint answered, or there is another. */
  ready(): void {
    this.sinceUs = null;
    this.failing = false;
  }

  /** None is ready. `random` in [0, 1) spreads the next try. */
  unready(nowUs: number, random: number): void {
    // Tries that fail together are one, not a row of them.
    if (this.sinceUs !== null && nowUs < this.steppedUs + this.stepUs) return;
    this.stepUs = this.sinceUs === null ? TRY_US_MIN : Math.min(this.stepUs * 2, TRY_US_MAX);
    this.sinceUs ??= nowUs;
    this.steppedUs = nowUs;
    this.nextTryUs = nowUs + this.stepUs * (1 + 0.1 * random);
  }

  /** There was none ever, so that nobody waits for one. */
  never(): void {
    this.sinceUs = -Infinity;
  }

  /** Whether requests fail at once now. */
  active(nowUs: number): boolean {
    return this.sinceUs !== null && nowUs - this.sinceUs >= this.limitUs;
  }

  /** A request wants to go on. A `try` counts as one until `ready` or `unready` is said. */
  decide(nowUs: number): FailfastDecision {
    if (this.sinceUs === null) return 'try';
    const active = this.active(nowUs);
    if (active && !this.failing) {
      this.failing = true;
      this.entered += 1;
    }
    if (nowUs >= this.nextTryUs) {
      this.nextTryUs = nowUs + this.stepUs;
      return 'try';
    }
    return active ? 'fail' : 'wait';
  }
}
