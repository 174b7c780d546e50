/** How long to wait before the next try, so that many proxies never try together. Pure. */

export const BACKOFF_MS_MIN = 100;
export const BACKOFF_MS_MAX = 30_000;

/** Exponential with full jitter, 0.1–30 s: `failures` is 1 after the first one. Returns ms. */
export function backoffMs(failures: number, random: () => number): number {
  const ceiling = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(failures, 20));
  return BACKOFF_MS_MIN + (ceiling - BACKOFF_MS_MIN) * random();
}

/** A link is dialled anew after 30–60 min, so that control replicas get even shares. */
export const REDIAL_MS_MIN = 30 * 60_000;
export const REDIAL_MS_MAX = 60 * 60_000;

export function redialMs(random: () => number): number {
  return REDIAL_MS_MIN + (REDIAL_MS_MAX - REDIAL_MS_MIN) * random();
}
