/** Whether something grows. Pure. */

const HOUR_MS = 3_600_000;

export interface Point {
  readonly atMs: number;
  readonly value: number;
}

export interface Slope {
  /** Growth per hour of the least-squares line. */
  readonly perHour: number;
  /** Its standard error: what the scatter of the points leaves open. */
  readonly error: number;
}

/** Parts of the time that are looked at for their lowest value: enough for a line, each with some teeth of the saw. */
const PARTS = 12;

/** The line through the points; none for fewer than two moments, without an error for two. */
export function slopeOf(points: readonly Point[]): Slope {
  const meanMs = mean(points.map(({ atMs }) => atMs));
  const meanValue = mean(points.map(({ value }) => value));
  const spread = points.reduce((sum, { atMs }) => sum + (atMs - meanMs) ** 2, 0);
  if (!(spread > 0)) return { perHour: 0, error: 0 };
  const perMs = points.reduce((sum, { atMs, value }) => sum + (atMs - meanMs) * (value - meanValue), 0) / spread;
  const scatter = points.reduce((sum, { atMs, value }) => sum + (value - meanValue - perMs * (atMs - meanMs)) ** 2, 0);
  return { perHour: perMs * HOUR_MS, error: Math.sqrt(scatter / Math.max(1, points.length - 2) / spread) * HOUR_MS };
}

/** The line through the lowest points of equal parts of the time: it lies below the saw of a garbage collector. */
export function floorSlope(points: readonly Point[]): Slope {
  const size = Math.ceil(points.length / PARTS);
  const floors = Array.from({ length: size === 0 ? 0 : Math.ceil(points.length / size) }, (_, at) => points.slice(at * size, (at + 1) * size));
  return slopeOf(floors.map((part) => part.reduce((low, point) => (point.value < low.value ? point : low))));
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
