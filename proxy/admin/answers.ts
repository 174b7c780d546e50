/** What the admin port answers, apart from how it is served. Pure. */
import { LOG_LEVELS, type LogLevel } from '../log.ts';
import type { ProxyOrders } from '../wire/orders.ts';

/** What the admin port shows and can do. */
export interface AdminSubject {
  /** Sentences that say why the proxy isn't ready; none: it is. */
  notReady(): readonly string[];
  /** In pieces, with turns of the event loop between them. */
  metrics(): AsyncIterable<string>;
  /** Orders in force and facts around them; nothing secret. */
  config(): { readonly orders: ProxyOrders | null } & Readonly<Record<string, unknown>>;
  logLevel(): LogLevel;
  setLogLevel(level: LogLevel): void;
  /** Begins the drain. */
  shutdown(): void;
}

export interface AdminRequest {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  /** The connection comes from this machine. */
  readonly loopback: boolean;
  readonly body: string;
}

export interface AdminAnswer {
  readonly status: number;
  readonly contentType: string;
  /** Text, or text in pieces. */
  readonly body: string | AsyncIterable<string>;
  readonly allow?: string;
}

interface Route {
  readonly loopbackOnly: boolean;
  readonly answers: Readonly<Record<string, (subject: AdminSubject, request: AdminRequest) => AdminAnswer>>;
}

const text = (status: number, body: string): AdminAnswer => ({ status, contentType: 'text/plain; charset=utf-8', body: `${body}\n` });

const LOG_LEVEL: Route = { loopbackOnly: true, answers: { GET: (subject) => text(200, subject.logLevel()), PUT: setLogLevel } };

const ROUTES: Readonly<Record<string, Route>> = {
  '/metrics': {
    loopbackOnly: false,
    answers: { GET: (subject) => ({ status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body: subject.metrics() }) },
  },
  '/ready': { loopbackOnly: false, answers: { GET: ready } },
  '/live': { loopbackOnly: false, answers: { GET: () => text(200, 'live') } },
  '/config': {
    loopbackOnly: true,
    answers: { GET: (subject) => ({ status: 200, contentType: 'application/json', body: `${JSON.stringify(subject.config(), null, 2)}\n` }) },
  },
  '/shutdown': { loopbackOnly: true, answers: { POST: shutdown } },
  '/log-level': LOG_LEVEL,
  // linkerd2-proxy's name of it.
  '/proxy-log-level': LOG_LEVEL,
};

function ready(subject: AdminSubject): AdminAnswer {
  const reasons = subject.notReady();
  return reasons.length === 0 ? text(200, 'ready') : text(503, reasons.join('\n'));
}

function shutdown(subject: AdminSubject): AdminAnswer {
  subject.shutdown();
  return text(202, 'draining, then shutting down');
}

function setLogLevel(subject: AdminSubject, { body }: AdminRequest): AdminAnswer {
  const level = LOG_LEVELS.find((known) => known === body.trim());
  if (level === undefined) return text(400, `log_level_unknown: the body must be one of ${LOG_LEVELS.join(', ')}`);
  subject.setLogLevel(level);
  return text(200, level);
}

/** The answer to one request. */
export function answerAdmin(subject: AdminSubject, request: AdminRequest): AdminAnswer {
  const route = Object.hasOwn(ROUTES, request.path) ? ROUTES[request.path] : undefined;
  if (route === undefined) return text(404, `not_found: there are ${Object.keys(ROUTES).join(', ')}`);
  if (route.loopbackOnly && !request.loopback) return text(403, 'loopback_only: this can be asked from the proxy\'s own machine or pod only');
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const answer = Object.hasOwn(route.answers, method) ? route.answers[method] : undefined;
  const allow = Object.keys(route.answers).join(', ');
  return answer === undefined ? { ...text(405, `method_not_allowed: use ${allow}`), allow } : answer(subject, request);
}

/** True for an address of this machine itself: 127.0.0.0/8, ::1, and the first as IPv4-mapped. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(address);
}
