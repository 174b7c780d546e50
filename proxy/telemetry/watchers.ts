/** Access log, traces and tap behind the one switch that the data path looks at. */
import type { ExchangeEnd } from '../exchange.ts';
import type { Direction } from '../wire/labels.ts';
import type { TapSession } from '../wire/tap.ts';
import type { AccessLogFormat } from '../wire/telemetry.ts';
import { apacheLine, jsonLine } from './access-log.ts';
import type { LineOutput } from './line-output.ts';
import type { EdgeFacts, EdgeHandle } from './recorder.ts';
import type { Taps } from './tap.ts';
import { pathOf, type OpenSpan, type Tracer } from './trace.ts';
import { readTraceContext } from './trace-context.ts';
import type { Observation, RequestView, Watch } from './watch.ts';

export interface WatchersParts {
  readonly output: LineOutput;
  readonly tracer: Tracer;
  readonly taps: Taps;
  /** What `/metrics` shows of a row; the caller's identity is in it. */
  readonly factsOf: (edge: EdgeHandle) => EdgeFacts;
  /** The wall clock, ms since 1970, and monotonic ms. */
  readonly wallMs: () => number;
  readonly nowMs: () => number;
}

/** A request as it is kept until its end. */
interface Begun {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly version: string;
  readonly client: string;
  readonly userAgent: string;
  readonly traceId: string | null;
  readonly startMs: number;
  readonly logged: boolean;
}

export class Watchers implements Watch {
  on = false;
  readonly #parts: WatchersParts;
  #format: AccessLogFormat = 'off';
  #tracing = false;

  constructor(parts: WatchersParts) {
    this.#parts = parts;
  }

  /** Which of them is wanted from now on. */
  configure(format: AccessLogFormat, tracing: boolean): void {
    this.#format = format;
    this.#tracing = tracing;
    this.#settle();
  }

  /** Replaces the tap sessions. */
  tap(sessions: readonly TapSession[]): void {
    this.#parts.taps.set(sessions, this.#parts.nowMs());
    this.#settle();
  }

  /** To be called when tap sessions may have ended. */
  settle(): void {
    this.#settle();
  }

  begin(direction: Direction, request: RequestView): Observation | null {
    const logged = this.#format !== 'off' && direction === 'inbound';
    const span = this.#tracing ? this.#parts.tracer.begin(direction, request) : null;
    if (!logged && span === null && !this.#parts.taps.wants(direction)) return null;
    const begun = this.#read(request, span, logged);
    return { replace: span?.replace ?? null, ended: (edge, end) => this.#ended(begun, span, edge, end) };
  }

  #settle(): void {
    this.on = this.#format !== 'off' || this.#tracing || this.#parts.taps.sessions > 0;
  }

  #read(request: RequestView, span: OpenSpan | null, logged: boolean): Begun {
    const { method, target, host, version, client } = request;
    const traceId = span?.traceId ?? readTraceContext((name) => request.field(name))?.traceId ?? null;
    const userAgent = logged ? (request.field('user-agent') ?? '') : '';
    return { method, target, host, version, client, userAgent, traceId, startMs: this.#parts.wallMs(), logged };
  }

  #ended(begun: Begun, span: OpenSpan | null, edge: EdgeHandle, end: ExchangeEnd): void {
    const { taps, nowMs } = this.#parts;
    span?.ended(edge, end);
    if (begun.logged) this.#log(begun, edge, end);
    taps.offer({ edge: edge.key, method: begun.method, path: pathOf(begun.target), traceId: begun.traceId, end }, nowMs());
  }

  #log(begun: Begun, edge: EdgeHandle, end: ExchangeEnd): void {
    const { output, factsOf } = this.#parts;
    const facts = { ...begun, traceId: begun.traceId ?? '', identity: factsOf(edge).peer ?? null, end };
    output.push(this.#format === 'json' ? jsonLine(facts) : apacheLine(facts));
  }
}
