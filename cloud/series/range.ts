/** Which range a query reads: aligned to whole windows, ms since 1970, the end excluded. Pure. */
import { ApiError } from '../context.ts';

export interface RangeQuery {
  readonly windowSeconds?: number | undefined;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

const DEFAULT_SECONDS = 300;
/** The longest range that one query reads; the retention of the finest windows is shorter still. */
export const RANGE_MS_MAX = 31 * 86_400_000;
/** A newest window no older than this ends a range "up to now", so that the newest point isn't half a one. */
const FRESH_MS = 60_000;

/** `newestEndMs`: the end of the newest stored window. Throws `ApiError('invalid_request')` with every fault. */
export function resolveRange(query: RangeQuery, nowMs: number, windowMs: number, newestEndMs: number | null): Span {
  const faults = rangeFaults(query);
  if (faults.length > 0) throw new ApiError('invalid_request', 'The range is not one.', { faults });
  if (query.fromMs !== undefined && query.toMs !== undefined) {
    return { fromMs: Math.floor(query.fromMs / windowMs) * windowMs, toMs: Math.ceil(query.toMs / windowMs) * windowMs };
  }
  const fresh = newestEndMs !== null && Math.abs(nowMs - newestEndMs) <= FRESH_MS;
  const toMs = fresh ? newestEndMs : Math.floor(nowMs / windowMs) * windowMs;
  const lengthMs = Math.max(windowMs, Math.ceil(((query.windowSeconds ?? DEFAULT_SECONDS) * 1000) / windowMs) * windowMs);
  return { fromMs: toMs - lengthMs, toMs };
}

function rangeFaults(query: RangeQuery): { path: string; message: string }[] {
  const { fromMs, toMs, windowSeconds } = query;
  const faults: { path: string; message: string }[] = [];
  if (fromMs === undefined && toMs === undefined) return faults;
  if (windowSeconds !== undefined) faults.push({ path: 'query.windowSeconds', message: 'give either windowSeconds, or fromMs and toMs' });
  if (fromMs === undefined) faults.push({ path: 'query.fromMs', message: 'toMs needs fromMs beside it' });
  if (toMs === undefined) faults.push({ path: 'query.toMs', message: 'fromMs needs toMs beside it' });
  if (fromMs !== undefined && toMs !== undefined) {
    if (toMs <= fromMs) faults.push({ path: 'query.toMs', message: 'must be after fromMs' });
    if (toMs - fromMs > RANGE_MS_MAX) faults.push({ path: 'query.fromMs', message: 'a range spans at most 31 days' });
  }
  return faults;
}

/** About this many points make a chart. */
const POINTS_WANTED = 120;
/** More points than this are not drawn by anyone. */
export const POINTS_MAX = 2_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Longer ranges are read in minutes at the finest: their windows are too many. */
export const WINDOWS_MS_MAX = 2 * HOUR_MS;
/** Unasked, charts of longer ranges than these have points of whole minutes, and of whole hours. */
const SECONDS_CHART_MS_MAX = 15 * MINUTE_MS;
const MINUTES_CHART_MS_MAX = 49 * HOUR_MS;

/** Unasked, a range that is a bit longer than a round one has its points: a day that ends at a window has those of a day. */
const ROUNDING = 0.1;

/** The length of a point: a whole number of what is stored, at least what was asked for, and not more than `POINTS_MAX` of them. */
export function stepOf(span: Span, finestMs: number, askedSeconds: number | undefined): number {
  const lengthMs = span.toMs - span.fromMs;
  const unitMs = Math.max(finestMs, unitFor(lengthMs, askedSeconds === undefined));
  const wantedMs = Math.max(askedSeconds === undefined ? lengthMs / POINTS_WANTED : askedSeconds * 1000, lengthMs / POINTS_MAX, unitMs);
  return Math.max(1, Math.ceil(wantedMs / unitMs - (askedSeconds === undefined ? ROUNDING : 0))) * unitMs;
}

function unitFor(lengthMs: number, free: boolean): number {
  if (free && lengthMs > MINUTES_CHART_MS_MAX) return HOUR_MS;
  return lengthMs > (free ? SECONDS_CHART_MS_MAX : WINDOWS_MS_MAX) ? MINUTE_MS : 0;
}

/** Where one total over a range begins: long ranges at a whole minute or hour, since their first seconds cost more than they tell. */
export function roundedStart(span: Span): Span {
  const lengthMs = span.toMs - span.fromMs;
  const unitMs = lengthMs > MINUTES_CHART_MS_MAX ? HOUR_MS : lengthMs > WINDOWS_MS_MAX ? MINUTE_MS : 1;
  return { fromMs: Math.floor(span.fromMs / unitMs) * unitMs, toMs: span.toMs };
}
