/** linkerd2-proxy's newer families: routes, backends and balancers of services, and the app's ports. Times in seconds. */
import { family, histogram, sample, type Pieces } from './exposition.ts';
import { labelsOfParent, type ParentLabels } from './labels.ts';
import type { ParentSeries, StatusCount } from './parents.ts';
import type { Series } from './series.ts';

/** One balancer's state, for its gauges. */
export interface BalancerFacts {
  /** `namespace/name` and port of the service. */
  readonly service: string;
  readonly port: number;
  /** Endpoints that take requests, and those that don't now. */
  readonly ready: number;
  readonly pending: number;
  /** Requests that wait. */
  readonly waiting: number;
  /** Changes of the set of endpoints: additions, removals. */
  readonly added: number;
  readonly removed: number;
}

const GRPC_NAMES = [
  'OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS', 'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** gRPC codes by name, HTTP's as numbers; empty: no response came. */
function statusText(status: number | null, grpc: boolean): string {
  if (status === null) return '';
  return grpc ? (GRPC_NAMES[status] ?? 'UNKNOWN') : String(status);
}

function statusLines(name: string, labels: string, statuses: ReadonlyMap<string, StatusCount>, grpc: boolean): string {
  let text = '';
  for (const { status, code, count } of statuses.values()) {
    text += sample(name, `${labels},${grpc ? 'grpc' : 'http'}_status="${statusText(status, grpc)}",error="${code ?? ''}"`, count);
  }
  return text;
}

/** Inbound has one label for both, and no cause. */
function inboundStatusLines(name: string, labels: string, statuses: ReadonlyMap<string, StatusCount>, grpc: boolean): string {
  const counts = new Map<string, number>();
  for (const { status, count } of statuses.values()) {
    const text = statusText(status, grpc);
    if (text !== '') counts.set(text, (counts.get(text) ?? 0) + count);
  }
  return [...counts].map(([status, count]) => sample(name, `${labels},status="${status}"`, count)).join('');
}

interface Labelled {
  readonly series: ParentSeries;
  readonly labels: ParentLabels;
}

function* each(all: readonly Labelled[], text: (series: ParentSeries, labels: ParentLabels) => string): Pieces {
  for (const { series, labels } of all) yield text(series, labels);
}

function* outboundFamilies(all: readonly Labelled[], kind: 'http' | 'grpc'): Pieces {
  const route = `outbound_${kind}_route`;
  const grpc = kind === 'grpc';
  yield* family(`${route}_request_duration_seconds`, 'histogram', 'The time between request initialization and response completion.', each(all, (one, { route: labels }) => histogram(`${route}_request_duration_seconds`, labels, one.requestDuration)));
  yield* family(`${route}_request_statuses_total`, 'counter', 'Completed request-response streams.', each(all, (one, { route: labels }) => statusLines(`${route}_request_statuses_total`, labels, one.statuses, grpc)));
  yield* family(`${route}_backend_requests_total`, 'counter', 'The total number of requests dispatched.', each(all, (one, { backend }) => sample(`${route}_backend_requests_total`, backend, one.dispatched)));
  yield* family(`${route}_backend_response_duration_seconds`, 'histogram', 'The time between request completion and response completion.', each(all, (one, { backend }) => histogram(`${route}_backend_response_duration_seconds`, backend, one.responseDuration)));
  yield* family(`${route}_backend_response_statuses_total`, 'counter', 'Completed responses.', each(all, (one, { backend }) => statusLines(`${route}_backend_response_statuses_total`, backend, one.backendStatuses, grpc)));
  yield* family(`${route}_retry_requests_total`, 'counter', 'Retry requests emitted.', each(all, (one, { retry }) => sample(`${route}_retry_requests_total`, retry, one.retries)));
  yield* family(`${route}_retry_successes_total`, 'counter', 'Successful responses to retry requests.', each(all, (one, { retry }) => sample(`${route}_retry_successes_total`, retry, one.retrySuccesses)));
}

function* inboundFamilies(all: readonly Labelled[], kind: 'http' | 'grpc'): Pieces {
  const name = `inbound_${kind}`;
  yield* family(`${name}_requests_total`, 'counter', 'The total number of requests dispatched.', each(all, (one, { inbound }) => sample(`${name}_requests_total`, inbound, one.dispatched)));
  yield* family(`${name}_request_duration_seconds`, 'histogram', 'The time between request initialization and response completion.', each(all, (one, { inbound }) => histogram(`${name}_request_duration_seconds`, inbound, one.requestDuration)));
  yield* family(`${name}_response_duration_seconds`, 'histogram', 'The time between request completion and response completion.', each(all, (one, { inbound }) => histogram(`${name}_response_duration_seconds`, inbound, one.responseDuration)));
  yield* family(`${name}_statuses_total`, 'counter', 'Completed HTTP responses.', each(all, (one, { inbound }) => inboundStatusLines(`${name}_statuses_total`, inbound, one.statuses, kind === 'grpc')));
}

const BALANCER = 'outbound_http_balancer';

/** Balancers and their queues, which HTTP and gRPC share. */
function* balancerFamilies(series: Series, balancers: readonly BalancerFacts[]): Pieces {
  const labelsOf = (key: { readonly service: string; readonly port: number }) => labelsOfParent({ direction: 'outbound', grpc: false, ...key }, '').balancer;
  const all = balancers.map((facts) => ({ facts, labels: labelsOf(facts) }));
  const queues = [...series.queues.values()].filter(({ key }) => key.direction === 'outbound').map((queue) => ({ queue, labels: labelsOf(queue.key) }));
  yield* family(`${BALANCER}_endpoints`, 'gauge', 'The number of endpoints currently in a HTTP request balancer.', all.map(({ facts, labels }) => sample(`${BALANCER}_endpoints`, `endpoint_state="ready",${labels}`, facts.ready) + sample(`${BALANCER}_endpoints`, `endpoint_state="pending",${labels}`, facts.pending)));
  yield* family(`${BALANCER}_p2c_endpoints`, 'gauge', 'The number of endpoints currently in the balancer.', all.map(({ facts, labels }) => sample(`${BALANCER}_p2c_endpoints`, labels, facts.ready + facts.pending)));
  yield* family(`${BALANCER}_p2c_updates_total`, 'counter', 'The total number of service discovery updates received by a balancer.', all.map(({ facts, labels }) => sample(`${BALANCER}_p2c_updates_total`, `op="Add",${labels}`, facts.added) + sample(`${BALANCER}_p2c_updates_total`, `op="Remove",${labels}`, facts.removed)));
  yield* family(`${BALANCER}_queue_length`, 'gauge', 'The current count of requests waiting in the queue.', all.map(({ facts, labels }) => sample(`${BALANCER}_queue_length`, labels, facts.waiting)));
  yield* family(`${BALANCER}_queue_requests_total`, 'counter', 'The total number of requests that have entered the queue.', queues.map(({ queue, labels }) => sample(`${BALANCER}_queue_requests_total`, labels, queue.requests)));
  yield* family(`${BALANCER}_queue_latency_seconds`, 'histogram', 'The distribution of durations that requests have spent in the queue.', queues.map(({ queue, labels }) => histogram(`${BALANCER}_queue_latency_seconds`, labels, queue.latency)));
}

/** All newer families that this proxy has. */
export function* parentFamilies(series: Series, balancers: readonly BalancerFacts[], policy: string): Pieces {
  const all = [...series.parents.values()].map((one) => ({ series: one, labels: labelsOfParent(one.key, policy) }));
  for (const kind of ['http', 'grpc'] as const) {
    const of = (direction: 'inbound' | 'outbound') => all.filter(({ series: { key } }) => key.direction === direction && key.grpc === (kind === 'grpc'));
    yield* outboundFamilies(of('outbound'), kind);
    yield* inboundFamilies(of('inbound'), kind);
  }
  yield* balancerFamilies(series, balancers);
}
