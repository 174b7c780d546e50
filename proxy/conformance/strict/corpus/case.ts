/** What a case of the corpus promises. Payloads are texts of bytes (ISO 8859-1). */
import type { Answered } from '../reading.ts';

export interface RequestCase {
  /** Of RFC 9112 where nothing else is said. */
  readonly section: string;
  readonly name: string;
  /** What one client sends on one connection. */
  readonly payload: string;
  /** Statuses of the final answers that it must get, in order; any of these lists. */
  readonly answers: readonly (readonly number[])[];
  /** Complete requests that reach the app. */
  readonly reached: number;
}

export type ResponsePromise =
  /** The client gets it as the app meant it. */
  | { readonly kind: 'passes'; readonly status: number }
  /** The client gets the proxy's own 502 and nothing of it. */
  | { readonly kind: 'refused' }
  /** It was well until some byte: the client gets a 502, or a message that ends without its end. */
  | { readonly kind: 'cut' };

export interface ResponseCase {
  readonly section: string;
  readonly name: string;
  /** What the app answers. */
  readonly payload: string;
  readonly answers: Answered;
  readonly promise: ResponsePromise;
}

/** Refused with that status; nothing reaches the app. */
export function refused(section: string, status: number, name: string, payload: string): RequestCase {
  return { section, name, payload, answers: [[status]], reached: 0 };
}

/** So many requests are forwarded and answered. */
export function passes(section: string, name: string, payload: string, requests = 1): RequestCase {
  return { section, name, payload, answers: [Array.from({ length: requests }, () => 200)], reached: requests };
}

/** So many requests are answered, and what stands behind them is refused with that status. */
export function refusedBehind(section: string, requests: number, status: number, name: string, payload: string): RequestCase {
  return { section, name, payload, answers: [[...Array.from({ length: requests }, () => 200), status]], reached: requests };
}

/** The client went away inside a message: nobody may take it for whole; an answer isn't owed. */
export function unfinished(section: string, name: string, payload: string, before = 0): RequestCase {
  const answered = Array.from({ length: before }, () => 200);
  return { section, name, payload, answers: [answered, [...answered, 400], [...answered, 408]], reached: before };
}

export function response(section: string, name: string, promise: ResponsePromise, payload: string, answers: Answered = 'GET'): ResponseCase {
  return { section, name, promise, payload, answers };
}
