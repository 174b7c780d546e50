/** Chooses an endpoint of one service. Pure: time and randomness come as arguments. */
import type { Endpoint } from '../wire/orders.ts';

/** One endpoint in the balancer; identity of the object is kept over updates that don't change the endpoint. */
export interface Candidate {
  readonly endpoint: Endpoint;
}

export interface Balancer {
  /** New endpoints; load and latency of those that stay are kept. */
  update(endpoints: readonly Endpoint[]): void;
  /** Peak-EWMA cost of two random choices; null when there is none. `exclude` was tried already. */
  pick(nowUs: number, random: () => number, exclude: Candidate | null): Candidate | null;
  started(candidate: Candidate, nowUs: number): void;
  /** `latencyUs` −1: no answer came. A failure to connect or verify counts as a penalty. */
  finished(candidate: Candidate, nowUs: number, latencyUs: number, failed: boolean): void;
  readonly size: number;
}
