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
