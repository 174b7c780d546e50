/** Puts access log, traces and tap of one proxy together, and says what they cost. */
import type { Log } from '../log.ts';
import type { AccessLogFormat, TelemetryOrders, TracingOrders } from '../wire/telemetry.ts';
import type { TapReport, TapSession } from '../wire/tap.ts';
import { LineOutput, type WriteBytes } from './line-output.ts';
import type { Resource } from './otlp.ts';
import type { OwnMetric } from './prometheus.ts';
import type { Series } from './series.ts';
import { SpanExport, type SpanExportParts } from './span-export.ts';
import { Taps } from './tap.ts';
import { Tracer } from './trace.ts';
import { Watchers } from './watchers.ts';

export interface WatchingParts {
  readonly series: Series;
  readonly resource: Resource;
  /** Where access log lines go. */
  readonly output: WriteBytes;
  readonly post: SpanExportParts['post'];
  /** Monotonic ms and the wall clock, ms since 1970. */
  readonly nowMs: () => number;
  readonly wallMs: () => number;
  readonly random: () => number;
  readonly log: Log;
}

/** What holds where the orders say nothing. */
export interface TelemetrySettings {
  readonly accessLog: AccessLogFormat;
  readonly tracing: TracingOrders | null;
}

export class Watching {
  readonly watchers: Watchers;
  readonly #lines: LineOutput;
  readonly #spans: SpanExport;
  readonly #taps = new Taps();
  readonly #parts: WatchingParts;
  readonly #settings: TelemetrySettings;
  #share = 0;

  constructor(parts: WatchingParts, settings: TelemetrySettings) {
    const { series, resource, output, post, nowMs, wallMs, random, log } = parts;
    this.#parts = parts;
    this.#settings = settings;
    this.#lines = new LineOutput(output);
    const failed = (reason: string): void => log('warn', 'spans are lost, traffic is not', { code: 'spans_lost', reason });
    this.#spans = new SpanExport({ resource, post, failed });
    const tracer = new Tracer({ share: () => this.#share, random, wallMs, take: (span) => this.#spans.take(span) });
    this.watchers = new Watchers({ output: this.#lines, tracer, taps: this.#taps, factsOf: (edge) => series.factsOf(edge), wallMs, nowMs });
    this.ordered(null);
  }

  /** What the orders say; absent members leave the settings in force. */
  ordered(orders: TelemetryOrders | null): void {
    const tracing = orders?.tracing === undefined ? this.#settings.tracing : orders.tracing;
    this.#share = tracing?.share ?? 0;
    this.#spans.sendTo(tracing?.collector ?? null);
    this.watchers.configure(orders?.accessLog ?? this.#settings.accessLog, tracing !== null);
  }

  /** Tap sessions are under way. */
  get tapped(): boolean {
    return this.#taps.sessions > 0;
  }

  tap(sessions: readonly TapSession[]): void {
    this.watchers.tap(sessions);
  }

  /** What the tap sessions have seen since the last call. */
  reports(): readonly TapReport[] {
    if (this.#taps.sessions === 0) return [];
    const reports = this.#taps.take(this.#parts.nowMs());
    this.watchers.settle();
    return reports;
  }

  async stop(): Promise<void> {
    this.watchers.configure('off', false);
    await this.#spans.stop();
  }

  metrics(): OwnMetric[] {
    const counter = (name: string, help: string, value: number): OwnMetric => ({ name, help, type: 'counter', value });
    return [
      counter('sidelight_access_log_lines_total', 'Lines of the access log that were written.', this.#lines.written),
      counter('sidelight_access_log_dropped_total', 'Lines dropped, since their output was blocked or gone.', this.#lines.dropped),
      counter('opentelemetry_span_exports', 'Total count of spans exported', this.#spans.exported),
      counter('opentelemetry_span_export_requests', 'Total count of span export request messages', this.#spans.requests),
      counter('sidelight_spans_dropped_total', 'Spans dropped, since too many waited.', this.#spans.dropped),
      counter('sidelight_spans_failed_total', 'Spans lost in exports that failed.', this.#spans.failedSpans),
      { name: 'sidelight_spans_waiting', help: 'Spans that wait for their export.', type: 'gauge', value: this.#spans.waiting },
      { name: 'sidelight_tap_sessions', help: 'Tap sessions under way.', type: 'gauge', value: this.#taps.sessions },
      counter('sidelight_tap_events_total', 'Exchanges told to tap sessions.', this.#taps.toldTotal),
      counter('sidelight_tap_dropped_total', 'Exchanges that a session wanted, kept back by its rate.', this.#taps.droppedTotal),
    ];
  }
}
