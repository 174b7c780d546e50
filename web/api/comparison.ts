/** The earlier range that charts and numbers are held against: its choices, how it stands in the URL, what it asks for. Pure. */
import type { Point } from '../../cloud/wire/entities.ts';

const DAY_MS = 86_400_000;

/** `name` ends a sentence: "12 ms more than …". */
export const COMPARISONS = {
  previous: { label: 'Previous period', name: 'the period before', shiftMs: null },
  day: { label: 'Same hours yesterday', name: 'yesterday', shiftMs: DAY_MS },
  week: { label: 'Same hours last week', name: 'last week', shiftMs: 7 * DAY_MS },
} as const satisfies Record<string, { label: string; name: string; shiftMs: number | null }>;

export type ComparisonKey = keyof typeof COMPARISONS;

/** The comparison's part of the query string; absent: none. */
export function readComparison(raw: Readonly<Record<string, unknown>>): { readonly vs?: ComparisonKey } {
  const vs = raw['vs'];
  return typeof vs === 'string' && Object.hasOwn(COMPARISONS, vs) ? { vs: vs as ComparisonKey } : {};
}

interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** How far back the other range lies, ms. The previous period ends where this one begins. */
export function shiftMsOf(key: ComparisonKey, range: Stretch): number {
  return COMPARISONS[key].shiftMs ?? range.toMs - range.fromMs;
}

export function earlier(range: Stretch, shiftMs: number): Stretch {
  return { fromMs: range.fromMs - shiftMs, toMs: range.toMs - shiftMs };
}

/**
 * For each time of the chart the earlier point that covers the same moment, null where there is none.
 * The earlier points may be longer, since old numbers are kept in coarser pieces.
 */
export function aligned(points: readonly Point[], before: readonly Point[], beforeResolutionMs: number, shiftMs: number): (Point | null)[] {
  let at = 0;
  return points.map(({ startMs }) => {
    const moment = startMs - shiftMs;
    for (let next = before[at + 1]; next !== undefined && next.startMs <= moment; next = before[at + 1]) at += 1;
    const found = before[at];
    if (found === undefined || found.gap || moment < found.startMs || moment >= found.startMs + beforeResolutionMs) return null;
    return found;
  });
}
