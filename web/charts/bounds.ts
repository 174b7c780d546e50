/** Ranges of the y axes: steady, so that a chart that follows along doesn't breathe with each point. Pure. */

export type Bounds = readonly [low: number, high: number];

/** Lowest percent that a success chart begins at: the whole band between the step and 100 % is then readable. */
const SUCCESS_FLOORS = [99, 95, 90, 75, 50, 0];

/** From the greatest step below all values (and a threshold, if any) to a little over 100 %. */
export function successBounds(values: readonly (number | null)[], thresholdPercent: number | null = null): Bounds {
  let low = thresholdPercent ?? 100;
  for (const value of values) if (value !== null && value < low) low = value;
  const floor = SUCCESS_FLOORS.find((step) => step < low || (step === 99 && low >= 99)) ?? 0;
  return [floor, 100 + (100 - floor) * 0.06];
}

/** Steps of 1, 2, 3, 5, 7.5 times a power of ten. */
const NICE = [1, 2, 3, 5, 7.5, 10, 20];

/** From 0 to the next even number above every value of every column, at least 1. */
export function zeroBounds(columns: readonly (readonly (number | null)[])[]): Bounds {
  let high = 0;
  for (const column of columns) for (const value of column) if (value !== null && value > high) high = value;
  if (high <= 1) return [0, 1];
  const power = 10 ** Math.floor(Math.log10(high));
  const step = NICE.find((nice) => nice * power >= high * 1.02) ?? 20;
  return [0, step * power];
}

/** Ticks of a logarithmic axis: powers of ten with 2 and 5 between them where they are few, from the lowest up. */
export function logSplits([low, high]: Bounds): number[] {
  const decades = Math.log10(high / low);
  const steps = decades > 3 ? [1] : decades > 1.3 ? [1, 3] : [1, 2, 5];
  const splits: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    for (const step of steps) {
      const value = Number((step * 10 ** power).toPrecision(3));
      if (value >= low && value <= high) splits.push(value);
    }
  }
  return splits;
}
