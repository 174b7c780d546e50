/** Whether something grows. Pure. */

export interface Point {
  readonly atMs: number;
  readonly value: number;
}

/** Growth per hour of the least-squares line; 0 for fewer than two moments. */
export function slopePerHour(points: readonly Point[]): number {
  const meanMs = mean(points.map(({ atMs }) => atMs));
  const meanValue = mean(points.map(({ value }) => value));
  const spread = points.reduce((sum, { atMs }) => sum + (atMs - meanMs) ** 2, 0);
  if (!(spread > 0)) return 0;
  return (points.reduce((sum, { atMs, value }) => sum + (atMs - meanMs) * (value - meanValue), 0) / spread) * 3_600_000;
}

/**
 * How much higher the lowest value of the last third is than that of the first: memory that a collector gives back goes up
 * and down like a saw, and only what stays below it is a leak. 0 for fewer than three moments.
 */
export function floorGrowth(points: readonly Point[]): number {
  const third = Math.floor(points.length / 3);
  if (third === 0) return 0;
  return lowest(points.slice(-third)) - lowest(points.slice(0, third));
}

function lowest(points: readonly Point[]): number {
  return Math.min(...points.map(({ value }) => value));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
