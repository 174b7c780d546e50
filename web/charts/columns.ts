/** Points of the API as columns that a chart draws: seconds on x, null where there is nothing to draw. Pure. */
import type { Point } from '../../cloud/wire/entities.ts';

export type Column = readonly (number | null)[];
/** x in seconds since 1970, then one column per series. */
export type Columns = readonly [readonly number[], ...Column[]];

function column(points: readonly Point[], value: (point: Point) => number | null): Column {
  return points.map((point) => (point.gap ? null : value(point)));
}

function seconds(points: readonly Point[]): number[] {
  return points.map((point) => point.startMs / 1000);
}

/** Success in percent; a point without traffic has none. */
export function successColumns(points: readonly Point[]): Columns {
  return [seconds(points), column(points, ({ successRate }) => (successRate === null ? null : successRate * 100))];
}

/** Requests and failures (app and mesh) per second; `resolutionMs` is the length of a point. */
export function rateColumns(points: readonly Point[], resolutionMs: number): Columns {
  const perSecond = 1000 / resolutionMs;
  return [seconds(points), column(points, (point) => point.requestsPerSecond), column(points, (point) => (point.failuresApp + point.failuresMesh) * perSecond)];
}

export function latencyColumns(points: readonly Point[]): Columns {
  return [seconds(points), column(points, (point) => point.p50), column(points, (point) => point.p95), column(points, (point) => point.p99)];
}

export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The stretches that no window of the cluster covers, to be drawn as such. */
export function gapsOf(points: readonly Point[], resolutionMs: number): Stretch[] {
  const gaps: Stretch[] = [];
  for (const point of points) {
    if (!point.gap) continue;
    const last = gaps.at(-1);
    if (last !== undefined && last.toMs === point.startMs) gaps[gaps.length - 1] = { fromMs: last.fromMs, toMs: point.startMs + resolutionMs };
    else gaps.push({ fromMs: point.startMs, toMs: point.startMs + resolutionMs });
  }
  return gaps;
}

/** The stretches whose numbers were imported, each named by what brought them. */
export function importedOf(points: readonly Pick<Point, 'startMs' | 'imported'>[], resolutionMs: number, source: string): (Stretch & { readonly label: string })[] {
  const found: (Stretch & { readonly label: string })[] = [];
  for (const { startMs, imported } of points) {
    if (!imported) continue;
    const last = found.at(-1);
    const fromMs = last !== undefined && last.toMs === startMs ? (found.pop()?.fromMs ?? startMs) : startMs;
    found.push({ fromMs, toMs: startMs + resolutionMs, label: source });
  }
  return found;
}

/** The index of the newest point that has a value, or null. */
export function lastFilled(values: Column): number | null {
  for (let at = values.length - 1; at >= 0; at--) if (values[at] !== null && values[at] !== undefined) return at;
  return null;
}

/** Indices of values without a neighbour on either side. */
export function lonely(values: ArrayLike<number | null | undefined>): number[] {
  const found: number[] = [];
  for (let at = 0; at < values.length; at++) if (values[at] != null && values[at - 1] == null && values[at + 1] == null) found.push(at);
  return found;
}
