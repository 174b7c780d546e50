/** The HTTP application, for any runtime: the API from the table of calls, accounts, documents and health. The console's files are the entry's. */
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Context, MiddlewareHandler } from 'hono';
import { limited } from './alerts/lane.ts';
import { errorIndex, errorPage } from './api/error-page.ts';
import { checkOrigin, requestIdOf, SECURITY_HEADERS } from './api/guard.ts';
import type { ContextOf, HandlerInput, SessionContext } from './api/handler.ts';
import { handlers } from './api/handlers.ts';
import { parseInput, readJson } from './api/input.ts';
import { openApiDocument } from './api/openapi.ts';
import { apiErrorOf, problemResponse } from './api/problem.ts';
import { rateHeaders } from './api/rate-limit.ts';
import type { RateLimiter } from './api/rate-limit.ts';
import { CLIENT_ADDRESS_HEADER } from './auth/accounts.ts';
import { authenticate } from './auth/request.ts';
import { ApiError } from './context.ts';
import type { OrgContext } from './context.ts';
import { newId } from './ids.ts';
import { mailPage } from './mail/local.ts';
import type { LocalMail } from './mail/local.ts';
import { EXPOSITION_TYPE } from './metrics/exposition.ts';
import { isLocalOrigin, isThisMachine, mayReadMetrics } from './metrics/guard.ts';
import type { Services } from './services.ts';
import { calls } from './wire/calls.ts';
import type { Call, CallName } from './wire/calls.ts';
import { allows } from './wire/roles.ts';

/** A body of the API is a form's worth of JSON, unless its call says otherwise. */
const BODY_BYTES_MAX = 64 * 1024;
/** A database that takes longer than this for nothing is not there. */
const HEALTH_MS_MAX = 5_000;
/** Statements end after 30 s; an answer that takes longer hangs on a lost connection. */
const ANSWER_MS_MAX = 40_000;

export interface AppOptions {
  readonly services: Services;
  /** False while the process is on its way out: balancers should look elsewhere. */
  readonly ready: () => boolean;
  /** The peer's address, from what the runtime hands over beside a request; null when it isn't known. */
  readonly clientAddress: (bindings: unknown) => string | null;
  /** Metrics about this process; `token` null: for this machine only. */
  readonly metrics: { readonly token: string | null; text(): Promise<string> };
  /** Mails kept in memory where no mail server is set; null with one. */
  readonly localMail: Pick<LocalMail, 'list'> | null;
  readonly rates: RateLimiter;
  /** ms, of a clock that never goes back: limits are of real time. */
  readonly monotonicMs: () => number;
  /** Answers of the API by class of status, as `2xx`. */
  readonly answers: Record<string, number>;
  /** Answers what is no path of ours: the console's files. */
  readonly fallback: (request: Request) => Promise<Response>;
}

const RATE_HEADERS = ['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset', 'retry-after'];

type Env = { Variables: { requestId: string } };
type App = Hono<Env>;

export function createApp(options: AppOptions): App {
  const { services } = options;
  const app: App = new Hono<Env>();
  app.use(async function frame(context, next) {
    const started = services.now();
    const requestId = requestIdOf(context.req.header('x-request-id'), () => newId('request', services.randomBytes));
    context.set('requestId', requestId);
    await next();
    context.header('x-request-id', requestId);
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) if (!context.res.headers.has(name)) context.header(name, value);
    const status = `${Math.floor(context.res.status / 100)}xx`;
    options.answers[status] = (options.answers[status] ?? 0) + 1;
    logRequest(services, context, services.now() - started);
  });
  app.use('/api/auth/*', limitBody(BODY_BYTES_MAX));
  app.onError((error, context) => failed(services, error, context));
  mountHealth(app, options);
  mountMetrics(app, options);
  mountMail(app, options);
  mountDocuments(app, services);
  app.on(['GET', 'POST'], '/api/auth/*', limitBody(BODY_BYTES_MAX), async (context) => withRetryAfter(await services.accounts.handle(withClientAddress(context.req.raw, options.clientAddress(context.env)))));
  for (const name of Object.keys(calls) as CallName[]) mountCall(app, options, name);
  app.all('/api/*', () => { throw new ApiError('not_found', 'There is no such call; /openapi.json lists all.'); });
  app.notFound((context) => options.fallback(context.req.raw));
  return app;
}

function limitBody(maxSize: number): MiddlewareHandler {
  return bodyLimit({ maxSize, onError: () => { throw new ApiError('invalid_request', `The body is larger than ${maxSize} bytes.`); } });
}

/** The address that sign-in limits count by comes from the runtime, never from the request. */
function withClientAddress(request: Request, address: string | null): Request {
  const headers = new Headers(request.headers);
  headers.delete(CLIENT_ADDRESS_HEADER);
  if (address !== null) headers.set(CLIENT_ADDRESS_HEADER, address);
  return new Request(request, { headers });
}

/** Sign-in limits name the time to wait in a header of their own; the standard's is added. */
function withRetryAfter(response: Response): Response {
  const wait = response.headers.get('x-retry-after');
  if (wait === null || response.headers.has('retry-after')) return response;
  const headers = new Headers(response.headers);
  headers.set('retry-after', wait);
  return new Response(response.body, { status: response.status, headers });
}

/** One line per request; health checks and scrapes are not worth one. */
function logRequest(services: Services, context: Context<Env>, ms: number): void {
  const { path } = context.req;
  if (path === '/healthz' || path === '/readyz' || path === '/metrics') return;
  services.log.info({ requestId: context.get('requestId'), method: context.req.method, path, status: context.res.status, ms }, 'request');
}

function failed(services: Services, error: unknown, context: Context<Env>): Response {
  const told = apiErrorOf(error);
  const requestId = context.get('requestId');
  if (told.code === 'internal') services.log.error({ error: told.cause, requestId, path: context.req.path }, 'a request failed');
  if (told.code === 'unavailable') services.log.warn({ error: told.cause, requestId, path: context.req.path }, 'the database is away');
  const response = problemResponse(told, requestId);
  // Headers that were set before the error are of an answer that Hono has dropped.
  for (const name of RATE_HEADERS) {
    const value = context.res.headers.get(name);
    if (value !== null) response.headers.set(name, value);
  }
  return response;
}

function mountHealth(app: App, options: AppOptions): void {
  const check = (): Promise<boolean> => limited(HEALTH_MS_MAX, options.services.sql`select 1`).then(() => true, () => false);
  app.get('/healthz', async (context) => {
    const database = await check();
    return context.json({ status: database ? 'ok' : 'unavailable', database }, database ? 200 : 503);
  });
  app.get('/readyz', async (context) => {
    const ready = options.ready() && (await check());
    return context.json({ status: ready ? 'ready' : 'not ready' }, ready ? 200 : 503);
  });
}

/** The peer, where it says who asks: under a public address it may be a proxy of this machine. */
function trustedPeer({ services, clientAddress }: AppOptions, context: Context<Env>): string | null {
  return isLocalOrigin(services.publicUrl) ? clientAddress(context.env) : null;
}

function mountMetrics(app: App, options: AppOptions): void {
  const { metrics } = options;
  app.get('/metrics', async (context) => {
    const verdict = mayReadMetrics(context.req.raw.headers, trustedPeer(options, context), metrics.token);
    if (verdict === 'token_needed') throw new ApiError('token_invalid', 'The metrics need Authorization: Bearer with the operator’s METRICS_TOKEN.');
    if (verdict === 'loopback_only') throw new ApiError('forbidden', 'The metrics are for this machine only, and under a public address for nobody, unless the operator sets METRICS_TOKEN.');
    return context.body(await metrics.text(), 200, { 'content-type': EXPOSITION_TYPE, 'cache-control': 'no-store' });
  });
}

function mountMail(app: App, options: AppOptions): void {
  const { localMail } = options;
  if (localMail === null || !isLocalOrigin(options.services.publicUrl)) return;
  app.get('/dev/mail', (context) => {
    if (!isThisMachine(context.req.raw.headers, trustedPeer(options, context))) throw new ApiError('forbidden', 'Mails are shown on the cloud’s own machine only.');
    return context.html(mailPage(localMail.list()), 200, { 'cache-control': 'no-store' });
  });
}

function mountDocuments(app: App, services: Services): void {
  const document = JSON.stringify(openApiDocument(services.publicUrl));
  app.get('/openapi.json', (context) => context.body(document, 200, { 'content-type': 'application/json', 'access-control-allow-origin': '*' }));
  app.get('/docs/errors', (context) => context.html(errorIndex()));
  app.get('/docs/errors/:code', (context) => {
    const code = context.req.param('code');
    const page = errorPage(code);
    return page === null ? context.html(errorIndex(code), 404) : context.html(page);
  });
}

function mountCall<K extends CallName>(app: App, { services, clientAddress, rates, monotonicMs }: AppOptions, name: K): void {
  const call: Call = calls[name];
  app.on(call.method.toUpperCase(), call.path.replaceAll(/\{(\w+)\}/g, ':$1'), limitBody(call.bodyBytesMax ?? BODY_BYTES_MAX), async (context) => {
    checkOrigin(context.req.raw, services.publicUrl);
    const session = await authenticate(context.req.raw.headers, services, clientAddress(context.env) ?? undefined);
    holdRate(rates, session, monotonicMs(), context);
    const scope = scopeOf(call, session, context.req.param('slug'));
    const body = call.body ? await readJson(context.req.raw) : undefined;
    const input = parseInput(call, { params: context.req.param() as Record<string, string>, query: context.req.query(), body });
    // The table gave the schemas that made the input, and the scope that fits the call's action.
    const working = handlers[name]({ ...input, context: scope as ContextOf<K>, services } as HandlerInput<K>);
    const answer = await limited(ANSWER_MS_MAX, working);
    if (answer === null) return context.body(null, 204);
    return context.body(JSON.stringify(answer), call.status === 201 ? 201 : 200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  });
}

/** Counts the call for its user or token, and says in the answer how much is left. Throws `ApiError('rate_limited')`. */
function holdRate(rates: RateLimiter, { actor }: SessionContext, nowMs: number, context: Context<Env>): void {
  const caller = actor.kind === 'user' ? `user ${actor.userId}` : actor.kind === 'token' ? `token ${actor.tokenId}` : actor.kind;
  const verdict = rates.take(caller, nowMs);
  for (const [name, value] of Object.entries(rateHeaders(rates.limit, verdict))) context.header(name, value);
  if (!verdict.allowed) throw new ApiError('rate_limited', `More than ${rates.limit.perSecond} calls a second for too long; wait ${verdict.retrySeconds} s.`);
}

/** The session itself, or one of its organizations with a role that allows the call. An organization of others is not there. */
function scopeOf(call: Call, session: SessionContext, slug: string | undefined): SessionContext | OrgContext {
  if (call.action === 'session') return session;
  const org = session.orgs.find((candidate) => candidate.org.slug === slug);
  if (!org) throw new ApiError('not_found', `There is no organization ${slug ?? ''} that you belong to.`);
  if (!allows(org.role, call.action)) throw new ApiError('forbidden', `This needs the right to ${call.action}; your role is ${org.role}.`);
  return org;
}
