/** A service's policy as people write it, in the mesh file and in static mode: durations with units, statuses in words. */
import { POLICY_DEFAULTS, type BreakerPenalty, type BreakerPolicy, type RetryPolicy, type ServicePolicy, type TimeoutPolicy } from './policy.ts';

/** Texts are of the forms below; whoever reads the file has checked them. */
export interface AuthoredPolicy {
  readonly balancer?: AuthoredBalancer | undefined;
  readonly retry?: AuthoredRetry | undefined;
  readonly timeout?: { readonly request?: string | undefined; readonly response?: string | undefined; readonly idle?: string | undefined } | undefined;
}

export interface AuthoredBalancer {
  /** Failures in a row that leave an endpoint out. Not beside `successRate`. */
  readonly consecutiveFailures?: number | undefined;
  /** The share of successes below which an endpoint is left out. */
  readonly successRate?: { readonly threshold?: number | undefined; readonly window?: string | undefined; readonly requests?: number | undefined } | undefined;
  readonly penalty?: { readonly min?: string | undefined; readonly max?: string | undefined; readonly jitter?: number | undefined } | undefined;
  readonly spill?: number | undefined;
}

export interface AuthoredRetry {
  readonly http?: readonly string[] | undefined;
  readonly grpc?: readonly string[] | undefined;
  readonly limit?: number | undefined;
  readonly timeout?: string | undefined;
  readonly methods?: 'idempotent' | 'all' | undefined;
  readonly budget?: { readonly ratio?: number | undefined; readonly perSecond?: number | undefined; readonly window?: string | undefined } | undefined;
}

/** `300ms`, `5s`, `1m`, `2h`; above 0, and less than a week whatever the unit. */
export const DURATION_PATTERN = '^(?:[1-9][0-9]{0,6}ms|[1-9][0-9]{0,4}s|[1-9][0-9]{0,3}m|(?:[1-9]|1[0-9]|2[0-4])h)$';
/** `5xx`, `gateway-error` (502 to 504), `503`, `500-504`. */
export const STATUSES_PATTERN = '^(?:5xx|gateway-error|[45][0-9]{2}(?:-[45][0-9]{2})?)$';
/** gRPC statuses that may be repeated, by name; Linkerd's list. */
export const GRPC_RETRYABLE = { cancelled: 1, 'deadline-exceeded': 4, internal: 13, 'resource-exhausted': 8, unavailable: 14 } as const;

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** Null for what is no duration. */
export function durationMs(text: string): number | null {
  if (!new RegExp(DURATION_PATTERN).test(text)) return null;
  const unit = /[a-z]+$/.exec(text)?.[0] as keyof typeof UNIT_MS;
  return Number.parseInt(text, 10) * UNIT_MS[unit];
}

/** Null for what names no statuses, or a range from the higher to the lower. */
export function statusRange(text: string): readonly [number, number] | null {
  if (!new RegExp(STATUSES_PATTERN).test(text)) return null;
  if (text === '5xx') return [500, 599];
  if (text === 'gateway-error') return [502, 504];
  const [from = 0, to = from] = text.split('-').map(Number);
  return from <= to ? [from, to] : null;
}

/** One sentence for each contradiction, with the member's path; what each text says by itself is checked before. */
export function policyConflicts(policy: AuthoredPolicy): { readonly path: readonly string[]; readonly message: string }[] {
  const { balancer, retry } = policy;
  const conflicts: { path: string[]; message: string }[] = [];
  if (balancer?.consecutiveFailures !== undefined && balancer.successRate !== undefined) {
    conflicts.push({ path: ['balancer'], message: 'has consecutiveFailures and successRate; an endpoint is judged by one of them' });
  }
  if (balancer?.penalty !== undefined && balancer.consecutiveFailures === undefined && balancer.successRate === undefined) {
    conflicts.push({ path: ['balancer', 'penalty'], message: 'is for endpoints that are left out, and without consecutiveFailures or successRate none is' });
  }
  const penalty = penaltyOf(balancer?.penalty);
  if (penalty.penaltyMsMin > penalty.penaltyMsMax) conflicts.push({ path: ['balancer', 'penalty', 'min'], message: 'is longer than max' });
  if (retry?.timeout !== undefined && retry.limit === 0) conflicts.push({ path: ['retry', 'timeout'], message: 'is the time of an attempt that is repeated, and a limit of 0 repeats none' });
  return conflicts;
}

/** The policy of the orders; undefined when it asks nothing. */
export function policyOf({ balancer, retry, timeout }: AuthoredPolicy): ServicePolicy | undefined {
  const policy: ServicePolicy = {
    ...(balancer === undefined ? {} : { balancer: { ...breakerPart(balancer), ...(balancer.spill === undefined ? {} : { spill: balancer.spill }) } }),
    ...(retry === undefined ? {} : { retry: retryOf(retry) }),
    ...(timeout === undefined ? {} : { timeout: timeoutOf(timeout) }),
  };
  return Object.keys(policy).length === 0 ? undefined : policy;
}

/** A checked duration, or a default. */
function ms(text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : (durationMs(text) ?? otherwise);
}

function penaltyOf(penalty: AuthoredBalancer['penalty']): BreakerPenalty {
  return {
    penaltyMsMin: ms(penalty?.min, POLICY_DEFAULTS.penaltyMsMin),
    penaltyMsMax: ms(penalty?.max, POLICY_DEFAULTS.penaltyMsMax),
    jitter: penalty?.jitter ?? POLICY_DEFAULTS.jitter,
  };
}

function breakerPart({ consecutiveFailures, successRate, penalty }: AuthoredBalancer): { readonly breaker?: BreakerPolicy } {
  if (consecutiveFailures !== undefined) return { breaker: { kind: 'consecutive', failuresMax: consecutiveFailures, ...penaltyOf(penalty) } };
  if (successRate === undefined) return {};
  const { threshold = POLICY_DEFAULTS.threshold, requests = POLICY_DEFAULTS.requestsMin, window } = successRate;
  return { breaker: { kind: 'success-rate', threshold, windowMs: ms(window, POLICY_DEFAULTS.windowMs), requestsMin: requests, ...penaltyOf(penalty) } };
}

function retryOf({ http, grpc, limit, timeout, methods, budget }: AuthoredRetry): RetryPolicy {
  const { ratio, perSecond, windowMs } = POLICY_DEFAULTS.budget;
  return {
    http: http === undefined ? POLICY_DEFAULTS.http : http.flatMap((text) => statusRangeAsList(text)),
    grpc: (grpc ?? []).flatMap((name) => (Object.hasOwn(GRPC_RETRYABLE, name) ? [GRPC_RETRYABLE[name as keyof typeof GRPC_RETRYABLE]] : [])),
    limit: limit ?? POLICY_DEFAULTS.retryLimit,
    ...(timeout === undefined ? {} : { timeoutMs: ms(timeout, 1_000) }),
    methods: methods ?? 'idempotent',
    budget: { ratio: budget?.ratio ?? ratio, perSecond: budget?.perSecond ?? perSecond, windowMs: ms(budget?.window, windowMs) },
  };
}

function statusRangeAsList(text: string): (readonly [number, number])[] {
  const range = statusRange(text);
  return range === null ? [] : [range];
}

function timeoutOf({ request, response, idle }: NonNullable<AuthoredPolicy['timeout']>): TimeoutPolicy {
  return {
    ...(request === undefined ? {} : { requestMs: ms(request, Infinity) }),
    ...(response === undefined ? {} : { responseMs: ms(response, Infinity) }),
    ...(idle === undefined ? {} : { idleMs: ms(idle, Infinity) }),
  };
}
