/** When a leaf is renewed. Pure. */

/** Of the time that was left when the leaf came in force. */
export const RENEW_AT = 0.7;
/** Renewal comes up to this share earlier, so that proxies started together don't renew together. */
export const RENEW_JITTER = 0.05;

/** Ms until the renewal of a leaf that comes in force now. */
export function renewAfterMs(notAfterMs: number, nowMs: number, random: () => number): number {
  return Math.max(0, (notAfterMs - nowMs) * (RENEW_AT - RENEW_JITTER * random()));
}
