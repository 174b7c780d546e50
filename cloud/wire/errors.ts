/** Errors of the API: `application/problem+json` (RFC 9457) with a stable code. Each code has a page at /docs/errors/<code>. */
import { z } from 'zod';

/** code → HTTP status and title. A code is never renamed or reused. */
export const ERROR_CODES = {
  invalid_request: { status: 400, title: 'The request does not fit the schema' },
  unauthenticated: { status: 401, title: 'Sign in, or send a valid API token' },
  token_invalid: { status: 401, title: 'The token is unknown, revoked or of another kind' },
  forbidden: { status: 403, title: 'Your role does not allow this' },
  not_found: { status: 404, title: 'There is no such thing in this organization' },
  org_required: { status: 409, title: 'Name the organization: you belong to several, or to none' },
  name_taken: { status: 409, title: 'That name is in use' },
  conflict: { status: 409, title: 'The state has changed meanwhile' },
  limit_reached: { status: 422, title: 'A limit of the organization is reached' },
  address_refused: { status: 422, title: 'Sidelight does not send to that address' },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Our fault: the request failed' },
  unavailable: { status: 503, title: 'The database is not reachable; try again soon' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

export const Problem = z.object({
  type: z.string().describe('Address of the page about this code'),
  code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
  title: z.string(),
  status: z.number().int(),
  detail: z.string().optional().describe('What was wrong this time, and what to do'),
  faults: z.array(z.object({ path: z.string(), message: z.string() })).optional().describe('Every fault of the input'),
  requestId: z.string().optional(),
});
export type Problem = z.infer<typeof Problem>;
