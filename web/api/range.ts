/** The console's one time control: its states, how they stand in the URL, and what they ask of the API. Pure. */

export const WINDOWS = {
  '15m': { label: '15 min', seconds: 900, pollMs: 5_000 },
  '1h': { label: '1 h', seconds: 3_600, pollMs: 5_000 },
  '6h': { label: '6 h', seconds: 21_600, pollMs: 15_000 },
  '24h': { label: '24 h', seconds: 86_400, pollMs: 30_000 },
  '7d': { label: '7 d', seconds: 604_800, pollMs: 60_000 },
  '30d': { label: '30 d', seconds: 2_592_000, pollMs: 60_000 },
} as const satisfies Record<string, { label: string; seconds: number; pollMs: number }>;

export type WindowKey = keyof typeof WINDOWS;

/** Live shows the last five minutes and asks again this often. */
export const LIVE_SECONDS = 300;
export const LIVE_POLL_MS = 2_000;
/** The shortest range that a drag on a chart may choose: three windows. */
const CUSTOM_MS_MIN = 30_000;

export type TimeRange =
  | { readonly kind: 'live' }
  | { readonly kind: 'last'; readonly window: WindowKey }
  /** The stretch that ended at a past moment; no window means five minutes, as live has. */
  | { readonly kind: 'asof'; readonly window: WindowKey | null; readonly atMs: number }
  | { readonly kind: 'custom'; readonly fromMs: number; readonly toMs: number };

/** The range's part of the URL; nothing means live. */
export interface RangeSearch {
  readonly t?: WindowKey;
  readonly from?: number;
  readonly to?: number;
  readonly at?: number;
}

export const LIVE: TimeRange = { kind: 'live' };

function isWindow(value: unknown): value is WindowKey {
  return typeof value === 'string' && Object.hasOwn(WINDOWS, value);
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

/** What of the query string is a valid range; the rest is dropped, so that a mangled link still opens. */
export function readRangeSearch(raw: Readonly<Record<string, unknown>>): RangeSearch {
  if (isTime(raw['from']) && isTime(raw['to']) && raw['from'] < raw['to']) return { from: raw['from'], to: raw['to'] };
  return { ...(isWindow(raw['t']) ? { t: raw['t'] } : {}), ...(isTime(raw['at']) ? { at: raw['at'] } : {}) };
}

export function rangeOf(search: RangeSearch): TimeRange {
  if (search.from !== undefined && search.to !== undefined) return { kind: 'custom', fromMs: search.from, toMs: search.to };
  if (search.at !== undefined) return { kind: 'asof', window: search.t ?? null, atMs: search.at };
  return search.t === undefined ? LIVE : { kind: 'last', window: search.t };
}

/** The URL's part for a range, with the other kinds' keys unset. */
export function searchOf(range: TimeRange): { t: WindowKey | undefined; from: number | undefined; to: number | undefined; at: number | undefined } {
  const unset = { t: undefined, from: undefined, to: undefined, at: undefined };
  switch (range.kind) {
    case 'live':
      return unset;
    case 'last':
      return { ...unset, t: range.window };
    case 'asof':
      return { ...unset, t: range.window ?? undefined, at: range.atMs };
    case 'custom':
      return { ...unset, from: range.fromMs, to: range.toMs };
    default:
      return range satisfies never;
  }
}

/** The same stretch as it was at a past moment; null: up to the present again. Two moments of one's own become five minutes. */
export function asOf(range: TimeRange, atMs: number | null): TimeRange {
  const window = range.kind === 'last' || range.kind === 'asof' ? range.window : null;
  if (atMs !== null) return { kind: 'asof', window, atMs };
  return window === null ? LIVE : { kind: 'last', window };
}

/** A custom range from two moments in any order, whole seconds, at least 30 s long. */
export function customRange(oneMs: number, otherMs: number): TimeRange {
  const fromMs = Math.floor(Math.min(oneMs, otherMs) / 1000) * 1000;
  const toMs = Math.ceil(Math.max(oneMs, otherMs) / 1000) * 1000;
  return { kind: 'custom', fromMs, toMs: Math.max(toMs, fromMs + CUSTOM_MS_MIN) };
}

function secondsOf(window: WindowKey | null): number {
  return window === null ? LIVE_SECONDS : WINDOWS[window].seconds;
}

/** The range query of the API. */
export function rangeQuery(range: TimeRange): { windowSeconds: number } | { fromMs: number; toMs: number } {
  switch (range.kind) {
    case 'live':
      return { windowSeconds: LIVE_SECONDS };
    case 'last':
      return { windowSeconds: WINDOWS[range.window].seconds };
    case 'asof':
      return { fromMs: range.atMs - secondsOf(range.window) * 1000, toMs: range.atMs };
    case 'custom':
      return { fromMs: range.fromMs, toMs: range.toMs };
    default:
      return range satisfies never;
  }
}

/** How often to ask again, ms; false for a range that has ended. */
export function pollMs(range: TimeRange): number | false {
  switch (range.kind) {
    case 'live':
      return LIVE_POLL_MS;
    case 'last':
      return WINDOWS[range.window].pollMs;
    case 'asof':
    case 'custom':
      return false;
    default:
      return range satisfies never;
  }
}

export function spanMsOf(range: TimeRange): number {
  const query = rangeQuery(range);
  return 'windowSeconds' in query ? query.windowSeconds * 1000 : query.toMs - query.fromMs;
}
