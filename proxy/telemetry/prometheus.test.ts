import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { OTHER } from '../wire/report.ts';
import { LATENCY_BUCKETS_MS } from './cumulative.ts';
import { leftOutTable, LINKERD_FAMILIES, LINKERD_LABELS_LEFT_OUT, LINKERD_LEFT_OUT } from './linkerd-families.ts';
import { renderMetrics, type MetricsFacts } from './prometheus.ts';
import { Series } from './series.ts';
import { edgeKey, exchangeEnd } from './testing.ts';

const FACTS: MetricsFacts = {
  version: '0.1.0',
  runtime: 'bun 1',
  startMs: 1_700_000_000_500,
  nowMs: 1_700_000_100_000,
  cpuSeconds: 1.5,
  residentBytes: 40_000_000,
  system: { openDescriptors: 20, maxDescriptors: 1_024, threads: 9, virtualBytes: 9e9, receivedBytes: 1, sentBytes: 2 },
  certificate: { notAfterMs: 1_700_086_400_000, refreshedMs: 1_700_000_000_000 },
  certificateRefreshes: { ok: 3, error: 1 },
  inboundPolicy: 'all-unauthenticated',
  balancers: [{ service: 'shop/cart', port: 80, ready: 2, pending: 0, waiting: 1, added: 3, removed: 1 }],
  watching: [],
  own: [{ name: 'sidelight_control_linked', help: 'Linked.', type: 'gauge', value: 1 }],
};

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads the text format strictly: a sample's family is declared before it, no series comes twice. */
function parse(text: string): Sample[] {
  const types = new Map<string, string>();
  const seen = new Set<string>();
  const samples: Sample[] = [];
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.trimEnd().split('\n')) {
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    if (type?.[1] && type[2]) {
      expect(types.has(type[1]), `${type[1]} declared twice`).toBe(false);
      types.set(type[1], type[2]);
    }
    if (line.startsWith('#')) continue;
    const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?[0-9.e+]+)$/.exec(line);
    expect(match, line).not.toBeNull();
    const [, name = '', labelText = '', value = ''] = match ?? [];
    const family = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
    expect(types.has(family), `${name} isn't declared`).toBe(true);
    const series = `${name}{${labelText}}`;
    expect(seen.has(series), `${series} twice`).toBe(false);
    seen.add(series);
    const labels = Object.fromEntries([...labelText.matchAll(/([a-z_][a-z0-9_]*)="((?:[^"\\]|\\.)*)"/g)].map(([, label, of]) => [label, of]));
    samples.push({ name, labels, value: Number(value) });
  }
  return samples;
}

const render = (series: Series, facts: Partial<MetricsFacts> = {}) => parse([...renderMetrics(series, { ...FACTS, ...facts })].join(''));
const named = (samples: readonly Sample[], name: string) => samples.filter((sample) => sample.name === name);

function outboundTraffic() {
  const series = new Series();
  const edge = series.edge(edgeKey(), { target: { host: '10.0.0.7', port: 8_080 }, peer: 'cart.shop.serviceaccount.identity.sidelight.cluster.local' });
  for (const latencyUs of [900, 1_000, 1_001, 45_000, 60_000_000]) {
    series.began(edge);
    series.ended(edge, exchangeEnd({ latencyUs }));
  }
  return { series, edge };
}

test('outbound requests have the names and labels of linkerd2-proxy', () => {
  const { series } = outboundTraffic();
  const labels = {
    direction: 'outbound',
    authority: 'cart.shop.svc.cluster.local',
    target_addr: '10.0.0.7:8080',
    target_ip: '10.0.0.7',
    target_port: '8080',
    tls: 'true',
    server_id: 'cart.shop.serviceaccount.identity.sidelight.cluster.local',
    dst_namespace: 'shop',
    dst_service: 'cart',
    dst_host: 'cart',
    dst_serviceaccount: 'cart',
  };
  const samples = render(series);
  expect(named(samples, 'request_total')).toEqual([{ name: 'request_total', labels, value: 5 }]);
  expect(named(samples, 'response_total')).toEqual([
    { name: 'response_total', labels: { ...labels, status_code: '200', classification: 'success', grpc_status: '', error: '' }, value: 5 },
  ]);
  expect(named(samples, 'response_latency_ms_count')).toEqual([{ name: 'response_latency_ms_count', labels: { ...labels, status_code: '200' }, value: 5 }]);
});

test('inbound requests name the caller by its identity and the policy in force', () => {
  const series = new Series();
  const edge = series.edge(edgeKey({ direction: 'inbound' }), { target: { host: 'fd00::1', port: 80 }, peer: 'web.shop' });
  series.began(edge);
  const [request] = named(render(series), 'request_total');
  expect(request?.labels).toEqual({
    direction: 'inbound',
    target_addr: '[fd00::1]:80',
    target_ip: 'fd00::1',
    target_port: '80',
    tls: 'true',
    client_id: 'web.shop',
    srv_group: '',
    srv_kind: 'default',
    srv_name: 'all-unauthenticated',
    srv_port: '80',
    route_group: '',
    route_kind: 'default',
    route_name: 'default',
    authz_group: '',
    authz_kind: 'default',
    authz_name: 'all-unauthenticated',
  });
});

test.each([
  ['inbound', 'no_tls_from_remote'],
  ['outbound', 'not_provided_by_service_discovery'],
] as const)('plain text %s says so and why', (direction, reason) => {
  const series = new Series();
  series.began(series.edge(edgeKey({ direction, tls: 'plain' })));
  expect(named(render(series), 'request_total')[0]?.labels).toMatchObject({ tls: 'no_identity', no_tls_reason: reason });
});

test("the latency histogram has linkerd2-proxy's buckets in ms, cumulative, bounds included", () => {
  const samples = render(outboundTraffic().series);
  const buckets = named(samples, 'response_latency_ms_bucket');
  const bounds = '1 2 3 4 5 10 20 30 40 50 100 200 300 400 500 1000 2000 3000 4000 5000 10000 20000 30000 40000 50000 +Inf'.split(' ');
  expect(buckets.map(({ labels }) => labels['le'])).toEqual(bounds);
  const at = (le: string) => buckets.find(({ labels }) => labels['le'] === le)?.value;
  expect([at('1'), at('2'), at('40'), at('50'), at('50000'), at('+Inf')]).toEqual([2, 3, 3, 4, 4, 5]);
  expect(named(samples, 'response_latency_ms_sum')[0]?.value).toBe(60_048);
  expect(LATENCY_BUCKETS_MS).toHaveLength(25);
});

test('failures are classified, and those that a proxy made carry their code', () => {
  const { series, edge } = outboundTraffic();
  series.ended(edge, exchangeEnd({ status: 500, fault: 'app' }));
  series.ended(edge, exchangeEnd({ status: 404 }));
  series.ended(edge, exchangeEnd({ status: 503, fault: 'mesh', code: 'connect-failed', latencyUs: -1 }));
  series.ended(edge, exchangeEnd({ status: 503, fault: 'mesh', code: 'connect-failed', latencyUs: -1 }));
  series.ended(edge, exchangeEnd({ status: 0, fault: 'client', latencyUs: -1 }));
  const samples = render(series);
  const outcomes = named(samples, 'response_total').map(({ labels, value }) => [labels['status_code'], labels['classification'], labels['error'], value]);
  expect(outcomes).toEqual([
    ['200', 'success', '', 5],
    ['500', 'failure', '', 1],
    ['404', 'success', '', 1],
    ['503', 'failure', 'connect-failed', 2],
  ]);
  expect(named(samples, 'outbound_http_errors_total')).toMatchObject([{ labels: { error: 'connect-failed' }, value: 2 }]);
  expect(named(samples, 'response_latency_ms_count').some(({ labels }) => labels['status_code'] === '503')).toBe(false);
});

test('counters only grow, whatever windows are sealed between', () => {
  const { series, edge } = outboundTraffic();
  const before = named(render(series), 'request_total')[0]?.value;
  series.seal();
  series.began(edge);
  expect(named(render(series), 'request_total')[0]?.value).toBe((before ?? 0) + 1);
});

test('rows that look the same here are one series, with the sum', () => {
  const series = new Series();
  for (const source of ['shop/host/web', 'shop/host/mail', 'shop/host/cron']) {
    const edge = series.edge(edgeKey({ direction: 'inbound', source }));
    series.began(edge);
    series.bytes(edge, 10, 5);
    series.ended(edge, exchangeEnd());
  }
  const samples = render(series);
  expect(named(samples, 'request_total').map(({ value }) => value)).toEqual([3]);
  expect(named(samples, 'response_latency_ms_count').map(({ value }) => value)).toEqual([3]);
});

test('transports and bytes are counted at both ends, with who is at the far one', () => {
  const { series, edge } = outboundTraffic();
  const facts = { target: { host: '10.0.0.7', port: 8_080 }, peer: 'cart.shop.serviceaccount.identity.sidelight.cluster.local', tls: 'mtls', service: 'shop/cart', destination: 'shop/host/cart' } as const;
  series.connection('outbound', 'src', 1);
  series.connection('outbound', 'src', 1);
  series.connection('outbound', 'src', -1);
  series.connection('outbound', 'dst', 1, facts);
  series.bytes(edge, 300, 7_000);
  const samples = render(series);
  const near = { direction: 'outbound', peer: 'src', tls: 'no_identity', no_tls_reason: 'loopback' };
  expect(named(samples, 'tcp_open_total').map(({ labels, value }) => [labels['peer'], value])).toEqual([['src', 2], ['dst', 1]]);
  expect(named(samples, 'tcp_open_connections')[0]).toEqual({ name: 'tcp_open_connections', labels: near, value: 1 });
  expect(named(samples, 'tcp_close_total')[0]).toEqual({ name: 'tcp_close_total', labels: { ...near, errno: '' }, value: 1 });
  const far = named(samples, 'tcp_open_total')[1]?.labels;
  expect(far).toMatchObject({ tls: 'true', server_id: facts.peer, target_addr: '10.0.0.7:8080', dst_service: 'cart' });
  series.connection('outbound', 'dst', 1, { tls: 'mtls', target: { host: '10.0.0.7', port: 4_143 }, peer: facts.peer });
  expect(named(render(series), 'tcp_open_total').at(-1)?.labels).toEqual({ direction: 'outbound', peer: 'dst', target_addr: '10.0.0.7:4143', target_ip: '10.0.0.7', target_port: '4143', tls: 'true', server_id: facts.peer });
  expect(named(samples, 'tcp_read_bytes_total')).toEqual([
    { name: 'tcp_read_bytes_total', labels: far, value: 7_000 },
    { name: 'tcp_read_bytes_total', labels: near, value: 300 },
  ]);
  expect(named(samples, 'tcp_write_bytes_total').map(({ labels, value }) => [labels['peer'], value])).toEqual([['dst', 300], ['src', 7_000]]);
});

test('opaque connections are no HTTP requests, but open exchanges', () => {
  const series = new Series();
  const edge = series.edge(edgeKey({ protocol: 'opaque' }));
  series.began(edge);
  const samples = render(series);
  expect(named(samples, 'request_total')).toEqual([]);
  expect(named(samples, 'sidelight_open_exchanges')[0]?.value).toBe(1);
  series.ended(edge, exchangeEnd({ status: 0, route: null }));
  expect(named(render(series), 'sidelight_open_exchanges')[0]?.value).toBe(0);
});

test('each refusal is counted with its reason', () => {
  const series = new Series();
  series.refused('inbound', 'tls-wrong-name');
  series.refused('inbound', 'tls-wrong-name');
  series.refused('outbound', 'tls-expired');
  const samples = render(series);
  expect(named(samples, 'sidelight_refusals_total').map(({ labels, value }) => [labels['direction'], labels['reason'], value])).toEqual([
    ['inbound', 'tls-wrong-name', 2],
    ['outbound', 'tls-expired', 1],
  ]);
  expect(named(samples, 'inbound_tcp_errors_total')).toMatchObject([{ labels: { error: 'tls-wrong-name' }, value: 2 }]);
});

test('allowed and denied requests are told apart', () => {
  const series = new Series();
  const edge = series.edge(edgeKey({ direction: 'inbound', tls: 'plain', source: '' }));
  for (const code of [null, null, 'denied'] as const) {
    series.began(edge);
    series.ended(edge, exchangeEnd({ code, status: code === null ? 200 : 403, fault: code === null ? null : 'mesh' }));
  }
  const samples = render(series);
  expect(named(samples, 'inbound_http_authz_allow_total').map(({ value }) => value)).toEqual([2]);
  expect(named(samples, 'inbound_http_authz_deny_total').map(({ value }) => value)).toEqual([1]);
});

test('a proxy without a certificate shows no time of expiry, one with it shows seconds', () => {
  const name = 'control_identity_cert_expiration_timestamp_seconds';
  expect(named(render(new Series()), name)).toEqual([{ name, labels: {}, value: 1_700_086_400 }]);
  expect(named(render(new Series(), { certificate: null }), name)).toEqual([]);
  expect(named(render(new Series()), 'control_identity_cert_refreshes_total').map(({ labels, value }) => [labels['result'], value])).toEqual([['ok', 3], ['error', 1]]);
  expect(named(render(new Series()), 'process_start_time_seconds')[0]?.value).toBe(1_700_000_000.5);
});

test('a label with quotes, backslashes and line ends harms nothing', () => {
  const series = new Series();
  series.began(series.edge(edgeKey({ service: 'shop/a"b\\c\nd', destination: OTHER })));
  expect(named(render(series), 'request_total')[0]?.labels['dst_service']).toBe('a\\"b\\\\c\\nd');
});

/** Traffic of every kind that has families of its own. */
function trafficOfAllKinds(): Series {
  const series = new Series();
  const peer = 'cart.shop.serviceaccount.identity.sidelight.cluster.local';
  const target = { host: '10.0.0.7', port: 8_080 };
  const outbound = { target, port: 80, instance: 'cart-0', zone: 'a' };
  for (const protocol of ['http1', 'http2', 'grpc', 'opaque'] as const) {
    for (const tls of ['mtls', 'plain'] as const) {
      const facts = tls === 'mtls' ? { peer } : {};
      const edges = [
        series.edge(edgeKey({ protocol, tls, destination: 'shop/deployment/cart' }), { ...outbound, ...facts }),
        series.edge(edgeKey({ protocol, tls, direction: 'inbound' }), { target, ...facts }),
      ];
      for (const edge of edges) {
        const { direction } = edge.key;
        series.connection(direction, direction === 'inbound' ? 'src' : 'dst', 1, { ...(direction === 'inbound' ? { target } : outbound), ...facts, tls, service: 'shop/cart', destination: 'shop/deployment/cart' });
        series.connection(direction, direction === 'inbound' ? 'dst' : 'src', 1);
        const opaque = protocol === 'opaque';
        const ends = [{}, { status: 403, code: 'denied', fault: 'mesh' }, { status: 503, fault: 'app', retries: 1 }] as const;
        for (const end of opaque ? [{ status: 0, route: null }] : ends) {
          series.began(edge);
          series.bytes(edge, 10, 20);
          series.ended(edge, exchangeEnd({ ...end, ...(protocol === 'grpc' ? { grpcStatus: 0 } : {}) }));
        }
      }
    }
  }
  series.refused('inbound', 'tls-expired');
  series.refused('outbound', 'tls-expired');
  series.detected({ direction: 'inbound', service: '', port: 8_080 }, 'http/1', 400);
  series.detected({ direction: 'outbound', service: 'shop/cart', port: 80 }, 'read_timeout', 10_000_000);
  series.dialled('shop/cart', 80, 'detect');
  return series;
}

const OWN = /^sidelight_/;
/** Counted by the exporter of spans, which a proxy with tracing has. */
const SPANS: MetricsFacts['own'] = ['opentelemetry_span_exports', 'opentelemetry_span_export_requests'].map((name) => ({ name, help: 'Spans.', type: 'counter', value: 0 }));

test("all of linkerd2-proxy's families are here with their types and buckets, or left out on purpose, and no stranger is", () => {
  const text = [...renderMetrics(trafficOfAllKinds(), { ...FACTS, own: SPANS })].join('');
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]));
  expect([...types].filter(([name]) => !OWN.test(name)).sort()).toEqual(Object.entries(LINKERD_FAMILIES).map(([name, { type }]) => [name, type]).sort());
  for (const name of types.keys()) expect(Object.keys(LINKERD_LEFT_OUT).filter((left) => name.startsWith(left)), name).toEqual([]);
  for (const [name, { buckets }] of Object.entries(LINKERD_FAMILIES)) {
    if (buckets === undefined) continue;
    const bounds = [...text.matchAll(new RegExp(`^${name}_bucket\\{.*le="([^"]*)"\\}`, 'gm'))].map(([, le]) => le);
    expect(bounds.slice(0, buckets.length), name).toEqual(buckets);
    expect(bounds.length % buckets.length, name).toBe(0);
  }
});

test("each series has one of linkerd2-proxy's sets of labels, in its order, less what is left out on purpose", () => {
  const samples = parse([...renderMetrics(trafficOfAllKinds(), { ...FACTS, own: SPANS })].join(''));
  const left = (label: string) => Object.hasOwn(LINKERD_LABELS_LEFT_OUT, label);
  const seen = new Set<string>();
  for (const { name, labels } of samples) {
    const family = Object.hasOwn(LINKERD_FAMILIES, name) ? name : name.replace(/_(bucket|sum|count)$/, '');
    const known = LINKERD_FAMILIES[family];
    if (known === undefined) continue;
    const own = Object.keys(labels).filter((label) => label !== 'le');
    const sets = known.labels.map((set) => set.filter((label) => !left(label)).sort().join(' '));
    // An endpoint of a stranger, or none at all, has nothing but its service.
    const identity = own.includes('server_id') || !own.includes('dst_pod') ? own : [...own, 'dst_serviceaccount'];
    expect(sets, `${name} ${own.join(' ')}`).toContain([...identity].sort().join(' '));
    seen.add(family);
  }
  expect([...seen].sort()).toEqual(Object.keys(LINKERD_FAMILIES).sort());
});

test('the README says what is left out, and why', () => {
  expect(readFileSync(new URL('../README.md', import.meta.url), 'utf8')).toContain(leftOutTable());
});
