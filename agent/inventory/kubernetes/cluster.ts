/**
 * From a cluster's objects, one change at a time, to the inventory of the mesh. Pure: watches bring the objects, in any
 * order; `settle` works out what follows from all changes since the last one.
 */
import { identityOf, type ServiceKey, type WorkloadKey } from '../../../proxy/wire/labels.ts';
import type { InboundPolicy } from '../../../proxy/wire/orders.ts';
import type { Inventory, MeshInstance, MeshService, MeshWorkload, ServedPort } from '../inventory.ts';
import { GroupedKeys } from './grouped.ts';
import { controllerOf, type KubeEndpointSlice, type KubeObject, type KubePod, type KubeService, type OwnerReference } from './objects.ts';
import { type PodFacts, readInboundPolicy, readPod } from './pod.ts';
import { protocolOf, readService, readSlice, type EndpointFacts, type ServiceFacts, type SliceFacts } from './service.ts';

/** Node label of the zone. */
const ZONE_LABEL = 'topology.kubernetes.io/zone';

export interface ClusterNames {
  readonly trustDomain: string;
  /** Name of the sidecar's container. */
  readonly sidecar: string;
  readonly inboundPolicyAnnotation: string;
  readonly opaquePortsAnnotation: string;
  readonly ports: { readonly outbound: number; readonly plain: number; readonly mesh: number; readonly own: readonly number[] };
}

/** A change of one object; `object` null: it is gone. Keys are `namespace/name`, without a namespace `/name`. */
export type ClusterChange =
  | { readonly kind: 'namespace' | 'node' | 'replicaset' | 'job'; readonly key: string; readonly object: KubeObject | null }
  | { readonly kind: 'service'; readonly key: string; readonly object: KubeService | null }
  | { readonly kind: 'slice'; readonly key: string; readonly object: KubeEndpointSlice | null }
  | { readonly kind: 'pod'; readonly key: string; readonly object: KubePod | null };

/** What `settle` has looked at anew: no other service, workload or proxy is concerned by the changes. */
export interface Settled {
  readonly services: readonly ServiceKey[];
  readonly workloads: readonly WorkloadKey[];
  /** The inventory is another than before. */
  readonly changed: boolean;
}

/** Who serves a slice's endpoint: a pod by its key, or an address behind a Service that has no pod. */
type Server = { readonly kind: 'pod'; readonly key: string } | { readonly kind: 'address'; readonly workload: WorkloadKey };

export class Cluster {
  readonly #names: ClusterNames;
  readonly #inventory: Inventory;
  readonly #namespaces = new Map<string, Readonly<Record<string, string>>>();
  readonly #zones = new Map<string, string>();
  readonly #services = new Map<string, ServiceFacts>();
  readonly #slices = new Map<string, SliceFacts>();
  readonly #pods = new Map<string, PodFacts>();
  /** Of ReplicaSets and Jobs by `namespace/kind/name`: who controls them. */
  readonly #owners = new Map<string, OwnerReference | null>();
  readonly #podsOfOwner = new GroupedKeys();
  readonly #podsOfNode = new GroupedKeys();
  readonly #podsOfWorkload = new GroupedKeys();
  readonly #slicesOfService = new GroupedKeys();
  readonly #slicesOfPod = new GroupedKeys();
  readonly #slicesOfAddresses = new GroupedKeys();
  readonly #dirtyServices = new Set<ServiceKey>();
  readonly #dirtyWorkloads = new Set<WorkloadKey>();

  constructor(inventory: Inventory, names: ClusterNames) {
    this.#inventory = inventory;
    this.#names = names;
  }

  apply(change: ClusterChange): void {
    switch (change.kind) {
      case 'namespace':
        return this.#namespace(change.key, change.object?.metadata?.annotations ?? {});
      case 'node':
        return this.#node(change.key, change.object?.metadata?.labels?.[ZONE_LABEL]);
      case 'replicaset':
      case 'job':
        return this.#owner(change.kind, change.key, change.object);
      case 'service':
        return this.#service(change.key, change.object && readService(change.object, this.#names.opaquePortsAnnotation));
      case 'slice':
        return this.#slice(change.key, change.object && readSlice(change.object));
      case 'pod':
        return this.#pod(change.key, change.object && readPod(change.object, { sidecar: this.#names.sidecar, inboundPolicy: this.#names.inboundPolicyAnnotation }));
      default:
        return change satisfies never;
    }
  }

  /** Brings the inventory up to date. */
  settle(): Settled {
    const services = [...this.#dirtyServices].sort();
    const workloads = [...this.#dirtyWorkloads].sort();
    this.#dirtyServices.clear();
    this.#dirtyWorkloads.clear();
    const { services: serviceItems, workloads: workloadItems } = this.#inventory;
    const putService = (key: string): boolean => {
      const service = this.#services.get(key);
      return service === undefined ? serviceItems.delete(key) : serviceItems.apply(this.#meshService(service));
    };
    const putWorkload = (key: string): boolean => {
      const workload = this.#meshWorkload(key);
      return workload === null ? workloadItems.delete(key) : workloadItems.apply(workload);
    };
    const changed = [...services.map(putService), ...workloads.map(putWorkload)].includes(true);
    return { services, workloads, changed };
  }

  /** The workload and service account of a pod by `namespace/name`, or null for one that isn't known or has ended. */
  podOwner(key: string): { readonly workload: WorkloadKey; readonly serviceAccount: string } | null {
    const pod = this.#pods.get(key);
    return pod === undefined || pod.over ? null : { workload: this.#workloadOf(pod), serviceAccount: pod.serviceAccount };
  }

  /** Namespaces with at least one pod that has a sidecar: there the trust bundle is needed. */
  meshedNamespaces(): ReadonlySet<string> {
    return new Set([...this.#pods.values()].filter(({ sidecar, over }) => sidecar !== 'none' && !over).map(({ namespace }) => namespace));
  }

  #namespace(key: string, annotations: Readonly<Record<string, string>>): void {
    const name = key.slice(1);
    const before = this.#namespaces.get(name) ?? {};
    this.#namespaces.set(name, annotations);
    const { inboundPolicyAnnotation, opaquePortsAnnotation } = this.#names;
    if (before[opaquePortsAnnotation] !== annotations[opaquePortsAnnotation]) {
      for (const service of this.#services.values()) if (service.namespace === name) this.#touchService(service.key);
    }
    if (before[inboundPolicyAnnotation] !== annotations[inboundPolicyAnnotation]) {
      for (const pod of this.#pods.values()) if (pod.namespace === name) this.#touchPod(pod.key);
    }
  }

  #node(key: string, zone: string | undefined): void {
    const name = key.slice(1);
    if (this.#zones.get(name) === zone) return;
    if (zone === undefined) this.#zones.delete(name);
    else this.#zones.set(name, zone);
    for (const pod of this.#podsOfNode.of(name)) this.#touchPod(pod);
  }

  #owner(kind: 'replicaset' | 'job', key: string, object: KubeObject | null): void {
    const [namespace = '', name = ''] = key.split('/');
    const owner = `${namespace}/${kind}/${name}`;
    const moved = (change: () => void): void => {
      const pods = [...this.#podsOfOwner.of(owner)].flatMap((pod) => this.#pods.get(pod) ?? []);
      for (const pod of pods) this.#leaveWorkload(pod);
      change();
      for (const pod of pods) this.#joinWorkload(pod);
    };
    if (object === null) return moved(() => this.#owners.delete(owner));
    const controller = controllerOf(object);
    const before = this.#owners.get(owner);
    if (before !== undefined && before?.kind === controller?.kind && before?.name === controller?.name) return;
    moved(() => this.#owners.set(owner, controller));
  }

  #service(key: string, service: ServiceFacts | null): void {
    if (service === null) this.#services.delete(key);
    else this.#services.set(key, service);
    this.#touchService(key);
  }

  #slice(key: string, slice: SliceFacts | null): void {
    const before = this.#slices.get(key);
    if (before !== undefined) {
      this.#slicesOfService.delete(before.service, key);
      this.#eachServer(before, (server) => {
        if (server.kind === 'pod') this.#slicesOfPod.delete(server.key, key);
        else this.#slicesOfAddresses.delete(server.workload, key);
      });
    }
    if (slice === null) this.#slices.delete(key);
    else {
      this.#slices.set(key, slice);
      this.#slicesOfService.add(slice.service, key);
      this.#eachServer(slice, (server) => {
        if (server.kind === 'pod') this.#slicesOfPod.add(server.key, key);
        else this.#slicesOfAddresses.add(server.workload, key);
      });
    }
    for (const touched of [before, slice]) if (touched) this.#touchSlice(touched);
  }

  #pod(key: string, pod: PodFacts | null): void {
    const before = this.#pods.get(key);
    if (before !== undefined) {
      this.#leaveWorkload(before);
      this.#podsOfNode.delete(before.node, key);
      this.#podsOfOwner.delete(ownerKey(before), key);
    }
    if (pod === null) {
      this.#pods.delete(key);
      return;
    }
    this.#pods.set(key, pod);
    this.#podsOfNode.add(pod.node, key);
    this.#podsOfOwner.add(ownerKey(pod), key);
    this.#joinWorkload(pod);
  }

  #leaveWorkload(pod: PodFacts): void {
    const workload = this.#workloadOf(pod);
    this.#podsOfWorkload.delete(workload, pod.key);
    this.#dirtyWorkloads.add(workload);
  }

  #joinWorkload(pod: PodFacts): void {
    const workload = this.#workloadOf(pod);
    this.#podsOfWorkload.add(workload, pod.key);
    this.#dirtyWorkloads.add(workload);
  }

  #touchPod(key: string): void {
    const pod = this.#pods.get(key);
    if (pod !== undefined) this.#dirtyWorkloads.add(this.#workloadOf(pod));
  }

  /** Who serves it is told of its ports anew. */
  #touchService(key: string): void {
    this.#dirtyServices.add(key);
    for (const slice of this.#slicesOfService.of(key)) this.#touchSlice(this.#slices.get(slice));
  }

  #touchSlice(slice: SliceFacts | undefined): void {
    if (slice === undefined) return;
    this.#dirtyServices.add(slice.service);
    this.#eachServer(slice, (server) => {
      if (server.kind === 'pod') this.#touchPod(server.key);
      else this.#dirtyWorkloads.add(server.workload);
    });
  }

  #eachServer(slice: SliceFacts, visit: (server: Server) => void): void {
    for (const { pod } of slice.endpoints) visit(pod === null ? { kind: 'address', workload: addressesKey(slice.service) } : { kind: 'pod', key: pod });
  }

  /** `namespace/kind/name` of what a person has written: a Deployment, not its ReplicaSet; a CronJob, not its Job. */
  #workloadOf(pod: PodFacts): WorkloadKey {
    const { namespace, owner, name } = pod;
    // The node owns its static pods, and is no workload.
    if (owner === null || owner.kind === 'Node') return `${namespace}/pod/${name}`;
    const top = this.#owners.get(ownerKey(pod)) ?? owner;
    return `${namespace}/${top.kind.toLowerCase()}/${top.name}`;
  }

  #meshService(service: ServiceFacts): MeshService {
    const opaque = service.opaquePorts ?? this.#namespaces.get(service.namespace)?.[this.#names.opaquePortsAnnotation];
    const ports = service.ports.map((entry) => ({ port: entry.port, protocol: protocolOf(entry, opaque) }));
    return { key: service.key, ports, ...(service.addresses.length === 0 ? {} : { addresses: service.addresses }) };
  }

  #meshWorkload(key: WorkloadKey): MeshWorkload | null {
    const pods = [...this.#podsOfWorkload.of(key)].sort().flatMap((pod) => this.#pods.get(pod) ?? []).filter(({ over, addresses }) => !over && addresses.length > 0);
    const bare = this.#bareInstances(key);
    if (pods.length === 0 && bare.length === 0) return null;
    const [namespace = '', , name = ''] = key.split('/');
    // Of a rollout that changes the account the newer pods are no more special than the older: each says its own.
    const serviceAccount = pods[0]?.serviceAccount ?? '';
    const identity = identityOf(serviceAccount, namespace, this.#names.trustDomain);
    const instances = [...pods.map((pod) => this.#instance(pod, serviceAccount)), ...bare];
    return { key, namespace, name, serviceAccount, identity, inboundPolicy: this.#policyOf(namespace, pods), instances };
  }

  /** The strictest that one of its pods asks for. */
  #policyOf(namespace: string, pods: readonly PodFacts[]): InboundPolicy {
    const ofNamespace = readInboundPolicy(this.#namespaces.get(namespace)?.[this.#names.inboundPolicyAnnotation]) ?? 'all-unauthenticated';
    return pods.some(({ inboundPolicy }) => (inboundPolicy ?? ofNamespace) === 'all-authenticated') ? 'all-authenticated' : 'all-unauthenticated';
  }

  #instance(pod: PodFacts, serviceAccount: string): MeshInstance {
    const { ports: { outbound, plain, mesh, own }, trustDomain } = this.#names;
    const zone = this.#zones.get(pod.node);
    const [host = ''] = pod.addresses;
    // On the node's network an address is everybody's: nobody is known by it, and nothing is redirected.
    const isMeshed = pod.sidecar !== 'none' && !pod.hostNetwork;
    return {
      name: pod.name,
      mesh: isMeshed ? { host, port: mesh } : null,
      ports: this.#servedBy(pod.key),
      upstreams: [],
      ...(pod.serviceAccount === serviceAccount ? {} : { identity: identityOf(pod.serviceAccount, pod.namespace, trustDomain) }),
      ...(isMeshed && pod.sidecar === 'starting' ? { starting: true } : {}),
      ...(pod.hostNetwork ? {} : { transparent: { addresses: pod.addresses, outboundPort: outbound, plainPort: plain, ownPorts: own } }),
      ...(zone === undefined ? {} : { zone }),
    };
  }

  #servedBy(pod: string): ServedPort[] {
    return this.#slicesIn(this.#slicesOfPod.of(pod)).flatMap((slice) => slice.endpoints.filter((endpoint) => endpoint.pod === pod).flatMap((endpoint) => this.#servedPorts(slice, endpoint)));
  }

  /** What is behind a Service without being a pod, an instance an address. */
  #bareInstances(workload: WorkloadKey): MeshInstance[] {
    const byAddress = new Map<string, ServedPort[]>();
    for (const slice of this.#slicesIn(this.#slicesOfAddresses.of(workload))) {
      for (const endpoint of slice.endpoints) {
        if (endpoint.pod !== null) continue;
        byAddress.set(endpoint.address, [...(byAddress.get(endpoint.address) ?? []), ...this.#servedPorts(slice, endpoint)]);
      }
    }
    return [...byAddress].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, ports]) => ({ name, mesh: null, ports, upstreams: [] }));
  }

  #slicesIn(keys: Iterable<string>): SliceFacts[] {
    return [...keys].sort().flatMap((key) => this.#slices.get(key) ?? []);
  }

  #servedPorts({ service, ports }: SliceFacts, { address, ready, zone }: EndpointFacts): ServedPort[] {
    const known = this.#services.get(service)?.ports ?? [];
    return ports.flatMap(({ name, port: targetPort }) =>
      known.filter((entry) => entry.name === name).map(({ port }) => ({
        service, port, target: { host: address, port: targetPort }, plain: null,
        ...(ready ? {} : { ready: false }),
        ...(zone === undefined ? {} : { zone }),
      })));
  }
}

/** Addresses behind a Service that are no pods count as one workload. */
function addressesKey(service: string): WorkloadKey {
  const [namespace = '', name = ''] = service.split('/');
  return `${namespace}/endpoints/${name}`;
}

function ownerKey({ namespace, owner }: PodFacts): string {
  return owner === null ? '' : `${namespace}/${owner.kind.toLowerCase()}/${owner.name}`;
}

