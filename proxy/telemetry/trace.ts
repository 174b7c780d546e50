/** A span per exchange of a trace that is sampled: by the caller's word, or by the configured share where nobody decided. */
import type { ExchangeEnd } from '../exchange.ts';
import type { Direction } from '../wire/labels.ts';
import type { Span } from './otlp.ts';
import type { EdgeHandle } from './recorder.ts';
import { randomHex, readTraceContext, TRACE_FIELDS, traceFields, type TraceContext } from './trace-context.ts';
import type { ReplacedFields, RequestView } from './watch.ts';

const TRACE_DIGITS = 32;
const SPAN_DIGITS = 16;

export interface TracerParts {
  /** Of the requests that nobody decided about, 0 to 1. */
  readonly share: () => number;
  readonly random: () => number;
  /** The wall clock, ms since 1970. */
  readonly wallMs: () => number;
  readonly take: (span: Span) => void;
}

/** A span that is open. */
export interface OpenSpan {
  readonly replace: ReplacedFields;
  readonly traceId: string;
  ended(edge: EdgeHandle, end: ExchangeEnd): void;
}

export class Tracer {
  readonly #parts: TracerParts;

  constructor(parts: TracerParts) {
    this.#parts = parts;
  }

  /** Null: the trace isn't sampled, and the head goes on as it came. */
  begin(direction: Direction, request: RequestView): OpenSpan | null {
    const { share, random, wallMs, take } = this.#parts;
    const came = readTraceContext((name) => request.field(name));
    if (!(came?.sampled ?? random() < share())) return null;
    const context: TraceContext = came ?? { traceId: randomHex(TRACE_DIGITS, random), spanId: '', sampled: true, formats: ['w3c'], flags: 0 };
    const spanId = randomHex(SPAN_DIGITS, random);
    const begun = { direction, method: request.method, path: pathOf(request.target), host: request.host, version: request.version, startMs: wallMs() };
    return {
      replace: { names: new Set(context.formats.flatMap((format): readonly string[] => TRACE_FIELDS[format])), fields: traceFields(context, spanId) },
      traceId: context.traceId,
      ended: (edge, end) => take({ ...begun, traceId: context.traceId, spanId, parentId: came?.spanId ?? null, edge: edge.key, end }),
    };
  }
}

/** A target without its query, which may hold secrets, and without an authority. */
export function pathOf(target: string): string {
  const path = target.replace(/^[a-z]+:\/\/[^/?#]*/i, '');
  const end = path.search(/[?#]/);
  return (end < 0 ? path : path.slice(0, end)) || '/';
}
