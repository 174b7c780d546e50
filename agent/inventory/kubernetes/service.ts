/** What the mesh takes from a Service and its EndpointSlices. Pure. */
import { canonicalIp } from '../../../proxy/wire/ip.ts';
import type { PortProtocol } from '../../../proxy/wire/orders.ts';
import { type KubeEndpoint, type KubeEndpointSlice, type KubeService, objectKey } from './objects.ts';

/** Label of a slice with the name of its Service. */
export const SERVICE_LABEL = 'kubernetes.io/service-name';

export interface ServicePortFacts {
  /** Empty for the only port. */
  readonly name: string;
  readonly port: number;
  readonly appProtocol: string | undefined;
}

export interface ServiceFacts {
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  /** ClusterIPs in the form of `formatIp`; none of a headless Service, whose `None` is no address. */
  readonly addresses: readonly string[];
  /** TCP ports only. */
  readonly ports: readonly ServicePortFacts[];
  /** Text of its own annotation; undefined: the namespace's counts. */
  readonly opaquePorts: string | undefined;
}

export interface SliceFacts {
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  /** `namespace/name` of the Service. */
  readonly service: string;
  readonly ports: readonly { readonly name: string; readonly port: number }[];
  readonly endpoints: readonly EndpointFacts[];
}

export interface EndpointFacts {
  readonly address: string;
  readonly ready: boolean;
  /** `namespace/name`; null where no pod is behind it. */
  readonly pod: string | null;
  /** Whose callers should use it: of the hint, else where it is; undefined: anyone's. */
  readonly zone: string | undefined;
}

/** `opaqueAnnotation` is the name of the annotation. Null for an alias of an outside name, which has no endpoints. */
export function readService(service: KubeService, opaqueAnnotation: string): ServiceFacts | null {
  const { metadata, spec } = service;
  if (spec?.type === 'ExternalName') return null;
  const addresses = spec?.clusterIPs ?? (spec?.clusterIP ? [spec.clusterIP] : []);
  return {
    key: objectKey(service),
    namespace: metadata?.namespace ?? '',
    addresses: addresses.flatMap((address) => canonicalIp(address) ?? []),
    ports: (spec?.ports ?? []).filter(isTcp).map(({ name = '', port, appProtocol }) => ({ name, port, appProtocol })),
    opaquePorts: metadata?.annotations?.[opaqueAnnotation],
  };
}

/** Null for a slice of names, or of no Service. */
export function readSlice(slice: KubeEndpointSlice): SliceFacts | null {
  const namespace = slice.metadata?.namespace ?? '';
  const name = slice.metadata?.labels?.[SERVICE_LABEL];
  if (name === undefined || slice.addressType === 'FQDN') return null;
  const ports = (slice.ports ?? []).filter(isTcp).flatMap(({ name: portName = '', port }) => (port === undefined ? [] : [{ name: portName, port }]));
  return { key: objectKey(slice), namespace, service: `${namespace}/${name}`, ports, endpoints: (slice.endpoints ?? []).flatMap((endpoint) => readEndpoint(endpoint, namespace)) };
}

function readEndpoint({ addresses, conditions, zone, hints, targetRef }: KubeEndpoint, namespace: string): EndpointFacts[] {
  const address = canonicalIp(addresses[0] ?? '');
  if (address === null) return [];
  const pod = targetRef?.kind === 'Pod' && targetRef.name !== undefined ? `${targetRef.namespace ?? namespace}/${targetRef.name}` : null;
  return [{ address, ready: conditions?.ready ?? true, pod, zone: hints?.forZones?.[0]?.name ?? zone }];
}

function isTcp({ protocol }: { readonly protocol?: string }): boolean {
  return protocol === undefined || protocol === 'TCP';
}

/** Of the values of `appProtocol` that say for certain; Kubernetes' own, Linkerd's and ours. With any other the first bytes decide. */
const APP_PROTOCOLS: ReadonlyMap<string, PortProtocol> = new Map([
  ['http', 'http1'],
  ['kubernetes.io/ws', 'http1'],
  ['kubernetes.io/h2c', 'http2'],
  ['grpc', 'http2'],
  ['tcp', 'opaque'],
  ['linkerd.io/opaque', 'opaque'],
  ['linkerd.io/tcp', 'opaque'],
  ['sidelight.dev/opaque', 'opaque'],
]);

/** How a port is spoken; `opaquePorts` is the annotation's text, which goes before `appProtocol`. */
export function protocolOf({ name, port, appProtocol }: ServicePortFacts, opaquePorts: string | undefined): PortProtocol {
  if (opaquePorts !== undefined && listsPort(opaquePorts, port, name)) return 'opaque';
  return APP_PROTOCOLS.get(appProtocol?.toLowerCase() ?? '') ?? 'detect';
}

/** Whether `25,5432,8000-8010,db` lists a port by number, range or name. What can't be read lists none. */
export function listsPort(text: string, port: number, name: string): boolean {
  return text.split(',').some((part) => {
    const entry = part.trim();
    const [, from, to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(entry) ?? [];
    return from === undefined ? entry !== '' && entry === name : Number(from) <= port && port <= Number(to);
  });
}
