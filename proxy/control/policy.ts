/** Reads what a service asks of its callers, by the contract in `wire/policy.ts`. Pure. */
import type { BalancerPolicy, BreakerPolicy, RetryPolicy, ServicePolicy, TimeoutPolicy } from '../wire/policy.ts';
import { asList, asObject, asOneOf, asWhole, ifThere, ShapeError, type Fields } from './shape.ts';

const MS_MAX = 7 * 24 * 3_600_000;
/** No request is worth more attempts than this. */
const RETRIES_MAX = 10;
const RANGES_MAX = 16;

function asNumber(value: unknown, path: string, min: number, max: number): number {
  if (typeof value !== 'number' || !(value >= min && value <= max)) throw new ShapeError(path, `a number from ${min} to ${max}`, value);
  return value;
}

const asMs = (value: unknown, path: string): number => asWhole(value, path, 1, MS_MAX);

function breaker(value: unknown, path: string): BreakerPolicy {
  const fields = asObject(value, path);
  const penalty = {
    penaltyMsMin: asMs(fields['penaltyMsMin'], `${path}.penaltyMsMin`),
    penaltyMsMax: asMs(fields['penaltyMsMax'], `${path}.penaltyMsMax`),
    jitter: asNumber(fields['jitter'], `${path}.jitter`, 0, 1),
  };
  const kind = asOneOf(fields['kind'], `${path}.kind`, ['consecutive', 'success-rate']);
  switch (kind) {
    case 'consecutive':
      return { kind, failuresMax: asWhole(fields['failuresMax'], `${path}.failuresMax`, 1, 10_000), ...penalty };
    case 'success-rate':
      return {
        kind,
        threshold: asNumber(fields['threshold'], `${path}.threshold`, 0, 1),
        windowMs: asMs(fields['windowMs'], `${path}.windowMs`),
        requestsMin: asWhole(fields['requestsMin'], `${path}.requestsMin`, 1, 1_000_000),
        ...penalty,
      };
    default:
      return kind satisfies never;
  }
}

function balancer(value: unknown, path: string): BalancerPolicy {
  const fields = asObject(value, path);
  return {
    ...ifThere('breaker', fields, path, breaker),
    ...ifThere('spill', fields, path, (spill, at) => asNumber(spill, at, 0, 1_000_000)),
  };
}

function retry(value: unknown, path: string): RetryPolicy {
  const fields = asObject(value, path);
  const budget = asObject(fields['budget'], `${path}.budget`);
  return {
    http: asList(fields['http'], `${path}.http`, RANGES_MAX, statusRange),
    grpc: asList(fields['grpc'], `${path}.grpc`, RANGES_MAX, (code, at) => asWhole(code, at, 1, 16)),
    limit: asWhole(fields['limit'], `${path}.limit`, 0, RETRIES_MAX),
    ...ifThere('timeoutMs', fields, path, asMs),
    methods: asOneOf(fields['methods'], `${path}.methods`, ['idempotent', 'all']),
    budget: {
      ratio: asNumber(budget['ratio'], `${path}.budget.ratio`, 0, 10),
      perSecond: asNumber(budget['perSecond'], `${path}.budget.perSecond`, 0, 1_000_000),
      windowMs: asMs(budget['windowMs'], `${path}.budget.windowMs`),
    },
  };
}

function statusRange(value: unknown, path: string): readonly [number, number] {
  const [from, to] = asList(value, path, 2, (status, at) => asWhole(status, at, 400, 599));
  if (from === undefined || to === undefined || from > to) throw new ShapeError(path, 'two statuses, the lower first', value);
  return [from, to];
}

function timeout(value: unknown, path: string): TimeoutPolicy {
  const fields: Fields = asObject(value, path);
  return { ...ifThere('requestMs', fields, path, asMs), ...ifThere('responseMs', fields, path, asMs), ...ifThere('idleMs', fields, path, asMs) };
}

/** Throws `ShapeError`. */
export function decodePolicy(value: unknown, path: string): ServicePolicy {
  const fields = asObject(value, path);
  return { ...ifThere('balancer', fields, path, balancer), ...ifThere('retry', fields, path, retry), ...ifThere('timeout', fields, path, timeout) };
}
