/** Chooses an endpoint of one service. Pure: time and randomness come as arguments. */
import type { Endpoint } from '../wire/orders.ts';
import type { BalancerPolicy } from '../wire/policy.ts';
import type { Outcome } from './outcome.ts';

/** One endpoint in the balancer; identity of the object is kept over updates that don't change the endpoint. */
export interface Candidate {
  readonly endpoint: Endpoint;
}

/** What the breaker is told of a request beside its end. */
export interface AttemptReport {
  readonly outcome: Outcome;
  /** When the request was given to the endpoint. */
  readonly beganUs: number;
  /** In [0, 1). */
  readonly random: number;
}

export interface BalancerSettings {
  /** Endpoints of this zone are preferred; null: zones make no difference. */
  readonly zone: string | null;
  readonly policy: BalancerPolicy;
}

/** Endpoints by what they are good for now. */
export interface EndpointStates {
  readonly ready: number;
  /** Left out after a failure to connect or verify. */
  readonly unreachable: number;
  /** Left out by the circuit breaker. */
  readonly tripped: number;
}

export interface Balancer {
  /** New endpoints; load and latency of those that stay are kept. */
  update(endpoints: readonly Endpoint[]): void;
  /** What the orders say beside the endpoints; breakers go on while their policy stays the same. */
  configure(settings: BalancerSettings): void;
  /**
   * Peak-EWMA cost of two random choices; null when there is none, or the breakers admit none. `exclude` was tried
   * already.
   */
  pick(nowUs: number, random: () => number, exclude: Candidate | null): Candidate | null;
  started(candidate: Candidate, nowUs: number): void;
  /** `latencyUs` −1: no answer came. A failure to connect or verify counts as a penalty. */
  finished(candidate: Candidate, nowUs: number, latencyUs: number, failed: boolean, report?: AttemptReport): void;
  /** Leaves an endpoint out for a minute: whoever is there isn't who it should be. */
  eject(candidate: Candidate, nowUs: number): void;
  /** Whether a request given to it now would be worth it. */
  ready(nowUs: number): boolean;
  states(nowUs: number): EndpointStates;
  readonly size: number;
}
