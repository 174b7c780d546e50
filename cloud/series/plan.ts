/**
 * Which level of the stored numbers answers which piece of a range: whole hours from day chunks, minutes from hour chunks,
 * 10-second windows where an hour is open, dirty, or begins or ends within a minute. Every level sums to the same. Pure.
 */
import { MINUTE_RETENTION_MS, WINDOW_RETENTION_MS } from '../jobs/retention.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SLICE_MS } from '../rollup/chunk.ts';
import type { Span } from './range.ts';

/** What is stored of an hour. One without a state has windows, if it is young enough, or nothing. */
export type HourState =
  /** Windows, not all rolled up: open or dirty. Minutes before `slicedToMs` are in chunks of a slice. */
  | { readonly kind: 'open'; readonly slicedToMs: number }
  | { readonly kind: 'rolled' }
  | { readonly kind: 'imported'; readonly points: 'minute' | 'hour'; readonly source: string };

/** States by the hour's begin, ms since 1970. */
export type Hours = ReadonlyMap<number, HourState>;

/** Levels from fine to coarse. */
export type Grain = 'window' | 'minute' | 'hour';

export interface Plan {
  readonly span: Span;
  /** Pieces by level, in order of time, not overlapping; those of minutes and hours are whole points. */
  readonly windows: readonly Span[];
  readonly minutes: readonly Span[];
  readonly hours: readonly Span[];
  /** Begins of the minute chunks that hold `minutes`: one an hour, or its slices while it is open. */
  readonly minuteChunks: readonly number[];
}

type Draft = Record<'windows' | 'minutes' | 'hours', Span[]> & { readonly minuteChunks: number[] };

export const GRAIN_MS = { minute: MINUTE_MS, hour: HOUR_MS } as const;

const floorTo = (atMs: number, unitMs: number): number => Math.floor(atMs / unitMs) * unitMs;
const ceilTo = (atMs: number, unitMs: number): number => Math.ceil(atMs / unitMs) * unitMs;

/** Begins of the hours that a span touches. */
export function hoursOf(span: Span): number[] {
  const begins: number[] = [];
  for (let hour = floorTo(span.fromMs, HOUR_MS); hour < span.toMs; hour += HOUR_MS) begins.push(hour);
  return begins;
}

/** The finest level that an hour still has. */
export function finestOf(hourMs: number, state: HourState | undefined, nowMs: number): Grain {
  if (state?.kind === 'imported') return state.points === 'hour' || pastMinutes(hourMs, nowMs) ? 'hour' : 'minute';
  if (state?.kind !== 'rolled') return 'window';
  if (pastMinutes(hourMs, nowMs)) return 'hour';
  return hourMs < nowMs - WINDOW_RETENTION_MS ? 'minute' : 'window';
}

function pastMinutes(hourMs: number, nowMs: number): boolean {
  return hourMs < nowMs - MINUTE_RETENTION_MS;
}

/** The finest level that every hour of the span has. */
export function commonGrain(span: Span, hours: Hours, nowMs: number): Grain {
  const grains = new Set(hoursOf(span).map((hour) => finestOf(hour, hours.get(hour), nowMs)));
  return grains.has('hour') ? 'hour' : grains.has('minute') ? 'minute' : 'window';
}

/** The span widened at its ends to points that their hours still have. */
export function alignSpan(span: Span, hours: Hours, nowMs: number): Span {
  const unitAt = (hourMs: number): number => {
    const grain = finestOf(hourMs, hours.get(hourMs), nowMs);
    return grain === 'window' ? 1 : GRAIN_MS[grain];
  };
  return {
    fromMs: floorTo(span.fromMs, unitAt(floorTo(span.fromMs, HOUR_MS))),
    toMs: ceilTo(span.toMs, unitAt(floorTo(span.toMs - 1, HOUR_MS))),
  };
}

export interface PlanWish {
  /** No point may be coarser than this: the step of a series, or `hour` for one total. */
  readonly coarsest: Grain;
  /**
   * True: everything of the cluster is read, so that a few minutes are fewer rows as windows than as chunks of their hour.
   * False: some subjects, which chunks have apart and windows have not.
   */
  readonly everything: boolean;
}

/** Up to this long, the windows of a whole cluster are fewer rows than the 60 points of each of its chunks. */
const WINDOWS_MS_MAX = 10 * MINUTE_MS;

/** `span` is aligned (`alignSpan`), and to points of `coarsest` at its begin. */
export function planRange(span: Span, hours: Hours, nowMs: number, wish: PlanWish): Plan {
  const plan: Draft = { windows: [], minutes: [], hours: [], minuteChunks: [] };
  for (const hourMs of hoursOf(span)) {
    const state = hours.get(hourMs) ?? unknownHour(hourMs, nowMs);
    if (!state) continue;
    const piece = { fromMs: Math.max(span.fromMs, hourMs), toMs: Math.min(span.toMs, hourMs + HOUR_MS) };
    planHour(plan, hourMs, state, piece, finestOf(hourMs, state, nowMs), wish);
  }
  return { span, ...plan };
}

function unknownHour(hourMs: number, nowMs: number): HourState | null {
  return hourMs >= nowMs - WINDOW_RETENTION_MS - HOUR_MS ? { kind: 'open', slicedToMs: hourMs } : null;
}

function planHour(plan: Draft, hourMs: number, state: HourState, piece: Span, finest: Grain, wish: PlanWish): void {
  const whole = piece.toMs - piece.fromMs === HOUR_MS;
  if (state.kind !== 'open' && ((whole && wish.coarsest === 'hour') || finest === 'hour')) {
    return push(plan.hours, { fromMs: hourMs, toMs: hourMs + HOUR_MS });
  }
  const windowsDo = finest === 'window' && (wish.coarsest === 'window' || (wish.everything && piece.toMs - piece.fromMs < WINDOWS_MS_MAX));
  if (windowsDo) return push(plan.windows, piece);
  const chunkedTo = state.kind === 'open' ? Math.min(piece.toMs, state.slicedToMs) : piece.toMs;
  const minutes = { fromMs: ceilTo(piece.fromMs, MINUTE_MS), toMs: floorTo(chunkedTo, MINUTE_MS) };
  if (minutes.toMs <= minutes.fromMs) return push(plan.windows, piece);
  push(plan.windows, { fromMs: piece.fromMs, toMs: minutes.fromMs });
  push(plan.minutes, minutes);
  plan.minuteChunks.push(...(state.kind === 'open' ? slicesOf(hourMs, minutes) : [hourMs]));
  push(plan.windows, { fromMs: minutes.toMs, toMs: piece.toMs });
}

/** Adds a piece; one that follows directly extends the last. */
function push(pieces: Span[], piece: Span): void {
  if (piece.toMs <= piece.fromMs) return;
  const last = pieces.at(-1);
  if (last?.toMs === piece.fromMs) pieces[pieces.length - 1] = { fromMs: last.fromMs, toMs: piece.toMs };
  else pieces.push(piece);
}

/** Begins of the slices that hold minutes of an open hour. */
function slicesOf(hourMs: number, minutes: Span): number[] {
  const starts: number[] = [];
  for (let start = hourMs; start < minutes.toMs; start += SLICE_MS) if (start + SLICE_MS > minutes.fromMs) starts.push(start);
  return starts;
}

/** Begins of the day chunks that hold hours. */
export function dayChunks(hours: readonly Span[]): number[] {
  const days = hours.flatMap(({ fromMs, toMs }) => {
    const starts: number[] = [];
    for (let day = floorTo(fromMs, DAY_MS); day < toMs; day += DAY_MS) starts.push(day);
    return starts;
  });
  return [...new Set(days)];
}

/** Tells whether a time lies in one of the pieces, which are in order. */
export function membership(pieces: readonly Span[]): (atMs: number) => boolean {
  return (atMs) => {
    let [low, high] = [0, pieces.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((pieces[middle]?.toMs ?? 0) <= atMs) low = middle + 1;
      else high = middle;
    }
    const piece = pieces[low];
    return piece !== undefined && piece.fromMs <= atMs;
  };
}

/** Sources of the imported hours in a span, each once. */
export function sourcesOf(span: Span, hours: Hours): string[] {
  const sources = hoursOf(span).map((hour) => hours.get(hour)).flatMap((state) => (state?.kind === 'imported' ? [state.source] : []));
  return [...new Set(sources)].sort();
}
