/** What a mesh file's parts say about each other. */
import type { ServiceKey } from '../../../proxy/wire/labels.ts';
import type { SocketAddress } from '../../../proxy/wire/orders.ts';
import { formatAddress, isLoopback, isWildcard } from './address.ts';
import type { FaultList, Path } from './faults.ts';
import type { Draft, Placed, PlacedInstance } from './mesh-file.ts';

export function crossCheck(draft: Draft, list: FaultList): void {
  checkDuplicates(draft, list);
  const services = protocolsOf(draft.services);
  for (const workload of draft.workloads) {
    for (const instance of workload.instances) {
      for (const use of [...instance.ports, ...instance.upstreams]) checkReference(use, services, draft.named, list);
      checkSidecar(instance, list);
      checkSharedTargets(instance, services, list);
      checkTransparent(instance, list);
    }
  }
  checkClashes(draft, list);
  checkOwners(draft, list);
}

/** Streams are delivered to a transparent workload's own addresses, never to loopback, and its callers dial them. */
function checkTransparent({ name, mesh, transparent, ports, path }: PlacedInstance, list: FaultList): void {
  if (transparent === undefined) return;
  if (mesh === null) list.add('mesh_sidecar_missing', [...path, 'transparent'], `the instance ${name} has no sidecar to be redirected to`);
  const own = new Set(transparent.addresses);
  const foreign = [...(mesh ? [{ address: mesh, at: [...path, 'mesh'] }] : []), ...ports.map(({ target, path: at }) => ({ address: target, at: [...at, 'target'] }))];
  for (const { address, at } of foreign) {
    if (!own.has(address.host)) list.add('mesh_address_not_own', at, `${formatAddress(address)} is none of the instance's own addresses (${transparent.addresses.join(', ')})`);
  }
}

interface Owned {
  readonly what: string;
  readonly host: string;
  /** Null: all ports of the address. */
  readonly port: number | null;
  readonly path: Path;
}

/** The address that was dialled decides where a connection goes, so it must lead to one place. */
function checkOwners(draft: Draft, list: FaultList): void {
  const instances = draft.workloads.flatMap((workload) => workload.instances.map((instance) => ({ instance, what: `the instance ${instance.name} of ${workload.key}` })));
  const owned: Owned[] = [
    ...instances.flatMap(({ instance, what }) => (instance.transparent?.addresses ?? []).map((host, at): Owned => ({ what, host, port: null, path: [...instance.path, 'transparent', 'addresses', at] }))),
    ...draft.services.flatMap(({ key, ports, addresses = [], path }) => addresses.flatMap((host, at) => ports.map(({ port }): Owned => ({ what: `the service ${key}`, host, port, path: [...path, 'addresses', at] })))),
  ];
  for (const [host, sharing] of Map.groupBy(owned, (one) => one.host)) {
    for (const [at, later] of sharing.entries()) {
      const other = sharing.slice(0, at).find((earlier) => earlier.port === null || later.port === null || earlier.port === later.port);
      if (other) list.add('mesh_address_clash', later.path, `${host} of ${later.what} is the address of ${other.what} in line ${list.placeOf(other.path).line}`);
    }
  }
}

type Protocols = ReadonlyMap<ServiceKey, ReadonlyMap<number, string>>;

/** Protocol by service and port; a service that stands twice has the ports of both. */
function protocolsOf(services: Draft['services']): Protocols {
  const byKey = Map.groupBy(services, ({ key }) => key);
  return new Map([...byKey].map(([key, same]) => [key, new Map(same.flatMap(({ ports }) => ports.map(({ port, protocol }) => [port, protocol])))]));
}

function checkDuplicates(draft: Draft, list: FaultList): void {
  unique(draft.services, (service) => service.key, 'service', list);
  for (const { ports, path } of draft.services) {
    unique(ports.map(({ port }, at) => ({ port, path: [...path, 'ports', at] })), ({ port }) => String(port), 'port', list);
  }
  unique(draft.workloads, (workload) => `${workload.namespace}/${workload.name}`, 'workload', list);
  for (const { instances } of draft.workloads) {
    unique(instances, (instance) => instance.name, 'instance', list);
    for (const { ports } of instances) unique(ports, ({ service, port }) => `${service}:${port}`, 'served port', list);
  }
}

function unique<T extends { readonly path: Path }>(items: readonly T[], nameOf: (item: T) => string, what: string, list: FaultList): void {
  const first = new Map<string, T>();
  for (const item of items) {
    const other = first.get(nameOf(item));
    if (!other) first.set(nameOf(item), item);
    else list.add('mesh_name_duplicate', item.path, `the ${what} ${nameOf(item)} is there already in line ${list.placeOf(other.path).line}`);
  }
}

function checkReference(
  use: Placed<{ readonly service: ServiceKey; readonly port: number }>,
  services: Protocols,
  named: ReadonlySet<ServiceKey>,
  list: FaultList,
): void {
  const ports = services.get(use.service);
  if (!ports && !named.has(use.service)) list.add('mesh_service_unknown', [...use.path, 'service'], `there is no service ${use.service}`);
  if (ports && !ports.has(use.port)) {
    const known = [...ports.keys()].join(', ');
    list.add('mesh_port_unknown', [...use.path, 'port'], `the service ${use.service} has no port ${use.port}, only ${known}`);
  }
}

function checkSidecar(instance: PlacedInstance, list: FaultList): void {
  for (const { listen, path } of instance.upstreams) {
    if (!isLoopback(listen.host)) list.add('mesh_listen_not_loopback', [...path, 'listen'], `${formatAddress(listen)} can be reached from outside the host`);
  }
  if (instance.mesh) return;
  const needs = [...instance.upstreams, ...instance.ports.filter(({ plain }) => plain !== null)];
  for (const { path } of needs) list.add('mesh_sidecar_missing', path, `the instance ${instance.name} has no sidecar to listen here`);
}

/** One target is one port of the proxy, whatever number of services own it. */
function checkSharedTargets(instance: PlacedInstance, services: Protocols, list: FaultList): void {
  const first = new Map<string, PlacedInstance['ports'][number]>();
  const protocolOf = (port: { service: ServiceKey; port: number }): string | undefined => services.get(port.service)?.get(port.port);
  for (const port of instance.ports) {
    const target = formatAddress(port.target);
    const other = first.get(target);
    if (!other) {
      first.set(target, port);
      continue;
    }
    const [here, there] = [protocolOf(port), protocolOf(other)];
    if (here && there && here !== there) list.add('mesh_port_conflict', port.path, `${target} is ${here} for ${port.service} and ${there} for ${other.service}`);
    if (port.plain && other.plain && formatAddress(port.plain) !== formatAddress(other.plain)) {
      list.add('mesh_port_conflict', [...port.path, 'plain'], `${target} has another plain listener for ${other.service}`);
    }
  }
}

interface Taken {
  /** Loopback addresses of different hosts don't meet. */
  readonly host: string;
  readonly address: SocketAddress;
  /** Entries of one owner may share an address. */
  readonly owner: string;
  readonly what: string;
  readonly path: Path;
}

function checkClashes(draft: Draft, list: FaultList): void {
  const taken = draft.workloads.flatMap((workload) => workload.instances.flatMap((instance) => takenBy(instance, `${workload.key}/${instance.name}`)));
  if (draft.control) taken.unshift({ host: hostOf(draft.control.address), address: draft.control.address, owner: 'control', what: 'the control listener', path: draft.control.path });
  const byPort = Map.groupBy(taken, ({ host, address }) => `${host} ${address.port}`);
  for (const [, sharing] of byPort) {
    for (const [at, later] of sharing.entries()) {
      const other = sharing.slice(0, at).find((earlier) => earlier.owner !== later.owner && meet(earlier.address, later.address));
      if (!other) continue;
      const message = `${later.what} ${formatAddress(later.address)} is taken by ${other.what} in line ${list.placeOf(other.path).line}`;
      list.add('mesh_address_clash', later.path, message);
    }
  }
}

function takenBy(instance: PlacedInstance, name: string): Taken[] {
  const host = hostOf(instance.mesh ?? instance.ports[0]?.target ?? { host: name, port: 0 });
  const place = (what: string, owner: string, address: SocketAddress | null, path: Path): Taken[] => (address ? [{ host, address, owner, what, path }] : []);
  return [
    ...place('the mesh listener', `${name} mesh`, instance.mesh, [...instance.path, 'mesh']),
    ...instance.ports.flatMap(({ target, plain, path }) => [
      ...place('the app', `${name} target`, target, [...path, 'target']),
      // Services that share a target share its plain listener.
      ...place('the plain listener', `${name} plain ${formatAddress(target)}`, plain, [...path, 'plain']),
    ]),
    ...redirectedPorts(instance).flatMap((port) => place(`the sidecar's port ${port}`, `${name} port ${port}`, { host, port }, [...instance.path, 'transparent'])),
    ...instance.upstreams.flatMap(({ listen, path }, at) => place('the upstream listener', `${name} upstream ${at}`, listen, [...path, 'listen'])),
  ];
}

function redirectedPorts({ transparent }: PlacedInstance): readonly number[] {
  return transparent === undefined ? [] : [transparent.outboundPort, transparent.plainPort, ...transparent.ownPorts];
}

function hostOf({ host }: SocketAddress): string {
  return isLoopback(host) ? 'loopback' : host;
}

function meet(a: SocketAddress, b: SocketAddress): boolean {
  return a.host === b.host || isWildcard(a.host) || isWildcard(b.host);
}
