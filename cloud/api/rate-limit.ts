/** How many calls a user or token may make: a bucket each that fills steadily. Per process; pure but for what it remembers. */

export interface RateLimit {
  /** Calls that may come at once. */
  readonly burst: number;
  readonly perSecond: number;
}

/** Room for several pages that poll, and for scripts; 1,200 calls a minute. */
export const API_RATE: RateLimit = { burst: 600, perSecond: 20 };
/** Callers remembered; who is forgotten begins with a full bucket. */
const CALLERS_MAX = 50_000;

export interface RateVerdict {
  readonly allowed: boolean;
  /** Calls left now. */
  readonly remaining: number;
  /** Until the bucket is full again. */
  readonly resetSeconds: number;
  /** Until the next call is allowed; 0 when it is. */
  readonly retrySeconds: number;
}

export interface RateLimiter {
  readonly limit: RateLimit;
  take(caller: string, nowMs: number): RateVerdict;
  readonly counters: { refused: number; forgotten: number };
}

export function createRateLimiter(limit: RateLimit = API_RATE, callersMax: number = CALLERS_MAX): RateLimiter {
  const { burst, perSecond } = limit;
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  const counters = { refused: 0, forgotten: 0 };

  function take(caller: string, nowMs: number): RateVerdict {
    const held = buckets.get(caller);
    const filled = held ? Math.min(burst, held.tokens + Math.max(0, nowMs - held.atMs) * perSecond / 1000) : burst;
    const allowed = filled >= 1;
    const tokens = allowed ? filled - 1 : filled;
    // Set anew, so that the least recent caller stands first.
    buckets.delete(caller);
    buckets.set(caller, { tokens, atMs: nowMs });
    if (!allowed) counters.refused++;
    forget();
    return { allowed, remaining: Math.floor(tokens), resetSeconds: Math.ceil((burst - tokens) / perSecond), retrySeconds: allowed ? 0 : Math.max(1, Math.ceil((1 - tokens) / perSecond)) };
  }

  function forget(): void {
    if (buckets.size <= callersMax) return;
    for (const oldest of buckets.keys()) {
      buckets.delete(oldest);
      counters.forgotten++;
      return;
    }
  }

  return { limit, take, counters };
}

/** What every answer of the API says of the limit. */
export function rateHeaders({ burst }: RateLimit, { remaining, resetSeconds, retrySeconds }: RateVerdict): Record<string, string> {
  return {
    'ratelimit-limit': String(burst), 'ratelimit-remaining': String(remaining), 'ratelimit-reset': String(resetSeconds),
    ...(retrySeconds > 0 ? { 'retry-after': String(retrySeconds) } : {}),
  };
}
