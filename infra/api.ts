/** A client of the public API, typed by the table of calls. Signs in as a person, or sends a token. */
import type { z } from 'zod';
import { type Call, type CallName, calls } from '../cloud/wire/calls.ts';
import { type ErrorCode, Problem } from '../cloud/wire/errors.ts';
import { Fault } from './fault.ts';

type Part<N extends CallName, K extends string> = (typeof calls)[N] extends Record<K, infer S> ? (S extends z.ZodType ? { readonly [P in K]: z.input<S> } : unknown) : unknown;
/** `params`, `query` and `body` of a call, those that it has. */
export type CallInput<N extends CallName> = Part<N, 'params'> & Partial<Part<N, 'query'>> & Part<N, 'body'>;
export type CallOutput<N extends CallName> = (typeof calls)[N]['response'] extends infer R ? (R extends z.ZodType ? z.output<R> : null) : null;

/** How requests are authenticated. */
export type Credentials = { readonly kind: 'none' } | { readonly kind: 'cookie'; readonly cookie: string } | { readonly kind: 'token'; readonly token: string };

export interface ApiClient {
  readonly origin: string;
  /** Throws ApiFault for an answer that is a problem. Answers are checked against the schema of the call. */
  call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>>;
  with(credentials: Credentials): ApiClient;
}

/** An answer of the API that is not the success of the call; its code is the API's, or `unreadable`. */
export class ApiFault extends Fault {
  readonly status: number;
  constructor(call: string, status: number, code: ErrorCode | 'unreadable', detail: string) {
    super(code, `The API answered ${call} with ${status}: ${detail}`, "The cloud's log has the request.");
    this.status = status;
  }
}

/** A call on a noisy machine; the server's own limit on a statement is 30 s. */
const CALL_MS_MAX = 30_000;

interface AnyInput {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

export function openApi(origin: string, credentials: Credentials = { kind: 'none' }): ApiClient {
  const call = async (name: CallName, input: AnyInput): Promise<unknown> => {
    const definition: Call = calls[name];
    const response = await fetch(`${origin}${pathOf(definition.path, input)}`, {
      method: definition.method.toUpperCase(),
      headers: {
        origin,
        ...authentication(credentials),
        ...(input.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: input.body === undefined ? null : JSON.stringify(input.body),
      signal: AbortSignal.timeout(CALL_MS_MAX),
    });
    const text = await response.text();
    if (response.status !== definition.status) throw fault(name, response.status, text);
    return definition.response === null ? null : definition.response.parse(JSON.parse(text));
  };
  return {
    origin,
    call: (name, input) => call(name, input as AnyInput) as Promise<CallOutput<typeof name>>,
    with: (other) => openApi(origin, other),
  };
}

function pathOf(template: string, input: AnyInput): string {
  const path = template.replaceAll(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(String(input.params?.[key])));
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(input.query ?? {})) if (value !== undefined) query.set(key, String(value));
  return query.size === 0 ? path : `${path}?${query}`;
}

function authentication(credentials: Credentials): Record<string, string> {
  switch (credentials.kind) {
    case 'none': return {};
    case 'cookie': return { cookie: credentials.cookie };
    case 'token': return { authorization: `Bearer ${credentials.token}` };
    default: throw new Error(`${credentials satisfies never}`);
  }
}

function fault(name: string, status: number, text: string): ApiFault {
  try {
    const problem = Problem.parse(JSON.parse(text));
    const faults = (problem.faults ?? []).map(({ path, message }) => `${path}: ${message}`).join('; ');
    return new ApiFault(name, status, problem.code, [problem.title, problem.detail, faults].filter(Boolean).join('. '));
  } catch {
    return new ApiFault(name, status, 'unreadable', text.slice(0, 300));
  }
}

export interface Account {
  readonly email: string;
  readonly password: string;
  readonly name: string;
}

/** POST /api/auth/sign-up/email. */
export function signUp(api: ApiClient, account: Account): Promise<ApiClient> {
  return authenticate(api, 'sign-up', account);
}

/** POST /api/auth/sign-in/email; ApiFault with status 401 for a wrong email or password. */
export function signIn(api: ApiClient, { email, password }: Pick<Account, 'email' | 'password'>): Promise<ApiClient> {
  return authenticate(api, 'sign-in', { email, password });
}

async function authenticate(api: ApiClient, verb: 'sign-up' | 'sign-in', body: object): Promise<ApiClient> {
  const response = await fetch(`${api.origin}/api/auth/${verb}/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: api.origin },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(CALL_MS_MAX),
  });
  const text = await response.text();
  if (!response.ok) throw new ApiFault(verb, response.status, response.status === 401 ? 'unauthenticated' : 'unreadable', text.slice(0, 300));
  const cookie = response.headers.getSetCookie().map((header) => header.split(';')[0]).join('; ');
  return api.with({ kind: 'cookie', cookie });
}
