/** What exists in the mesh, as a platform tells it: services, workloads with their instances, and who serves what. */
import type { Identity, ServiceKey, WorkloadKey } from '../../proxy/wire/labels.ts';
import { type Endpoint, type InboundPolicy, OPAQUE_PORTS, type PortProtocol, type SocketAddress } from '../../proxy/wire/orders.ts';
import type { ServicePolicy } from '../../proxy/wire/policy.ts';
import type { TelemetryOrders } from '../../proxy/wire/telemetry.ts';
import { Keyed } from './keyed.ts';

export interface MeshService {
  readonly key: ServiceKey;
  readonly ports: readonly { readonly port: number; readonly protocol: PortProtocol }[];
  /** IP addresses under which transparent callers dial it, in the form of `formatIp`; absent: none. */
  readonly addresses?: readonly string[];
  /** What it asks of its callers' proxies; absent: nothing. */
  readonly policy?: ServicePolicy;
}

/** A port of a service as one instance serves it. */
export interface ServedPort {
  readonly service: ServiceKey;
  /** The service's port. */
  readonly port: number;
  /** Where the app listens. */
  readonly target: SocketAddress;
  /** Plain-text listener for callers outside the mesh, or null. */
  readonly plain: SocketAddress | null;
  /** False: callers are not sent there now, and what still comes is taken. Absent: true. */
  readonly ready?: boolean;
  /** Whose callers should use it; absent: the instance's zone. */
  readonly zone?: string;
}

/** A service that an instance calls through a listener of its sidecar. */
export interface Upstream {
  readonly service: ServiceKey;
  readonly port: number;
  readonly listen: SocketAddress;
}

/** An instance whose connections the kernel sends through its sidecar. */
export interface TransparentInstance {
  /** Its own IP addresses, in the form of `formatIp`; nobody else has them. */
  readonly addresses: readonly string[];
  readonly outboundPort: number;
  readonly plainPort: number;
  /** Ports of the sidecar besides its listeners: admin and tap. */
  readonly ownPorts: readonly number[];
}

export interface MeshInstance {
  readonly name: string;
  /** The sidecar's mTLS listener; null for an instance without one. */
  readonly mesh: SocketAddress | null;
  readonly ports: readonly ServedPort[];
  readonly upstreams: readonly Upstream[];
  /** Of its sidecar, where it isn't the workload's: while a rollout changes the service account. */
  readonly identity?: Identity;
  /** True: its sidecar was never ready. It gets orders, and callers dial the instance as one without a sidecar. */
  readonly starting?: boolean;
  /** Absent: explicit listeners only. One without a sidecar may have it for its addresses, under which it is known. */
  readonly transparent?: TransparentInstance;
  /** Where it runs; absent: in no zone. */
  readonly zone?: string;
  /** Its share beside the other endpoints', which have 1 when it is absent. */
  readonly weight?: number;
}

export interface MeshWorkload {
  readonly key: WorkloadKey;
  readonly namespace: string;
  readonly name: string;
  readonly serviceAccount: string;
  readonly identity: Identity;
  readonly inboundPolicy: InboundPolicy;
  /** Access log and traces of its proxies; absent: as they are started. */
  readonly telemetry?: TelemetryOrders;
  readonly instances: readonly MeshInstance[];
}

const portKey = (service: ServiceKey, port: number): string => `${service}:${port}`;

export class Inventory {
  readonly services = new Keyed<MeshService>((service) => service.key);
  readonly workloads = new Keyed<MeshWorkload>((workload) => workload.key);

  /** Makes this the whole content; false when nothing changed. */
  reset(services: readonly MeshService[], workloads: readonly MeshWorkload[]): boolean {
    const servicesChanged = this.services.reset(services);
    return this.workloads.reset(workloads) || servicesChanged;
  }

  /** The protocol of a service's port, or null when there is no such port. */
  protocolOf(service: ServiceKey, port: number): PortProtocol | null {
    const protocol = this.services.get(service)?.ports.find((entry) => entry.port === port)?.protocol ?? null;
    // Here and not in the proxies, so that both ends of a hop get the same.
    return protocol === 'detect' && OPAQUE_PORTS.includes(port) ? 'opaque' : protocol;
  }

  /** What a service asks of its callers' proxies; empty when that is nothing. */
  policyOf(service: ServiceKey): { readonly policy?: ServicePolicy } {
    const policy = this.services.get(service)?.policy;
    return policy === undefined ? {} : { policy };
  }

  /** Who serves which port of which service, by `namespace/name:port`, sorted by workload and instance. */
  endpoints(): ReadonlyMap<string, readonly Endpoint[]> {
    const index = new Map<string, Endpoint[]>();
    for (const workload of this.workloads.list()) {
      for (const instance of workload.instances) addEndpoints(index, workload, instance);
    }
    return index;
  }
}

function addEndpoints(index: Map<string, Endpoint[]>, workload: MeshWorkload, instance: MeshInstance): void {
  const mesh = meshOf(workload, instance);
  for (const { service, port, target, ready, zone } of instance.ports) {
    if (ready === false) continue;
    const key = portKey(service, port);
    const endpoint: Endpoint = { address: target, workload: workload.key, instance: instance.name, mesh, ...placeOf(zone === undefined ? instance : { ...instance, zone }) };
    const known = index.get(key);
    if (known) known.push(endpoint);
    else index.set(key, [endpoint]);
  }
}

/** How an instance's sidecar is dialled, or null where it is dialled directly. */
export function meshOf(workload: MeshWorkload, { mesh, identity, starting }: MeshInstance): Endpoint['mesh'] {
  return mesh === null || starting === true ? null : { address: mesh, identity: identity ?? workload.identity };
}

/** The identity that an instance of a workload must prove; of a name that isn't known the workload's. */
export function expectedIdentity(workload: MeshWorkload, instanceName: string): Identity {
  return workload.instances.find(({ name }) => name === instanceName)?.identity ?? workload.identity;
}

/** Zone and weight as far as they are known. */
function placeOf({ zone, weight }: MeshInstance): Pick<Endpoint, 'zone' | 'weight'> {
  return { ...(zone === undefined ? {} : { zone }), ...(weight === undefined ? {} : { weight }) };
}

/** The endpoints of one port in the index that `Inventory.endpoints` made. */
export function endpointsOf(index: ReadonlyMap<string, readonly Endpoint[]>, service: ServiceKey, port: number): readonly Endpoint[] {
  return index.get(portKey(service, port)) ?? [];
}
