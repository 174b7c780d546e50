/** What a service asks of its callers' proxies beside one attempt at an endpoint. Whatever is absent is off. Times in ms. */

/** When an endpoint that answers badly is left out: so many failures in a row, or too small a share of successes. */
export type BreakerPolicy = BreakerPenalty &
  (
    | { readonly kind: 'consecutive'; readonly failuresMax: number }
    | {
        readonly kind: 'success-rate';
        /** Below this share, 0 to 1, the endpoint is left out. */
        readonly threshold: number;
        readonly windowMs: number;
        /** Fewer requests in the window say nothing. */
        readonly requestsMin: number;
      }
  );

/** How long an endpoint is left out before one request probes it: doubles with each failed probe. */
export interface BreakerPenalty {
  readonly penaltyMsMin: number;
  readonly penaltyMsMax: number;
  /** Up to this share, 0 to 1, is added at random, so that callers don't probe together. */
  readonly jitter: number;
}

export interface BalancerPolicy {
  readonly breaker?: BreakerPolicy;
  /**
   * Requests in flight per ready endpoint of the own zone from which on other zones are asked too, ever more often, and
   * at 2.5 times as many without regard to the zone.
   */
  readonly spill?: number;
}

/** Retries of one request may not make more load than this over the whole service. */
export interface RetryBudget {
  /** Retries per request, 0.2 for 20 %. */
  readonly ratio: number;
  /** And so many a second beside it, so that rare requests may be repeated too. */
  readonly perSecond: number;
  readonly windowMs: number;
}

export interface RetryPolicy {
  /** Ranges of HTTP statuses that are repeated, ends included. */
  readonly http: readonly (readonly [from: number, to: number])[];
  /** gRPC statuses that are repeated, as numbers; with one, calls are taken for repeatable. None by default: a call is a POST. */
  readonly grpc: readonly number[];
  /** Attempts beyond the first. */
  readonly limit: number;
  /** An attempt without a response's head for so long after its request went out is given up and repeated. */
  readonly timeoutMs?: number;
  /** `idempotent`: RFC 9110 §9.2.2; `all` repeats POST and PATCH too, since the service says that it may be. */
  readonly methods: 'idempotent' | 'all';
  readonly budget: RetryBudget;
}

export interface TimeoutPolicy {
  /** From the request's head to the response's end. */
  readonly requestMs?: number;
  /** From the request's end to the response's end. */
  readonly responseMs?: number;
  /** Without a byte in either direction. */
  readonly idleMs?: number;
}

export interface ServicePolicy {
  readonly balancer?: BalancerPolicy;
  readonly retry?: RetryPolicy;
  readonly timeout?: TimeoutPolicy;
}

/** linkerd2-proxy's defaults, for those who turn a part on without saying more. */
export const POLICY_DEFAULTS = {
  failuresMax: 7,
  threshold: 0.8,
  windowMs: 10_000,
  requestsMin: 5,
  penaltyMsMin: 1_000,
  penaltyMsMax: 60_000,
  jitter: 0.5,
  /** Some more than an app of one thread can do at once. */
  spill: 4,
  retryLimit: 1,
  budget: { ratio: 0.2, perSecond: 10, windowMs: 10_000 },
  http: [[500, 599]],
} as const;

/** A longer body of a request is passed on, but not kept for a retry. */
export const RETRY_BODY_BYTES_MAX = 64 * 1024;
