/** How long to wait before the next try. */

export const BACKOFF_MS_MIN = 100;
export const BACKOFF_MS_MAX = 30_000;

/** Full jitter: anything between the least and a limit that doubles with every failure in a row. `random` is in [0, 1). */
export function backoffMs(failures: number, random: number): number {
  const limitMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(failures, 20));
  return BACKOFF_MS_MIN + random * (limitMs - BACKOFF_MS_MIN);
}
