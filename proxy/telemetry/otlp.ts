/** Spans in OTLP's JSON (opentelemetry-proto 1.x, `ExportTraceServiceRequest`). Pure. */
import type { ExchangeEnd } from '../exchange.ts';
import type { Direction } from '../wire/labels.ts';
import type { EdgeKey } from '../wire/report.ts';

/** What a span is made of. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** Null: the trace begins here. */
  readonly parentId: string | null;
  readonly direction: Direction;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly host: string;
  readonly version: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2.0';
  /** ms since 1970. */
  readonly startMs: number;
  readonly edge: EdgeKey;
  readonly end: ExchangeEnd;
}

/** Who exports. */
export interface Resource {
  /** `namespace/kind/name`. */
  readonly workload: string;
  /** The pod's or host's name. */
  readonly instance: string;
  readonly version: string;
}

/** `SpanKind`: a callee's proxy serves, a caller's is a client. */
const KIND = { inbound: 2, outbound: 3 } as const satisfies Record<Direction, number>;
const STATUS_UNSET = 0;
const STATUS_ERROR = 2;

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string } | { readonly intValue: string };
}

const text = (key: string, value: string): Attribute => ({ key, value: { stringValue: value } });
const whole = (key: string, value: number): Attribute => ({ key, value: { intValue: String(Math.round(value)) } });

/** Nanoseconds since 1970 as OTLP's JSON wants them; µs are kept. */
function nanos(ms: number): string {
  return `${BigInt(Math.round(ms * 1_000))}000`;
}

/** Names by OpenTelemetry's semantic conventions for HTTP, and ours where it has none. */
function attributesOf({ method, path, host, version, edge, end }: Span): Attribute[] {
  const attributes = [
    text('http.request.method', method), text('url.path', path), text('server.address', host), text('network.protocol.version', version.slice('HTTP/'.length)),
    text('sidelight.source', edge.source), text('sidelight.service', edge.service), text('sidelight.destination', edge.destination),
    text('sidelight.tls', edge.tls), whole('sidelight.queue_us', end.queueUs), whole('sidelight.retries', end.retries),
  ];
  if (end.route !== null) attributes.push(text('http.route', end.route));
  if (end.status > 0) attributes.push(whole('http.response.status_code', end.status));
  if (end.grpcStatus !== undefined && end.grpcStatus !== null) attributes.push(whole('rpc.grpc.status_code', end.grpcStatus));
  if (end.latencyUs >= 0) attributes.push(whole('sidelight.latency_us', end.latencyUs));
  if (end.fault !== null) attributes.push(text('sidelight.fault', end.fault));
  if (end.code !== null && end.code !== undefined) attributes.push(text('error.type', end.code));
  return attributes;
}

function spanJson(span: Span): unknown {
  const { traceId, spanId, parentId, direction, method, startMs, end } = span;
  return {
    traceId,
    spanId,
    ...(parentId === null ? {} : { parentSpanId: parentId }),
    name: end.route ?? method,
    kind: KIND[direction],
    startTimeUnixNano: nanos(startMs),
    endTimeUnixNano: nanos(startMs + end.durationUs / 1_000),
    attributes: attributesOf(span),
    status: { code: end.fault === null ? STATUS_UNSET : STATUS_ERROR },
  };
}

/** The body of one export. */
export function exportRequest(spans: readonly Span[], { workload, instance, version }: Resource): string {
  const [namespace = '', , name = workload] = workload.split('/');
  const resource = { attributes: [text('service.name', name), text('service.namespace', namespace), text('service.instance.id', instance)] };
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'sidelight-proxy', version }, spans: spans.map(spanJson) }] }] });
}
