/** Which labels a series has: linkerd2-proxy's names, in its order. Pure. */
import type { TlsState } from '../wire/labels.ts';
import type { SocketAddress } from '../wire/orders.ts';
import type { LabelledSeries, TransportSeries } from './cumulative.ts';
import { labelText, type Labels } from './exposition.ts';
import { parseWorkloadKey, serviceParts } from './names.ts';
import type { ParentKey } from './parents.ts';
import type { EdgeFacts } from './recorder.ts';

const NONE: Labels = [];
/** Policies that no resource declares are of this kind. */
const DEFAULT_ROUTE: Labels = [['route_group', ''], ['route_kind', 'default'], ['route_name', 'default']];

function targetLabels(target: SocketAddress | undefined): Labels {
  if (target === undefined) return NONE;
  const { host, port } = target;
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return [['target_addr', address], ['target_ip', host], ['target_port', port]];
}

type NoTls = 'no_tls_from_remote' | 'not_provided_by_service_discovery' | 'loopback';

function tlsLabels(tls: TlsState, reason: NoTls, peerLabel: 'client_id' | 'server_id', peer: string | undefined): Labels {
  if (tls === 'plain') return [['tls', 'no_identity'], ['no_tls_reason', reason]];
  return peer === undefined ? [['tls', 'true']] : [['tls', 'true'], [peerLabel, peer]];
}

/** Why the hop is plain: what stands at this end of it decides. */
function tlsOf(direction: 'inbound' | 'outbound', tls: TlsState, peer: string | undefined): Labels {
  return direction === 'inbound' ? tlsLabels(tls, 'no_tls_from_remote', 'client_id', peer) : tlsLabels(tls, 'not_provided_by_service_discovery', 'server_id', peer);
}

function serverLabels(policy: string, port: number | undefined): Labels {
  return [['srv_group', ''], ['srv_kind', 'default'], ['srv_name', policy], ['srv_port', port ?? '']];
}

function authorizationLabels(policy: string): Labels {
  return [['authz_group', ''], ['authz_kind', 'default'], ['authz_name', policy]];
}

function authorityOf(service: string, port: number | undefined): string {
  const { namespace, name } = serviceParts(service);
  const host = namespace === '' ? name : `${name}.${namespace}.svc.cluster.local`;
  return port === undefined ? host : `${host}:${port}`;
}

/** `dst_deployment` and its like carry the workload's name; jobs have linkerd2-proxy's `dst_k8s_job`. */
function destinationLabels(service: string, destination: string, { peer, instance, zone }: EdgeFacts): Labels {
  const { namespace, name } = serviceParts(service);
  const workload = parseWorkloadKey(destination);
  const kind = workload?.kind === 'job' ? 'k8s_job' : workload?.kind.replaceAll(/[^a-z0-9_]/g, '_');
  const labels: [string, string][] = [['dst_namespace', workload?.namespace ?? namespace], ['dst_service', name]];
  if (workload !== null) labels.push([`dst_${kind}`, workload.name]);
  if (instance !== undefined) labels.push(['dst_pod', instance]);
  if (peer !== undefined) labels.push(['dst_serviceaccount', peer.split('.')[0] ?? '']);
  if (zone !== undefined) labels.push(['dst_zone', zone]);
  return labels;
}

/** Labels of `request_total` and all that is counted beside it, kept on the series while the policy is the same. */
export function seriesLabels(series: LabelledSeries, policy: string): string {
  if (series.labels?.policy !== policy) series.labels = { policy, text: labelText(makeSeriesLabels(series, policy)) };
  return series.labels.text;
}

function makeSeriesLabels({ key, facts }: LabelledSeries, policy: string): Labels {
  const target = targetLabels(facts.target);
  const tls = tlsOf(key.direction, key.tls, facts.peer);
  if (key.direction === 'outbound') {
    return [['direction', 'outbound'], ['authority', authorityOf(key.service, facts.port)], ...target, ...tls, ...destinationLabels(key.service, key.destination, facts)];
  }
  return [['direction', 'inbound'], ...target, ...tls, ...serverLabels(policy, facts.target?.port), ...DEFAULT_ROUTE, ...authorizationLabels(policy)];
}

/** Labels of the authorization counters; who was denied has no authorization. */
export function authzLabels({ key, facts }: LabelledSeries, policy: string, allowed: boolean): string {
  const target = targetLabels(facts.target);
  const authz = allowed ? authorizationLabels(policy) : NONE;
  return labelText([...target, ...serverLabels(policy, facts.target?.port), ...DEFAULT_ROUTE, ...authz, ...tlsOf('inbound', key.tls, facts.peer)]);
}

/** The same for opaque connections, which have no routes. */
export function tcpAuthzLabels({ key, facts }: LabelledSeries, policy: string): string {
  return labelText([...targetLabels(facts.target), ...serverLabels(policy, facts.target?.port), ...authorizationLabels(policy), ...tlsOf('inbound', key.tls, facts.peer)]);
}

/**
 * Labels of transport connections. `src` outbound is the app behind this proxy and `dst` inbound the same: loopback, and
 * never TLS. Without facts only that is known.
 */
export function transportLabels({ direction, peer, facts }: Pick<TransportSeries, 'direction' | 'peer' | 'facts'>, policy: string): string {
  const ends: Labels = [['direction', direction], ['peer', peer]];
  const local = (direction === 'outbound') === (peer === 'src');
  if (local) return labelText([...ends, ...(peer === 'src' ? targetLabels(facts?.target) : NONE), ...tlsLabels('plain', 'loopback', 'client_id', undefined)]);
  if (facts === null) return labelText(ends);
  const target = targetLabels(facts.target);
  const tls = tlsOf(direction, facts.tls, facts.peer);
  if (direction === 'inbound') return labelText([...ends, ...target, ...tls, ...serverLabels(policy, facts.target?.port)]);
  // One link between proxies carries all services of an endpoint.
  if (facts.service === undefined) return labelText([...ends, ...target, ...tls]);
  return labelText([...ends, ['authority', authorityOf(facts.service, facts.port)], ...target, ...tls, ...destinationLabels(facts.service, facts.destination ?? '', facts)]);
}

function parentLabels({ service, port }: Pick<ParentKey, 'service' | 'port'>): Labels {
  const { namespace, name } = serviceParts(service);
  return [['parent_group', 'core'], ['parent_kind', 'Service'], ['parent_namespace', namespace], ['parent_name', name], ['parent_port', port], ['parent_section_name', '']];
}

function backendLabels({ service, port }: ParentKey): Labels {
  const { namespace, name } = serviceParts(service);
  return [['backend_group', 'core'], ['backend_kind', 'Service'], ['backend_namespace', namespace], ['backend_name', name], ['backend_port', port], ['backend_section_name', '']];
}

function routeLabels({ grpc }: ParentKey): Labels {
  return [['route_group', ''], ['route_kind', 'default'], ['route_namespace', ''], ['route_name', grpc ? 'grpc' : 'http']];
}

/** Labels of a service as a parent, and of a port with its policy. */
export function parentText({ service, port }: { readonly service: string; readonly port: number }): string {
  return labelText(parentLabels({ service, port }));
}

export function serverText(policy: string, port: number): string {
  return labelText(serverLabels(policy, port));
}

/** The label sets of one parent, as its families need them. */
export interface ParentLabels {
  /** `outbound_{http,grpc}_route_*` without, and for HTTP with, `hostname`; its value stays empty to stay bounded. */
  readonly route: string;
  readonly retry: string;
  readonly backend: string;
  readonly balancer: string;
  /** `inbound_{http,grpc}_*`. */
  readonly inbound: string;
}

/** Those of linkerd2-proxy for a service with its default route, or for a port with its default policy. */
export function labelsOfParent(key: ParentKey, policy: string): ParentLabels {
  const parent = parentLabels(key);
  const route = [...parent, ...routeLabels(key)];
  return {
    route: labelText(key.grpc ? route : [...route, ['hostname', '']]),
    retry: labelText(route),
    backend: labelText([...route, ...backendLabels(key)]),
    balancer: labelText([...parent, ...backendLabels(key)]),
    inbound: labelText([['parent_group', ''], ['parent_kind', 'default'], ['parent_name', policy], ['parent_port', key.port], ...DEFAULT_ROUTE]),
  };
}

/** Labels of `route_*`: the service and one template of its paths. */
export function templateLabels(direction: string, service: string, port: number, template: string): string {
  return labelText([['direction', direction], ['dst', authorityOf(service, port === 0 ? undefined : port)], ['rt_route', template]]);
}
