/** Requests and successes of the last so many µs, in ten slots. Pure. */

const SLOTS = 10;

export class SuccessWindow {
  private readonly slotUs: number;
  private readonly requests = new Float64Array(SLOTS);
  private readonly successes = new Float64Array(SLOTS);
  /** The number of the newest slot, counted from the clock's zero. */
  private newest = 0;

  constructor(windowUs: number) {
    this.slotUs = windowUs / SLOTS;
  }

  record(nowUs: number, success: boolean): void {
    const at = this.advance(nowUs);
    this.requests[at] = (this.requests[at] ?? 0) + 1;
    if (success) this.successes[at] = (this.successes[at] ?? 0) + 1;
  }

  totals(nowUs: number): { readonly requests: number; readonly successes: number } {
    this.advance(nowUs);
    return { requests: sum(this.requests), successes: sum(this.successes) };
  }

  clear(): void {
    this.requests.fill(0);
    this.successes.fill(0);
  }

  /** Empties what is too old. Returns the place of the newest slot. */
  private advance(nowUs: number): number {
    const slot = Math.floor(nowUs / this.slotUs);
    const passed = Math.min(Math.max(0, slot - this.newest), SLOTS);
    for (let step = 0; step < passed; step++) {
      const at = (slot - step) % SLOTS;
      this.requests[at] = this.successes[at] = 0;
    }
    this.newest = Math.max(this.newest, slot);
    return this.newest % SLOTS;
  }
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
