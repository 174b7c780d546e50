/** When a failed delivery is tried again: the schedule that Standard Webhooks suggests, with jitter. */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Wait after the first, second, … failed attempt; after the last of them the delivery is given up, some 75 h after its begin. */
export const RETRY_WAITS_MS = [
  5 * SECOND_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 5 * HOUR_MS, 10 * HOUR_MS, 14 * HOUR_MS, 20 * HOUR_MS, 24 * HOUR_MS,
] as const;

/** First attempt and one after each wait. */
export const ATTEMPTS_MAX = RETRY_WAITS_MS.length + 1;

/** Waits vary by this share up and down, so that a receiver that comes back isn't met by all at once. */
const JITTER = 0.2;

/** A receiver may ask for a longer wait (Retry-After, RFC 9110 §10.2.3), up to this. */
const RETRY_AFTER_MS_MAX = HOUR_MS;

/**
 * Milliseconds until the next attempt after `attempts` failed ones, or null when it is given up.
 * `random` is in [0, 1); `askedMs` is what the receiver asked for, null when it did not.
 */
export function retryWaitMs(attempts: number, random: number, askedMs: number | null): number | null {
  const wait = RETRY_WAITS_MS[attempts - 1];
  if (wait === undefined) return null;
  const jittered = Math.round(wait * (1 - JITTER + 2 * JITTER * random));
  return Math.max(jittered, Math.min(askedMs ?? 0, RETRY_AFTER_MS_MAX));
}

/** `Retry-After` in ms from `nowMs`: seconds or an HTTP date; null when absent or unreadable. */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  if (/^\d{1,9}$/.test(header)) return Number(header) * SECOND_MS;
  const at = /^[A-Z][a-z]{2}, /.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}
