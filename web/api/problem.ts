/** What the console knows of a failed call: a sentence for people, the stable code, and the request's id. */
import { ERROR_CODES, Problem, type ErrorCode } from '../../cloud/wire/errors.ts';

/** Codes that only the console gives: the server was not reached, or its answer is not what the contract says. */
export type ProblemCode = ErrorCode | 'unreachable' | 'unexpected_answer';

export interface Fault {
  readonly path: string;
  readonly message: string;
}

/** A call that failed. `status` is 0 when no answer came. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ProblemCode;
  readonly status: number;
  readonly title: string;
  readonly faults: readonly Fault[];
  readonly requestId: string | null;

  constructor(problem: { code: ProblemCode; status: number; title: string; detail?: string | undefined; faults?: readonly Fault[] | undefined; requestId?: string | null | undefined }) {
    super(problem.detail ?? problem.title);
    this.code = problem.code;
    this.status = problem.status;
    this.title = problem.title;
    this.faults = problem.faults ?? [];
    this.requestId = problem.requestId ?? null;
  }
}

/** The error for an answer with a status of 400 or more; `body` is its text. */
export function problemOf(status: number, body: string, requestId: string | null): ApiError {
  const parsed = Problem.safeParse(readJson(body));
  if (parsed.success) return new ApiError({ ...parsed.data, requestId: parsed.data.requestId ?? requestId });
  if (status >= 502 && status <= 504) return unreachable(requestId);
  const code = codeOfStatus(status);
  return new ApiError({
    code: code ?? 'unexpected_answer',
    status,
    title: code === null ? `The server answered ${status} without saying why` : ERROR_CODES[code].title,
    requestId,
  });
}

/** The error for a call that got no answer at all. */
export function unreachable(requestId: string | null = null): ApiError {
  return new ApiError({
    code: 'unreachable', status: 0, requestId, title: 'Sidelight did not answer',
    detail: 'Sidelight did not answer. Your network or our service is away; the page tries again by itself.',
  });
}

/** The error for an answer that does not fit the contract: mostly an old page open beside a new server. */
export function unexpectedAnswer(call: string, what: string, requestId: string | null): ApiError {
  return new ApiError({
    code: 'unexpected_answer', status: 200, requestId, title: 'The answer is not what this page understands',
    detail: `This page does not understand the answer to ${call} (${what}). The server may be newer than the page: reload it.`,
  });
}

/** True when trying again may help by itself. */
export function isTransient(error: unknown): boolean {
  return error instanceof ApiError && (error.code === 'unreachable' || error.status === 503 || error.status === 429);
}

function codeOfStatus(status: number): ErrorCode | null {
  if (status === 401) return 'unauthenticated';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not_found';
  if (status === 429) return 'rate_limited';
  return status === 500 ? 'internal' : null;
}

function readJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
