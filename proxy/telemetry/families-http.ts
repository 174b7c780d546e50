/** linkerd2-proxy's older families of requests and responses, with its names, buckets and units. */
import type { LabelledSeries, Outcome, Responses } from './cumulative.ts';
import { family, histogram, line, sample, type Pieces } from './exposition.ts';
import { authzLabels, seriesLabels, tcpAuthzLabels, templateLabels } from './labels.ts';
import type { RouteSeries } from './routes.ts';
import type { Series } from './series.ts';

function responseText(name: string, labels: string, responses: Responses): string {
  let text = '';
  for (const status of responses.statuses.values()) {
    for (const { classification, grpcStatus, code, count } of status.outcomes()) {
      text += sample(name, `${labels},status_code="${status.status}",classification="${classification}",grpc_status="${grpcStatus ?? ''}",error="${code ?? ''}"`, count);
    }
  }
  return text;
}

function latencyText(name: string, labels: string, responses: Responses): string {
  let text = '';
  for (const { status, latency } of responses.statuses.values()) {
    if (!latency.empty) text += histogram(name, `${labels},status_code="${status}"`, latency);
  }
  return text;
}

function* each(all: Iterable<LabelledSeries>, text: (series: LabelledSeries) => string): Pieces {
  for (const series of all) yield text(series);
}

/** `request_total`, `response_total`, `response_latency_ms`, and our gauge of what is under way. */
export function* requestFamilies(series: Series, policy: string): Pieces {
  const all = series.labelled;
  const labels = (one: LabelledSeries) => seriesLabels(one, policy);
  yield* family('request_total', 'counter', 'Total count of HTTP requests.', each(all.values(), (one) => (one.requests === 0 ? '' : sample('request_total', labels(one), one.requests))));
  yield* family('response_latency_ms', 'histogram', "Elapsed times between a request's head being received and its response's first byte", each(all.values(), (one) => latencyText('response_latency_ms', labels(one), one.responses)));
  yield* family('response_total', 'counter', 'Total count of HTTP responses.', each(all.values(), (one) => responseText('response_total', labels(one), one.responses)));
  yield* family('sidelight_open_exchanges', 'gauge', 'Requests and opaque connections under way.', each(all.values(), (one) => sample('sidelight_open_exchanges', labels(one), one.open)));
}

function* eachRoute(routes: Iterable<RouteSeries>, text: (labels: string, route: RouteSeries) => string): Pieces {
  for (const route of routes) yield text(templateLabels(route.key.direction, route.key.service, route.port, route.key.route), route);
}

/** `route_*`, as linkerd2-proxy counts the routes of a ServiceProfile; here each learned template is one. */
export function* routeFamilies({ routes }: Series): Pieces {
  yield* family('route_request_total', 'counter', 'Total count of HTTP requests.', eachRoute(routes.shown, (labels, { requests }) => sample('route_request_total', labels, requests)));
  yield* family('route_response_latency_ms', 'histogram', "Elapsed times between a request's head being received and its response's first byte", eachRoute(routes.shown, (labels, { responses }) => latencyText('route_response_latency_ms', labels, responses)));
  yield* family('route_response_total', 'counter', 'Total count of HTTP responses.', eachRoute(routes.shown, (labels, { responses }) => responseText('route_response_total', labels, responses)));
}

/** Who was let in to the app, and who wasn't. */
export function* authorizationFamilies(series: Series, policy: string): Pieces {
  const inbound = () => [...series.labelled.values()].filter(({ key }) => key.direction === 'inbound');
  const allowed = (one: LabelledSeries): string => {
    const requests = one.requests - one.responses.madeWith('denied');
    return requests > 0 ? sample('inbound_http_authz_allow_total', authzLabels(one, policy, true), requests) : '';
  };
  const denied = (one: LabelledSeries): string => {
    const requests = one.responses.madeWith('denied');
    return requests > 0 ? sample('inbound_http_authz_deny_total', authzLabels(one, policy, false), requests) : '';
  };
  const connected = (one: LabelledSeries): string => (one.connections > 0 ? sample('inbound_tcp_authz_allow_total', tcpAuthzLabels(one, policy), one.connections) : '');
  yield* family('inbound_http_authz_allow_total', 'counter', 'The total number of inbound HTTP requests that were authorized', each(inbound(), allowed));
  yield* family('inbound_http_authz_deny_total', 'counter', 'The total number of inbound HTTP requests that could not be processed due to being denied', each(inbound(), denied));
  yield* family('inbound_tcp_authz_allow_total', 'counter', 'The total number of inbound TCP connections that were authorized', each(inbound(), connected));
}

/** `inbound_http_errors_total` and its three siblings, out of the proxies' own answers and refusals. */
export function* errorFamilies(series: Series): Pieces {
  const byDirection = { inbound: new Map<string, number>(), outbound: new Map<string, number>() };
  for (const { key, responses } of series.labelled.values()) {
    for (const { code, count } of outcomesOf(responses)) {
      const errors = byDirection[key.direction];
      if (code !== null) errors.set(code, (errors.get(code) ?? 0) + count);
    }
    yield '';
  }
  for (const direction of ['inbound', 'outbound'] as const) {
    const http = [...byDirection[direction]].map(([error, count]) => line(`${direction}_http_errors_total`, [['error', error]], count));
    const refused = [...series.refusals.values()].filter((refusal) => refusal.direction === direction);
    const tcp = refused.map(({ reason, count }) => line(`${direction}_tcp_errors_total`, [['error', reason]], count));
    yield* family(`${direction}_http_errors_total`, 'counter', `The total number of ${direction} HTTP requests that a proxy failed.`, http);
    yield* family(`${direction}_tcp_errors_total`, 'counter', `The total number of ${direction} TCP connections that the proxy refused.`, tcp);
  }
}

function outcomesOf(responses: Responses): Outcome[] {
  return [...responses.statuses.values()].flatMap((status) => status.outcomes());
}
