/** The text of `/metrics` (Prometheus text format 0.0.4): linkerd2-proxy's older families with their labels, then ours. Pure. */
import { LATENCY_BUCKETS_MS, type LabelledSeries, type StatusSeries } from './cumulative.ts';
import { family, line, seriesLabels, type Labels } from './exposition.ts';
import type { Series } from './series.ts';

/** What else `/metrics` shows; times in ms since 1970 or as named. */
export interface ProcessFacts {
  readonly version: string;
  readonly runtime: string;
  readonly startMs: number;
  readonly nowMs: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** Null without a certificate. */
  readonly certificate: { readonly notAfterMs: number; readonly refreshedMs: number } | null;
  readonly certificateRefreshes: { readonly ok: number; readonly error: number };
  /** Policy in force, the `srv_name` of inbound series. */
  readonly inboundPolicy: string;
  /** Our own gauges and counters, by full name. */
  readonly own: readonly OwnMetric[];
}

export interface OwnMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly value: number;
}

function latencyLines(labels: Labels, status: StatusSeries): string[] {
  const own: Labels = [...labels, ['status_code', status.status]];
  let seen = 0;
  const lines = [...status.latencyBuckets].map((count, at) => {
    seen += count;
    return line('response_latency_ms_bucket', [...own, ['le', LATENCY_BUCKETS_MS[at] ?? '+Inf']], seen);
  });
  lines.push(line('response_latency_ms_count', own, seen), line('response_latency_ms_sum', own, Math.round(status.latencySumUs / 1_000)));
  return lines;
}

function responseLines(labels: Labels, status: StatusSeries): string[] {
  const response = (classification: string, error: string, count: number) =>
    line('response_total', [...labels, ['status_code', status.status], ['classification', classification], ['grpc_status', ''], ['error', error]], count);
  const lines: string[] = [];
  if (status.success > 0) lines.push(response('success', '', status.success));
  if (status.failure > 0) lines.push(response('failure', '', status.failure));
  for (const [code, { classification, count }] of status.proxyErrors) lines.push(response(classification, code, count));
  return lines;
}

/** One line per set of labels: rows that look the same on `/metrics` are added up. */
function summed(series: Iterable<LabelledSeries>, labels: (series: LabelledSeries) => Labels): Map<string, Merged> {
  const merged = new Map<string, Merged>();
  for (const one of series) {
    const own = labels(one);
    const id = JSON.stringify(own);
    const known = merged.get(id);
    if (known) known.parts.push(one);
    else merged.set(id, { labels: own, parts: [one] });
  }
  return merged;
}

interface Merged {
  readonly labels: Labels;
  readonly parts: LabelledSeries[];
}

function mergeStatuses(parts: readonly LabelledSeries[]): StatusSeries[] {
  const merged = new Map<number, StatusSeries>();
  for (const part of parts) {
    for (const [code, status] of part.statuses) {
      const known = merged.get(code);
      if (known) known.add(status);
      else merged.set(code, status.copy());
    }
  }
  return [...merged.values()];
}

const sum = (parts: readonly LabelledSeries[], read: (part: LabelledSeries) => number): number =>
  parts.reduce((total, part) => total + read(part), 0);

function httpFamilies(all: Iterable<LabelledSeries>, inboundPolicy: string): string {
  const requests: string[] = [];
  const latencies: string[] = [];
  const responses: string[] = [];
  const open: string[] = [];
  for (const { labels, parts } of summed(all, (series) => seriesLabels(series, inboundPolicy)).values()) {
    const began = sum(parts, (part) => part.requests);
    open.push(line('sidelight_open_exchanges', labels, sum(parts, (part) => part.open)));
    if (began === 0) continue;
    requests.push(line('request_total', labels, began));
    for (const status of mergeStatuses(parts)) {
      if (status.latencyBuckets.some((count) => count > 0)) latencies.push(...latencyLines(labels, status));
      responses.push(...responseLines(labels, status));
    }
  }
  return [
    family('request_total', 'counter', 'Total count of HTTP requests.', requests),
    family('response_latency_ms', 'histogram', "Elapsed times between a request's head being received and its response's first byte", latencies),
    family('response_total', 'counter', 'Total count of HTTP responses.', responses),
    family('sidelight_open_exchanges', 'gauge', 'Requests and opaque connections under way.', open),
  ].join('');
}

function transportFamilies(series: Series): string {
  const opened: string[] = [];
  const open: string[] = [];
  const closed: string[] = [];
  for (const { direction, peer, ...transport } of series.transports.values()) {
    const labels: Labels = [['direction', direction], ['peer', peer]];
    opened.push(line('tcp_open_total', labels, transport.opened));
    open.push(line('tcp_open_connections', labels, transport.opened - transport.closed));
    closed.push(line('tcp_close_total', [...labels, ['errno', '']], transport.closed));
  }
  return [
    family('tcp_open_total', 'counter', 'Total count of opened connections', opened),
    family('tcp_open_connections', 'gauge', 'Number of currently-open connections', open),
    family('tcp_close_total', 'counter', 'Total count of closed connections', closed),
  ].join('');
}

function byteFamilies(all: readonly LabelledSeries[]): string {
  const read: string[] = [];
  const written: string[] = [];
  for (const direction of ['inbound', 'outbound'] as const) {
    const parts = all.filter((series) => series.key.direction === direction);
    if (parts.length === 0) continue;
    const bytesIn = sum(parts, (part) => part.bytesIn);
    const bytesOut = sum(parts, (part) => part.bytesOut);
    read.push(line('tcp_read_bytes_total', [['direction', direction], ['peer', 'src']], bytesIn));
    read.push(line('tcp_read_bytes_total', [['direction', direction], ['peer', 'dst']], bytesOut));
    written.push(line('tcp_write_bytes_total', [['direction', direction], ['peer', 'src']], bytesOut));
    written.push(line('tcp_write_bytes_total', [['direction', direction], ['peer', 'dst']], bytesIn));
  }
  return (
    family('tcp_read_bytes_total', 'counter', 'Total count of bytes read from peers', read) +
    family('tcp_write_bytes_total', 'counter', 'Total count of bytes written to peers', written)
  );
}

/** `inbound_http_errors_total` and its three siblings, and the authorization counters, out of the proxies' own answers. */
function errorFamilies(all: readonly LabelledSeries[], series: Series, inboundPolicy: string): string {
  let text = '';
  for (const direction of ['inbound', 'outbound'] as const) {
    const errors = new Map<string, number>();
    for (const status of mergeStatuses(all.filter(({ key }) => key.direction === direction))) {
      for (const [code, { count }] of status.proxyErrors) errors.set(code, (errors.get(code) ?? 0) + count);
    }
    const http = [...errors].map(([error, count]) => line(`${direction}_http_errors_total`, [['error', error]], count));
    const refused = [...series.refusals.values()].filter((refusal) => refusal.direction === direction);
    const tcp = refused.map(({ reason, count }) => line(`${direction}_tcp_errors_total`, [['error', reason]], count));
    text += family(`${direction}_http_errors_total`, 'counter', `The total number of ${direction} HTTP requests that a proxy failed.`, http);
    text += family(`${direction}_tcp_errors_total`, 'counter', `The total number of ${direction} TCP connections that the proxy refused.`, tcp);
  }
  return text + authorizationFamilies(all, inboundPolicy);
}

function authorizationFamilies(all: readonly LabelledSeries[], inboundPolicy: string): string {
  const allow: string[] = [];
  const deny: string[] = [];
  const inbound = all.filter(({ key }) => key.direction === 'inbound');
  for (const { labels, parts } of summed(inbound, (series) => seriesLabels(series, inboundPolicy).slice(1)).values()) {
    const denied = mergeStatuses(parts).reduce((total, status) => total + (status.proxyErrors.get('denied')?.count ?? 0), 0);
    const requests = sum(parts, (part) => part.requests);
    if (requests > denied) allow.push(line('inbound_http_authz_allow_total', labels, requests - denied));
    if (denied > 0) deny.push(line('inbound_http_authz_deny_total', labels, denied));
  }
  return (
    family('inbound_http_authz_allow_total', 'counter', 'The total number of inbound HTTP requests that were authorized', allow) +
    family('inbound_http_authz_deny_total', 'counter', 'The total number of inbound HTTP requests that could not be processed due to being denied', deny)
  );
}

function identityFamilies({ certificate, certificateRefreshes }: ProcessFacts): string {
  const name = 'control_identity_cert';
  return [
    family(`${name}_expiration_timestamp_seconds`, 'gauge', "Time when this proxy's current mTLS identity certificate will expire (in seconds since the UNIX epoch).", certificate === null ? [] : [line(`${name}_expiration_timestamp_seconds`, [], certificate.notAfterMs / 1_000)]),
    family(`${name}_refresh_timestamp_seconds`, 'gauge', "Time when this proxy's current mTLS identity certificate was last updated.", certificate === null ? [] : [line(`${name}_refresh_timestamp_seconds`, [], certificate.refreshedMs / 1_000)]),
    family(`${name}_refreshes_total`, 'counter', "The total number of times this proxy's mTLS identity certificate has been refreshed by the Identity provider.", [
      line(`${name}_refreshes_total`, [['result', 'ok']], certificateRefreshes.ok),
      line(`${name}_refreshes_total`, [['result', 'error']], certificateRefreshes.error),
    ]),
  ].join('');
}

const gauge = (name: string, help: string, value: number): string => family(name, 'gauge', help, [line(name, [], value)]);

function processFamilies(facts: ProcessFacts): string {
  const build = line('proxy_build_info', [['date', ''], ['git_sha', ''], ['profile', 'release'], ['vendor', `sidelight (${facts.runtime})`], ['version', facts.version]], 1);
  return [
    family('proxy_build_info', 'gauge', 'Proxy build info.', [build]),
    gauge('process_start_time_seconds', 'Time that the process started (in seconds since the UNIX epoch).', facts.startMs / 1_000),
    gauge('process_clock_time_seconds', 'Current system time for this process.', facts.nowMs / 1_000),
    family('process_cpu_seconds_total', 'counter', 'Total user and system CPU time spent in seconds', [line('process_cpu_seconds_total', [], facts.cpuSeconds)]),
    gauge('process_resident_memory_bytes', 'Resident memory size in bytes', facts.residentBytes),
  ].join('');
}

function ownFamilies(series: Series, own: readonly OwnMetric[]): string {
  const refusals = [...series.refusals.values()].map(({ direction, reason, count }) =>
    line('sidelight_refusals_total', [['direction', direction], ['reason', reason]], count),
  );
  const folded: OwnMetric = { name: 'sidelight_folded_exchanges_total', help: 'Exchanges counted in a row named other, since a cap was reached.', type: 'counter', value: series.foldedTotal };
  return (
    family('sidelight_refusals_total', 'counter', 'Connections refused or lost before there was an exchange.', refusals) +
    [folded, ...own].map(({ name, type, help, value }) => family(name, type, help, [line(name, [], value)])).join('')
  );
}

/** The whole text. */
export function renderMetrics(series: Series, facts: ProcessFacts): string {
  const all = [...series.labelled.values()];
  return [
    httpFamilies(all, facts.inboundPolicy),
    transportFamilies(series),
    byteFamilies(all),
    errorFamilies(all, series, facts.inboundPolicy),
    identityFamilies(facts),
    processFamilies(facts),
    ownFamilies(series, facts.own),
  ].join('');
}
