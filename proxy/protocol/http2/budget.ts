/** What a peer may do that costs it nothing. Over a limit the connection ends with ENHANCE_YOUR_CALM. */
import { calm } from './error.ts';
import { EMPTY_DATA_UNPAID_MAX, FREE_FRAMES_PER_SECOND, FREE_FRAMES_UNPAID_MAX } from './limits.ts';

/** A count that may not get out of hand: what costs the peer nothing is spent, work and time pay it off. */
export class Budget {
  private readonly max: number;
  private readonly perSecond: number;
  private unpaid = 0;

  constructor(max: number, perSecond: number) {
    this.max = max;
    this.perSecond = perSecond;
  }

  /** Spends one; false when that is more than allowed. */
  spend(): boolean {
    this.unpaid++;
    return this.unpaid <= this.max;
  }

  pay(count: number): void {
    this.unpaid = Math.max(0, this.unpaid - count);
  }

  passed(ms: number): void {
    if (this.unpaid > 0) this.pay((ms * this.perSecond) / 1000);
  }
}

/** The budgets of one connection. Spending too much throws ConnectionError. */
export class Allowances {
  private readonly resets: Budget;
  private readonly freeFrames = new Budget(FREE_FRAMES_UNPAID_MAX, FREE_FRAMES_PER_SECOND);
  private readonly emptyData = new Budget(EMPTY_DATA_UNPAID_MAX, FREE_FRAMES_PER_SECOND);
  private creditsPaid = 0;

  constructor(resetsMax: number, resetsPerSecond: number) {
    this.resets = new Budget(resetsMax, resetsPerSecond);
  }

  /** A stream was reset by the peer, or because of it. */
  spendReset(): void {
    if (!this.resets.spend()) throw calm('too many streams were reset');
  }

  /** A frame came that carries nothing. */
  spendFree(): void {
    if (!this.freeFrames.spend()) throw calm('too many frames came that carry nothing');
  }

  /** A DATA frame came without data. */
  spendEmpty(): void {
    if (!this.emptyData.spend()) throw calm('too many DATA frames were empty');
  }

  /** A stream was opened. */
  opened(): void {
    this.freeFrames.pay(1);
  }

  /** Data came. */
  received(): void {
    this.freeFrames.pay(1);
    this.emptyData.pay(1);
  }

  /** A stream ended on both sides in good order. */
  completed(): void {
    this.resets.pay(1);
  }

  /** So many frames of credit are accounted for by the data that was sent on this connection ever. */
  credited(total: number): void {
    if (total === this.creditsPaid) return;
    this.freeFrames.pay(total - this.creditsPaid);
    this.creditsPaid = total;
  }

  passed(ms: number): void {
    this.resets.passed(ms);
    this.freeFrames.passed(ms);
    this.emptyData.passed(ms);
  }
}
