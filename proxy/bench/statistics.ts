/** Numbers out of samples. Pure. */

/** The middle one, or the mean of the two in the middle; NaN for none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1] ?? Number.NaN, sorted[Math.floor(middle)] ?? Number.NaN];
  return (low + high) / 2;
}

/** The smallest sample that a share of `quantile` of them does not exceed; NaN for none. Sorts in place. */
export function quantileOf(samples: Float64Array, quantile: number): number {
  samples.sort();
  return samples[Math.max(0, Math.ceil(samples.length * quantile) - 1)] ?? Number.NaN;
}
