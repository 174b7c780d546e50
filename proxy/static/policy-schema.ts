/** What a service asks of its callers, as the static configuration says it; the words are those of the mesh file. */
import { DURATION_PATTERN, GRPC_RETRYABLE, STATUSES_PATTERN } from '../wire/policy-text.ts';
import type { Schema } from './schema.ts';

const duration = <Text extends string>(description: Text) =>
  ({ type: 'string', description, pattern: DURATION_PATTERN, expected: 'a duration with its unit, such as 300ms, 5s or 1m' }) as const;
const share = <Text extends string>(description: Text) => ({ type: 'number', description, minimum: 0, maximum: 1 }) as const;

export const BALANCER = {
  type: 'object', additionalProperties: false, required: [],
  description: 'How endpoints are chosen and left out. Absent: by latency and load alone.',
  properties: {
    consecutiveFailures: { type: 'integer', minimum: 1, maximum: 10_000, description: 'An endpoint is left out behind so many failures in a row. Not beside successRate.' },
    successRate: {
      type: 'object', additionalProperties: false, required: [],
      description: 'An endpoint is left out when too few of its requests succeed. Not beside consecutiveFailures.',
      properties: {
        threshold: share('The least share of successes; 0.8 when absent.'),
        window: duration('Over which it is taken; 10s when absent.'),
        requests: { type: 'integer', minimum: 1, maximum: 1_000_000, description: 'Fewer in the window say nothing; 5 when absent.' },
      },
    },
    penalty: {
      type: 'object', additionalProperties: false, required: [],
      description: 'How long an endpoint is left out before one request probes it; doubles with each failed probe.',
      properties: {
        min: duration('1s when absent.'),
        max: duration('1m when absent.'),
        jitter: share('Share of it that is added at random; 0.5 when absent.'),
      },
    },
    spill: { type: 'number', minimum: 0, maximum: 1_000_000, description: 'Requests in flight per endpoint of the own zone from which on other zones are asked too; 4 when absent.' },
  },
} as const satisfies Schema;

export const RETRY = {
  type: 'object', additionalProperties: false, required: [],
  description: 'Failed requests are repeated. Absent: none is.',
  properties: {
    http: {
      type: 'array', maxItems: 16, description: 'Statuses that are repeated; 5xx when absent.',
      items: { type: 'string', description: 'Statuses.', pattern: STATUSES_PATTERN, expected: '5xx, gateway-error, a status such as 503, or a range such as 500-504' },
    },
    grpc: {
      type: 'array', maxItems: 16, description: 'gRPC statuses whose calls are repeated; none when absent, since a call is a POST.',
      items: { type: 'string', description: 'A gRPC status.', enum: Object.keys(GRPC_RETRYABLE) as (keyof typeof GRPC_RETRYABLE)[] },
    },
    limit: { type: 'integer', minimum: 0, maximum: 10, description: 'Attempts beyond the first; 1 when absent.' },
    timeout: duration('An attempt without an answer for so long is given up and repeated; no limit when absent.'),
    methods: { type: 'string', enum: ['idempotent', 'all'], description: 'all repeats POST and PATCH too; idempotent when absent.' },
    budget: {
      type: 'object', additionalProperties: false, required: [],
      description: 'Over all requests of the service.',
      properties: {
        ratio: { type: 'number', minimum: 0, maximum: 10, description: 'Retries per request; 0.2 when absent.' },
        perSecond: { type: 'number', minimum: 0, maximum: 1_000_000, description: 'And so many a second beside it; 10 when absent.' },
        window: duration('Over which both are taken; 10s when absent.'),
      },
    },
  },
} as const satisfies Schema;

export const TIMEOUT = {
  type: 'object', additionalProperties: false, required: [],
  description: 'Requests that take too long are answered 504. Absent: none is.',
  properties: {
    request: duration('From the request’s head to the response’s end.'),
    response: duration('From the request’s end to the response’s end.'),
    idle: duration('Without a byte in either direction.'),
  },
} as const satisfies Schema;

/** Where something runs. */
export const ZONE = {
  type: 'string', description: 'The zone where it runs; endpoints of the own zone are preferred.', pattern: '^[^\u0000-\u001f]{1,64}$', expected: 'a name of at most 64 characters',
} as const satisfies Schema;
