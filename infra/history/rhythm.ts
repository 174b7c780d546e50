/** How busy a week is: days and nights, a weekly dip, and noise that is the same for the same seed and time. Pure. */
import { seeded } from '../seeded.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** The busiest hour of the day, UTC. */
const PEAK_HOUR = 14;
/** Nights have this share of the peak, weekends this share of a weekday. */
const NIGHT = 0.35;
const WEEKEND = 0.6;

/** The week turns gradually, over so long around a midnight: a step there would look like an incident. */
const TURN_MS = 12 * HOUR_MS;
/** 1 January 1970 was a Thursday: the weekend begins two days later, and lasts two. */
const SATURDAY_MS = 2 * DAY_MS;
const MONDAY_MS = 4 * DAY_MS;

/** Load at a time as a share of a weekday's peak, without noise. */
export function rhythm(atMs: number): number {
  const hour = (atMs % DAY_MS) / HOUR_MS;
  const day = 0.5 + 0.5 * Math.cos(((hour - PEAK_HOUR) / 24) * 2 * Math.PI);
  const inWeek = atMs % (7 * DAY_MS);
  const rest = turned(inWeek - SATURDAY_MS) - turned(inWeek - MONDAY_MS);
  return (NIGHT + (1 - NIGHT) * day ** 1.3) * (1 - (1 - WEEKEND) * rest);
}

/** From 0 to 1 while a midnight passes. */
function turned(afterMs: number): number {
  return Math.min(1, Math.max(0, afterMs / TURN_MS + 0.5));
}

/** A source of randomness of its own for a seed and a time. */
export function randomAt(seed: number, atMs: number): () => number {
  const mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(Math.floor(atMs / MINUTE_MS), 0xc2b2ae35);
  return seeded(mixed);
}

/** A factor about 1: the hour's mood, which minutes share, times each minute's own. */
export function noise(seed: number, atMs: number): number {
  const hours = randomAt(seed, Math.floor(atMs / HOUR_MS) * HOUR_MS)();
  const minutes = randomAt(seed + 1, Math.floor(atMs / MINUTE_MS) * MINUTE_MS)();
  return (1 + 0.12 * (hours - 0.5)) * (1 + 0.08 * (minutes - 0.5));
}
