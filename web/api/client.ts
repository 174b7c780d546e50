/** The typed client, made from the table of calls in cloud/wire: one function for every call. */
import type { z } from 'zod';
import { calls, type Call, type CallName } from '../../cloud/wire/calls.ts';
import { problemOf, unexpectedAnswer, unreachable } from './problem.ts';

type CallOf<N extends CallName> = (typeof calls)[N];
type Part<N extends CallName, K extends 'params' | 'query' | 'body'> = CallOf<N> extends Record<K, infer S extends z.ZodType> ? z.input<S> : never;
type Required<N extends CallName, K extends 'params' | 'body'> = [Part<N, K>] extends [never] ? unknown : Readonly<Record<K, Part<N, K>>>;
type QueryPart<N extends CallName> = [Part<N, 'query'>] extends [never] ? unknown : { readonly query?: QueryValues<Part<N, 'query'>> };
/** Coerced fields have the input type `unknown`; what a page may send is text or a number. */
type QueryValues<Q> = { readonly [K in keyof Q]?: string | number | undefined };

/** What a call takes: `params` for its path, `query`, `body`, as far as it has them. */
export type InputOf<N extends CallName> = Required<N, 'params'> & Required<N, 'body'> & QueryPart<N>;
/** What a call answers; null for 204. */
export type OutputOf<N extends CallName> = CallOf<N>['response'] extends infer S extends z.ZodType ? z.output<S> : null;

interface LooseInput {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
}

/** The address of a call: path parameters encoded, the query without what is not set. Throws `RangeError` for a missing parameter. */
export function addressOf(path: string, params: LooseInput['params'], query: LooseInput['query']): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = params?.[name];
    if (value === undefined || value === '') throw new RangeError(`the path ${path} needs ${name}`);
    return encodeURIComponent(value);
  });
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(key, String(value));
  return search.size === 0 ? filled : `${filled}?${search}`;
}

/** Calls the API. Throws `ApiError`; an aborted call throws what `fetch` throws. */
export async function call<N extends CallName>(name: N, input: InputOf<N>, signal?: AbortSignal, fetcher: typeof fetch = fetch): Promise<OutputOf<N>> {
  const spec: Call = calls[name];
  const loose = input as LooseInput;
  const response = await send(addressOf(spec.path, loose.params, loose.query), requestOf(spec, loose.body, signal), fetcher);
  const requestId = response.headers.get('x-request-id');
  const text = await response.text();
  if (response.status >= 400) throw problemOf(response.status, text, requestId);
  if (spec.response === null) return null as OutputOf<N>;
  return readAnswer(name, spec.response, text, requestId) as OutputOf<N>;
}

function requestOf(spec: Call, body: unknown, signal: AbortSignal | undefined): RequestInit {
  return {
    method: spec.method.toUpperCase(),
    credentials: 'same-origin',
    headers: body === undefined ? { accept: 'application/json' } : { accept: 'application/json', 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  };
}

async function send(address: string, request: RequestInit, fetcher: typeof fetch): Promise<Response> {
  try {
    return await fetcher(address, request);
  } catch (cause) {
    if (request.signal?.aborted) throw cause;
    throw unreachable();
  }
}

function readAnswer(name: CallName, schema: z.ZodType, text: string, requestId: string | null): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unexpectedAnswer(name, 'it is not JSON', requestId);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw unexpectedAnswer(name, issue === undefined ? 'unknown fault' : `${issue.path.join('.')}: ${issue.message}`, requestId);
}

