/** Answers the API in the browser for `vite web --mode mock`. Names that begin with `fail-<code>` are refused with that code. */
import { calls, type Call, type CallName } from '../../cloud/wire/calls.ts';
import { ERROR_CODES, type ErrorCode } from '../../cloud/wire/errors.ts';
import { answers, type MockInput } from './answers.ts';
import { makeState, Refusal, type MockState } from './state.ts';

interface Route {
  readonly name: CallName;
  readonly call: Call;
  readonly pattern: RegExp;
}

const ROUTES: readonly Route[] = (Object.keys(calls) as CallName[]).map((name) => ({ name, call: calls[name], pattern: new RegExp(`^${calls[name].path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`) }));
/** A pretended way over the network, ms. */
const DELAY_MS = 60;

/** Takes over `fetch` for paths under /api. `?empty` in the address begins with no account. */
export function installMock(): void {
  const state = makeState(Date.now(), !new URLSearchParams(location.search).has('empty'));
  const real = globalThis.fetch.bind(globalThis);
  globalThis.fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input, location.href);
    if (!url.pathname.startsWith('/api/')) return real(input, init);
    await new Promise((resolve) => setTimeout(resolve, DELAY_MS));
    return answer(state, url, init?.method ?? 'GET', typeof init?.body === 'string' ? JSON.parse(init.body) : undefined, Date.now());
  };
}

/** The answer to one request. */
export function answer(state: MockState, url: URL, method: string, body: unknown, nowMs: number): Response {
  try {
    if (url.pathname.startsWith('/api/auth/')) return account(state, url.pathname, body);
    if (!state.signedIn) throw new Refusal('unauthenticated', 'Your session has ended. Sign in again.');
    const route = ROUTES.find((each) => each.call.method.toUpperCase() === method && each.pattern.test(url.pathname));
    if (route === undefined) throw new Refusal('not_found', `There is no ${method} ${url.pathname}.`);
    refuseSentinel(body);
    const input: MockInput = { params: decoded(route.pattern.exec(url.pathname)?.groups ?? {}), query: Object.fromEntries(url.searchParams), body, nowMs };
    const value: unknown = answers[route.name](state, input);
    return route.call.status === 204 ? new Response(null, { status: 204 }) : Response.json(value, { status: route.call.status });
  } catch (error) {
    if (error instanceof Refusal) return refused(error);
    throw error;
  }
}

function decoded(params: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(params).map(([key, value]) => [key, decodeURIComponent(value)]));
}

function refuseSentinel(body: unknown): void {
  const name: unknown = typeof body === 'object' && body !== null && 'name' in body ? body.name : undefined;
  const code = typeof name === 'string' ? /^fail-(\w+)$/.exec(name.replaceAll('-', '_').replace('fail_', 'fail-'))?.[1] : undefined;
  if (code !== undefined && Object.hasOwn(ERROR_CODES, code)) throw new Refusal(code as ErrorCode, `Pretended: ${ERROR_CODES[code as ErrorCode].title}.`);
}

function account(state: MockState, path: string, body: unknown): Response {
  const { email, password } = (body ?? {}) as { email?: string; password?: string };
  if (path.endsWith('/sign-out')) state.signedIn = false;
  else if (password === 'wrong-password') return Response.json({ code: 'INVALID_EMAIL_OR_PASSWORD', message: 'Invalid email or password' }, { status: 401 });
  else {
    state.signedIn = true;
    state.email = email ?? state.email;
  }
  return Response.json({});
}

function refused({ code, message }: Refusal): Response {
  const { status, title } = ERROR_CODES[code];
  return Response.json({ type: `/docs/errors/${code}`, code, title, status, detail: message, requestId: 'mock-request' }, { status, headers: { 'content-type': 'application/problem+json' } });
}
