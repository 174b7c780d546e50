/**
 * What linkerd2-proxy exports: facts read from two exports of a proxy of August 2026, one outbound and one inbound, by the
 * names of samples. Tests hold our `/metrics` against it, and proxy/README.md lists what is left out.
 */

export interface LinkerdFamily {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Sets of labels that occur, `le` left out. */
  readonly labels: readonly (readonly string[])[];
  /** `le` in its order. */
  readonly buckets?: readonly string[];
}

const TARGET = ['target_addr', 'target_ip', 'target_port'];
const PLAIN = ['tls', 'no_tls_reason'];
const CLIENT = ['tls', 'client_id'];
const SERVER = ['tls', 'server_id'];
const SRV = ['srv_group', 'srv_kind', 'srv_name', 'srv_port'];
const ROUTE = ['route_group', 'route_kind', 'route_name'];
const AUTHZ = ['authz_group', 'authz_kind', 'authz_name'];
const DST = [
  'dst_control_plane_ns', 'dst_deployment', 'dst_namespace', 'dst_pod', 'dst_pod_template_hash', 'dst_service', 'dst_serviceaccount',
  'dst_zone', 'dst_zone_locality',
];
const PARENT = ['parent_group', 'parent_kind', 'parent_namespace', 'parent_name', 'parent_port', 'parent_section_name'];
const ROUTE_REF = ['route_group', 'route_kind', 'route_namespace', 'route_name'];
const BACKEND = ['backend_group', 'backend_kind', 'backend_namespace', 'backend_name', 'backend_port', 'backend_section_name'];
const INBOUND_PARENT = ['parent_group', 'parent_kind', 'parent_name', 'parent_port', ...ROUTE];

const INBOUND = [PLAIN, CLIENT].map((tls) => ['direction', ...TARGET, ...tls, ...SRV, ...ROUTE, ...AUTHZ]);
const OUTBOUND = [PLAIN, SERVER].map((tls) => ['direction', 'authority', ...TARGET, ...tls, ...DST]);
const REQUEST = [...INBOUND, ...OUTBOUND];
const TRANSPORT = [
  ['direction', 'peer', ...TARGET, ...CLIENT, ...SRV], ['direction', 'peer', ...TARGET, ...PLAIN, ...SRV], ['direction', 'peer', ...PLAIN],
  ['direction', 'peer', ...TARGET, ...PLAIN], ...[PLAIN, SERVER].map((tls) => ['direction', 'peer', 'authority', ...TARGET, ...tls, ...DST]),
];
const TEMPLATE = ['direction', 'dst', 'rt_route'];

const LATENCY_MS = '1 2 3 4 5 10 20 30 40 50 100 200 300 400 500 1000 2000 3000 4000 5000 10000 20000 30000 40000 50000 +Inf'.split(' ');
const FOUR = '0.05 0.5 1.0 10.0 +Inf'.split(' ');
const SEVEN = '0.025 0.05 0.1 0.25 0.5 1.0 10.0 +Inf'.split(' ');
const DETECT = '0.001 0.1 +Inf'.split(' ');
const QUEUE = '0.0005 0.005 0.05 0.5 1.0 3.0 +Inf'.split(' ');

const plus = (sets: readonly (readonly string[])[], ...more: readonly string[]) => sets.map((set) => [...set, ...more]);
const counter = (...labels: readonly (readonly string[])[]): LinkerdFamily => ({ type: 'counter', labels });
const gauge = (...labels: readonly (readonly string[])[]): LinkerdFamily => ({ type: 'gauge', labels });
const histogram = (buckets: readonly string[], ...labels: readonly (readonly string[])[]): LinkerdFamily => ({ type: 'histogram', labels, buckets });

function newer(kind: 'http' | 'grpc'): Record<string, LinkerdFamily> {
  const route = [...PARENT, ...ROUTE_REF];
  const request = kind === 'http' ? [...route, 'hostname'] : route;
  const status = kind === 'http' ? 'http_status' : 'grpc_status';
  return {
    [`outbound_${kind}_route_request_duration_seconds`]: histogram(FOUR, request),
    [`outbound_${kind}_route_request_statuses_total`]: counter([...request, status, 'error']),
    [`outbound_${kind}_route_backend_requests_total`]: counter([...route, ...BACKEND]),
    [`outbound_${kind}_route_backend_response_duration_seconds`]: histogram(SEVEN, [...route, ...BACKEND]),
    [`outbound_${kind}_route_backend_response_statuses_total`]: counter([...route, ...BACKEND, status, 'error']),
    [`outbound_${kind}_route_retry_requests_total`]: counter(route),
    [`outbound_${kind}_route_retry_successes_total`]: counter(route),
    [`inbound_${kind}_requests_total`]: counter(INBOUND_PARENT),
    [`inbound_${kind}_request_duration_seconds`]: histogram(SEVEN, INBOUND_PARENT),
    [`inbound_${kind}_response_duration_seconds`]: histogram(FOUR, INBOUND_PARENT),
    [`inbound_${kind}_statuses_total`]: counter([...INBOUND_PARENT, 'status']),
  };
}

/** Families that this proxy has as well. */
export const LINKERD_FAMILIES: Readonly<Record<string, LinkerdFamily>> = {
  request_total: counter(...REQUEST),
  response_total: counter(...plus(REQUEST, 'status_code', 'classification', 'grpc_status', 'error')),
  response_latency_ms: histogram(LATENCY_MS, ...plus(REQUEST, 'status_code')),
  route_request_total: counter(TEMPLATE),
  route_response_total: counter([...TEMPLATE, 'status_code', 'classification', 'grpc_status', 'error']),
  route_response_latency_ms: histogram(LATENCY_MS, [...TEMPLATE, 'status_code']),
  tcp_open_total: counter(...TRANSPORT),
  tcp_open_connections: gauge(...TRANSPORT),
  tcp_close_total: counter(...plus(TRANSPORT, 'errno')),
  tcp_read_bytes_total: counter(...TRANSPORT),
  tcp_write_bytes_total: counter(...TRANSPORT),
  inbound_http_authz_allow_total: counter(...[PLAIN, CLIENT].map((tls) => [...TARGET, ...SRV, ...ROUTE, ...AUTHZ, ...tls])),
  inbound_http_authz_deny_total: counter(...[PLAIN, CLIENT].map((tls) => [...TARGET, ...SRV, ...ROUTE, ...tls])),
  inbound_tcp_authz_allow_total: counter(...[PLAIN, CLIENT].map((tls) => [...TARGET, ...SRV, ...AUTHZ, ...tls])),
  inbound_tcp_detect_http_duration_seconds: histogram(DETECT, SRV),
  inbound_tcp_detect_http_results_total: counter(['result', ...SRV]),
  outbound_tcp_detect_http_duration_seconds: histogram(DETECT, PARENT),
  outbound_tcp_detect_http_results_total: counter(['result', ...PARENT]),
  outbound_tcp_protocol_connections_total: counter(['protocol', ...PARENT]),
  inbound_http_errors_total: counter(['error']),
  outbound_http_errors_total: counter(['error']),
  inbound_tcp_errors_total: counter(['error']),
  outbound_tcp_errors_total: counter(['error']),
  control_identity_cert_expiration_timestamp_seconds: gauge([]),
  control_identity_cert_refresh_timestamp_seconds: gauge([]),
  control_identity_cert_refreshes_total: counter(['result']),
  proxy_build_info: gauge(['date', 'git_sha', 'profile', 'vendor', 'version']),
  process_start_time_seconds: gauge([]),
  process_clock_time_seconds: gauge([]),
  process_uptime_seconds_total: counter([]),
  process_cpu_seconds_total: counter([]),
  process_virtual_memory_bytes: gauge([]),
  process_resident_memory_bytes: gauge([]),
  process_open_fds: gauge([]),
  process_max_fds: gauge([]),
  process_network_receive_bytes_total: counter([]),
  process_network_transmit_bytes_total: counter([]),
  process_threads: gauge([]),
  opentelemetry_span_exports: counter([]),
  opentelemetry_span_export_requests: counter([]),
  outbound_http_balancer_endpoints: gauge(['endpoint_state', ...PARENT, ...BACKEND]),
  outbound_http_balancer_p2c_endpoints: gauge([...PARENT, ...BACKEND]),
  outbound_http_balancer_p2c_updates_total: counter(['op', ...PARENT, ...BACKEND]),
  outbound_http_balancer_queue_length: gauge([...PARENT, ...BACKEND]),
  outbound_http_balancer_queue_requests_total: counter([...PARENT, ...BACKEND]),
  outbound_http_balancer_queue_latency_seconds: histogram(QUEUE, [...PARENT, ...BACKEND]),
  ...newer('http'),
  ...newer('grpc'),
};

/** Labels of these that this proxy leaves out. */
export const LINKERD_LABELS_LEFT_OUT: Readonly<Record<string, string>> = {
  dst_control_plane_ns: 'there is one control plane',
  dst_pod_template_hash: 'a workload is known by its own name, not by its current revision',
  dst_zone_locality: 'zones are compared where endpoints are picked',
};

/** Families that it leaves out, by the beginning of their names. */
export const LINKERD_LEFT_OUT: Readonly<Record<string, string>> = {
  tokio_rt_: 'there is no Tokio; the turns of the event loop are measured by `npm run bench -- turns`',
  stack_: 'there are no towers of services; a stage is a call',
  rustls_info: 'TLS is the runtime’s: 1.3 only, its suites can’t be chosen',
  control_request_total: 'the control link is no HTTP; `sidelight_control_*` counts its connections and messages',
  control_response_: 'as before',
  control_destination_: 'one link serves identity, discovery and policy; `sidelight_control_*`',
  control_identity_balancer_: 'as before',
  control_policy_: 'as before',
  control_dns_resolutions: 'addresses come with the orders; the proxy resolves no names',
  opentelemetry_span_export_streams: 'spans go by requests over HTTP, there are no streams',
  inbound_tcp_transport_header_connections: 'the hop is CONNECT, without Linkerd’s transport header',
  outbound_http_route_request_frame_size_bytes: 'a frame here is what one read of the runtime gave; bytes are in `tcp_*_bytes_total` and in the windows',
  outbound_http_route_backend_response_frame_size_bytes: 'as before',
  inbound_http_request_frame_size_bytes: 'as before',
  inbound_http_response_frame_size_bytes: 'as before',
  outbound_tcp_transfer_cost_bytes: 'zones have no prices here',
  outbound_http_balancer_queue_gate_: 'failing fast is counted in `sidelight_failfast_outbound_total`; whether endpoints are ready is in `outbound_http_balancer_endpoints`',
};

/** The README's table of what is left out. */
export function leftOutTable(): string {
  const rows = Object.entries({ ...LINKERD_LEFT_OUT, ...LINKERD_LABELS_LEFT_OUT }).map(([name, reason]) => `| \`${name}${name.endsWith('_') ? '…' : ''}\` | ${reason} |`);
  return ['| left out | why |', '|---|---|', ...rows].join('\n');
}
