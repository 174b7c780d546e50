/** How often something happened in the last so many µs, in ten slots. Pure. */

const SLOTS = 10;

export class SlidingCount {
  private readonly slotUs: number;
  private readonly counts = new Float64Array(SLOTS);
  /** The number of the newest slot, counted from the clock's zero. */
  private newest = 0;

  constructor(windowUs: number) {
    this.slotUs = windowUs / SLOTS;
  }

  add(nowUs: number): void {
    const at = this.advance(nowUs);
    this.counts[at] = (this.counts[at] ?? 0) + 1;
  }

  total(nowUs: number): number {
    this.advance(nowUs);
    let total = 0;
    for (const count of this.counts) total += count;
    return total;
  }

  clear(): void {
    this.counts.fill(0);
  }

  /** Empties what is too old. Returns the place of the newest slot. */
  private advance(nowUs: number): number {
    const slot = Math.floor(nowUs / this.slotUs);
    const passed = Math.min(Math.max(0, slot - this.newest), SLOTS);
    for (let step = 0; step < passed; step++) this.counts[(slot - step) % SLOTS] = 0;
    this.newest = Math.max(this.newest, slot);
    return this.newest % SLOTS;
  }
}
