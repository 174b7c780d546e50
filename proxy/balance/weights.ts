/** Chooses a place at random by weight. Pure. */

export class WeightedChoice {
  /** Sums up to and with each place; null when all weigh the same. */
  private readonly sums: Float64Array | null;
  private readonly count: number;

  constructor(weights: readonly number[]) {
    this.count = weights.length;
    const [first] = weights;
    this.sums = weights.every((weight) => weight === first) ? null : summedUp(weights);
  }

  /** A place for `random` in [0, 1); −1 when there is none. */
  pick(random: number): number {
    const { sums, count } = this;
    if (sums === null) return count === 0 ? -1 : Math.floor(random * count);
    const wanted = random * (sums[count - 1] ?? 0);
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function summedUp(weights: readonly number[]): Float64Array {
  let sum = 0;
  return Float64Array.from(weights, (weight) => (sum += weight));
}
