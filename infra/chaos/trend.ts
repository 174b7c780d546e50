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
 * The lowest value of each stretch of `stretchMs`: memory that a collector gives back goes up and down like a saw, and only
 * what stays behind it is a leak.
 */
export function floor(points: readonly Point[], stretchMs: number): Point[] {
  const lowest = new Map<number, Point>();
  for (const point of points) {
    const stretch = Math.floor(point.atMs / stretchMs);
    const known = lowest.get(stretch);
    if (known === undefined || point.value < known.value) lowest.set(stretch, point);
  }
  return [...lowest.values()];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
