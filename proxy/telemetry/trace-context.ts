/** Trace contexts in requests: W3C `traceparent` (Trace Context §3.2) and B3, single and multi header. Pure. */

export type TraceFormat = 'w3c' | 'b3' | 'b3-multi';

/** Where a request's trace stands. */
export interface TraceContext {
  /** 32 hex digits; B3's short ids are filled up with zeros. */
  readonly traceId: string;
  /** The caller's span, 16 hex digits. */
  readonly spanId: string;
  /** Null: the caller leaves it to others. */
  readonly sampled: boolean | null;
  /** All formats that the request carries, W3C first; the first is believed. */
  readonly formats: readonly TraceFormat[];
  /** The flags of `traceparent` as they came. */
  readonly flags: number;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const TRACE_ID = /^(?:[0-9a-f]{16}|[0-9a-f]{32})$/;
const SPAN_ID = /^[0-9a-f]{16}$/;
const ZEROS = /^0+$/;
const SAMPLED_FLAG = 1;

/** The names that each format has in a head, lower case. */
export const TRACE_FIELDS = {
  w3c: ['traceparent'],
  b3: ['b3'],
  'b3-multi': ['x-b3-traceid', 'x-b3-spanid', 'x-b3-parentspanid', 'x-b3-sampled'],
} as const satisfies Record<TraceFormat, readonly string[]>;

type Found = Omit<TraceContext, 'formats'>;

/** What a head carries, or null where there is nothing or nothing valid; `field` reads one by its name. */
export function readTraceContext(field: (name: string) => string | null): TraceContext | null {
  const found: (readonly [TraceFormat, Found])[] = [];
  for (const format of ['w3c', 'b3', 'b3-multi'] as const) {
    const context = READERS[format](field);
    if (context !== null) found.push([format, context]);
  }
  const [first] = found;
  return first === undefined ? null : { ...first[1], formats: found.map(([format]) => format) };
}

const READERS: Readonly<Record<TraceFormat, (field: (name: string) => string | null) => Found | null>> = {
  w3c: (field) => readTraceparent(field('traceparent')),
  b3: (field) => readB3(field('b3')),
  'b3-multi': (field) => readB3Multi(field),
};

function readTraceparent(value: string | null): Found | null {
  const match = value === null ? null : TRACEPARENT.exec(value.trim());
  const [, version = '', traceId = '', spanId = '', flagText = '', rest] = match ?? [];
  // §3.2.2: ff is forbidden, version 00 ends behind its flags, later ones may go on.
  if (match === null || version === 'ff' || (version === '00' && rest !== undefined)) return null;
  if (ZEROS.test(traceId) || ZEROS.test(spanId)) return null;
  const flags = Number.parseInt(flagText, 16);
  return { traceId, spanId, sampled: (flags & SAMPLED_FLAG) !== 0, flags };
}

/** `{trace}-{span}[-{sampled}[-{parent}]]`; a lone decision names no trace. */
function readB3(value: string | null): Found | null {
  const [traceId = '', spanId = '', sampled] = (value ?? '').trim().toLowerCase().split('-');
  return found(traceId, spanId, sampled ?? null);
}

function readB3Multi(field: (name: string) => string | null): Found | null {
  const debug = field('x-b3-flags') === '1' ? 'd' : null;
  return found((field('x-b3-traceid') ?? '').toLowerCase(), (field('x-b3-spanid') ?? '').toLowerCase(), debug ?? field('x-b3-sampled'));
}

function found(traceId: string, spanId: string, decision: string | null): Found | null {
  if (!TRACE_ID.test(traceId) || !SPAN_ID.test(spanId) || ZEROS.test(traceId) || ZEROS.test(spanId)) return null;
  const sampled = decision === null || decision === '' ? null : decision === '1' || decision === 'd' || decision === 'true';
  return { traceId: traceId.padStart(32, '0'), spanId, sampled, flags: sampled === true ? SAMPLED_FLAG : 0 };
}

/** The fields that tell the next hop of a new span, in every format that the request came with. */
export function traceFields(context: TraceContext, spanId: string): readonly (readonly [name: string, value: string])[] {
  const flags = (context.flags | SAMPLED_FLAG).toString(16).padStart(2, '0');
  return context.formats.flatMap((format): readonly (readonly [string, string])[] => {
    switch (format) {
      case 'w3c':
        return [['traceparent', `00-${context.traceId}-${spanId}-${flags}`]];
      case 'b3':
        return [['b3', `${context.traceId}-${spanId}-1-${context.spanId}`]];
      case 'b3-multi':
        return [['x-b3-traceid', context.traceId], ['x-b3-spanid', spanId], ['x-b3-parentspanid', context.spanId], ['x-b3-sampled', '1']];
      default:
        return format satisfies never;
    }
  });
}

/** So many hex digits, not all zero. */
export function randomHex(digits: number, random: () => number): string {
  let text = '';
  while (text.length < digits) text += Math.floor(random() * 0x1_0000_0000).toString(16).padStart(8, '0');
  const id = text.slice(0, digits);
  return ZEROS.test(id) ? `${'0'.repeat(digits - 1)}1` : id;
}
