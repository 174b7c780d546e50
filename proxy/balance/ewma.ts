/** Peak EWMA: a moving average of latency that jumps up at once and comes down slowly. Pure; times in µs. */

/** What an endpoint is thought to cost before it was tried (linkerd2-proxy's default). */
export const DEFAULT_RTT_US = 30_000;

/** After this long without a sample an estimate has fallen to 1/e (linkerd2-proxy's default). */
export const DECAY_US = 10_000_000;

/** The estimate of one endpoint; changed in place, since it is updated with each request. */
export interface Estimate {
  rttUs: number;
  atUs: number;
  /** False: `rttUs` is the default. */
  sampled: boolean;
}

/** `atUs` of an estimate that no request has begun to test: the default doesn't age until then. */
export const NOT_USED = Number.POSITIVE_INFINITY;

export function createEstimate(): Estimate {
  return { rttUs: DEFAULT_RTT_US, atUs: NOT_USED, sampled: false };
}

/** The estimate as of now in µs: an endpoint that isn't used gets cheaper until somebody tries it again. */
export function estimateAt(estimate: Estimate, nowUs: number): number {
  const agedUs = nowUs - estimate.atUs;
  return agedUs > 0 ? estimate.rttUs * Math.exp(-agedUs / DECAY_US) : estimate.rttUs;
}

/** Takes a sample in µs: the first one and a peak count whole, a lower one as much as time has passed. */
export function observe(estimate: Estimate, nowUs: number, latencyUs: number): void {
  if (!estimate.sampled || latencyUs >= estimate.rttUs) {
    estimate.rttUs = latencyUs;
  } else {
    const kept = Math.exp(-Math.max(0, nowUs - estimate.atUs) / DECAY_US);
    estimate.rttUs = estimate.rttUs * kept + latencyUs * (1 - kept);
  }
  estimate.atUs = nowUs;
  estimate.sampled = true;
}
