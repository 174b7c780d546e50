/** A map of heat as a chart draws it: cells of time and latency, and how dark each is. Pure. */
import type { Heatmap } from '../../cloud/wire/history.ts';
import type { Bounds } from './bounds.ts';

export interface HeatCell {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

export interface Heat {
  readonly stepMs: number;
  readonly columns: readonly { readonly startMs: number; readonly cells: readonly HeatCell[] }[];
  /** Most requests in one cell. */
  readonly most: number;
}

/** Below this a latency has no place on a logarithmic axis, ms. */
const LATENCY_MS_MIN = 0.01;
/** The last bucket of the layout has no end; it is drawn one doubling high. */
const OPEN_BUCKET = 2;

/** The cells that hold requests; null when none does. */
export function heatOf({ stepMs, buckets, points, counts }: Heatmap): Heat | null {
  let most = 0;
  const columns = points.map(({ startMs }, at) => {
    const cells: HeatCell[] = [];
    buckets.forEach(({ fromMs, toMs }, bucket) => {
      const count = counts[at]?.[bucket] ?? 0;
      if (count === 0) return;
      most = Math.max(most, count);
      const low = Math.max(LATENCY_MS_MIN, fromMs);
      cells.push({ fromMs: low, toMs: Math.max(toMs ?? low * OPEN_BUCKET, low), count });
    });
    return { startMs, cells };
  });
  return most === 0 ? null : { stepMs, columns, most };
}

/** Darkness of a cell, 0…1: by the root, so that a few slow requests are still seen beside many quick ones. */
export function shadeOf(count: number, most: number): number {
  return most <= 0 ? 0 : 0.07 + 0.6 * Math.sqrt(count / most);
}

/** From the quickest to the slowest request with a little air; values of the lines are kept inside. */
export function heatBounds(heat: Heat, lines: readonly (readonly (number | null)[])[]): Bounds {
  let [low, high] = [Number.POSITIVE_INFINITY, 0];
  for (const { cells } of heat.columns) for (const cell of cells) [low, high] = [Math.min(low, cell.fromMs), Math.max(high, cell.toMs)];
  for (const line of lines) for (const value of line) if (value !== null && value > 0) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return [Math.max(LATENCY_MS_MIN, low / 1.15), high * 1.15];
}
