/** The time slider's scale: how far back it reaches, in what steps, and what lies where on it. Pure. */
import type { Mark } from '../../charts/plot.tsx';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Reaches of the slider, shortest first; a step is about what a hand can hit. */
export const REACHES = {
  '24h': { label: '24 h', lengthMs: DAY_MS, stepMs: MINUTE_MS },
  '7d': { label: '7 d', lengthMs: 7 * DAY_MS, stepMs: 10 * MINUTE_MS },
  '30d': { label: '30 d', lengthMs: 30 * DAY_MS, stepMs: HOUR_MS },
} as const satisfies Record<string, { label: string; lengthMs: number; stepMs: number }>;

export type ReachKey = keyof typeof REACHES;
export const REACH_KEYS = Object.keys(REACHES) as ReachKey[];

export interface Scale {
  readonly key: ReachKey;
  readonly fromMs: number;
  /** The present, at the end of its step. */
  readonly toMs: number;
  readonly stepMs: number;
}

export function readReach(text: string | undefined): ReachKey | null {
  return REACH_KEYS.find((key) => key === text) ?? null;
}

/** The scale that was chosen, or a longer one when a chosen moment lies before it. */
export function scaleOf(chosen: ReachKey | null, moments: readonly (number | null)[], nowMs: number): Scale {
  const oldest = Math.min(nowMs, ...moments.filter((moment) => moment !== null));
  const least = REACH_KEYS.indexOf(chosen ?? '24h');
  const key = REACH_KEYS.slice(least).find((each) => oldest >= scale(each, nowMs).fromMs) ?? '30d';
  return scale(key, nowMs);
}

function scale(key: ReachKey, nowMs: number): Scale {
  const { lengthMs, stepMs } = REACHES[key];
  const toMs = Math.ceil(nowMs / stepMs) * stepMs;
  return { key, fromMs: toMs - lengthMs, toMs, stepMs };
}

/** A place on the scale as a moment; its end is the present: null. */
export function momentAt(place: number, { toMs }: Scale): number | null {
  return place >= toMs ? null : place;
}

export function placeOf(moment: number | null, { fromMs, toMs }: Scale): number {
  return moment === null ? toMs : Math.min(toMs, Math.max(fromMs, moment));
}

/** 0…1 of the scale's length. */
export function shareOf(moment: number, { fromMs, toMs }: Scale): number {
  return Math.min(1, Math.max(0, (moment - fromMs) / (toMs - fromMs)));
}

/** The begin of the nearest mark before or after a moment; null when there is none. */
export function nextMark(marks: readonly Mark[], moment: number, direction: 'before' | 'after'): number | null {
  const begins = marks.map((mark) => mark.fromMs).toSorted((a, b) => a - b);
  return (direction === 'before' ? begins.findLast((begin) => begin < moment) : begins.find((begin) => begin > moment)) ?? null;
}

/** What a moment is near to: the mark that reaches it, or that began or ended within a few steps; the nearest one. */
export function markNear(marks: readonly Mark[], moment: number, { stepMs }: Scale): Mark | null {
  const distance = (mark: Mark): number => (moment >= mark.fromMs && moment <= mark.toMs ? 0 : Math.min(Math.abs(moment - mark.fromMs), Math.abs(moment - mark.toMs)));
  const [nearest] = marks.toSorted((a, b) => distance(a) - distance(b));
  return nearest !== undefined && distance(nearest) <= 5 * stepMs ? nearest : null;
}
