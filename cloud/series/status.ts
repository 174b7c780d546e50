/** Health: degraded below 99 %, failing below 90 % success over 5 minutes with at least 20 requests. Pure. */
import type { HealthStatus } from '../wire/entities.ts';
import { successRate } from './golden.ts';

export const STATUS_WINDOW_MS = 5 * 60_000;
/** With fewer judged requests one failure would already be a verdict. */
export const STATUS_REQUESTS_MIN = 20;
const DEGRADED_BELOW = 0.99;
const FAILING_BELOW = 0.9;

export interface Counts {
  readonly requests: number;
  readonly failuresApp: number;
  readonly failuresMesh: number;
  readonly failuresClient: number;
}

/** No data is not healthy: too little traffic is `nodata`. */
export function statusOf(counts: Counts): HealthStatus {
  const rate = successRate(counts);
  if (rate === null || counts.requests - counts.failuresClient < STATUS_REQUESTS_MIN) return 'nodata';
  if (rate < FAILING_BELOW) return 'failing';
  return rate < DEGRADED_BELOW ? 'degraded' : 'ok';
}

/** A cluster's status: numbers of a silent agent say nothing about now. */
export function clusterStatus(counts: Counts, connected: boolean): HealthStatus {
  return connected ? statusOf(counts) : 'stale';
}
