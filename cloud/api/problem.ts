/** Errors as `application/problem+json`: what the caller may know of an error, and nothing more. */
import { StuckError } from '../alerts/lane.ts';
import { ApiError } from '../context.ts';
import { ERROR_CODES } from '../wire/errors.ts';
import type { Problem } from '../wire/errors.ts';

/** Codes of postgres.js and of the system for a database that is not there. */
const AWAY = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'CONNECT_TIMEOUT', 'CONNECTION_CLOSED', 'CONNECTION_ENDED', 'CONNECTION_DESTROYED',
  // Postgres is starting, stopping, or was told to end this connection.
  '57P01', '57P02', '57P03', '53300',
]);

/** True when the database, not the request, is what failed. */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof StuckError) return true;
  if (error instanceof AggregateError) return error.errors.some(isDatabaseAway);
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && AWAY.has(error.code);
}

/** Any error as one that may be told. */
export function apiErrorOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (isDatabaseAway(error)) return new ApiError('unavailable', 'The database does not answer; nothing was changed. Try again in some seconds.', { cause: error });
  return new ApiError('internal', 'Something broke on our side. If it happens again, report it with the request id.', { cause: error });
}

export function problemOf(error: ApiError, requestId: string): Problem {
  const { status, title } = ERROR_CODES[error.code];
  return {
    type: `/docs/errors/${error.code}`,
    code: error.code,
    title,
    status,
    detail: error.message,
    ...(error.faults ? { faults: [...error.faults] } : {}),
    requestId,
  };
}

export function problemResponse(error: ApiError, requestId: string): Response {
  const problem = problemOf(error, requestId);
  const headers: Record<string, string> = { 'content-type': 'application/problem+json', 'cache-control': 'no-store', 'x-request-id': requestId };
  if (problem.status === 401) headers['www-authenticate'] = 'Bearer';
  if (problem.status === 503) headers['retry-after'] = '2';
  return new Response(JSON.stringify(problem), { status: problem.status, headers });
}
