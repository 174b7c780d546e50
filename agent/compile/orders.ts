/** From the inventory to what one proxy has to do. */
import type { Endpoint, InboundPort, OutboundListener, ProxyOrders, SocketAddress, TransparentOrders, VirtualService } from '../../proxy/wire/orders.ts';
import { endpointsOf } from '../inventory/inventory.ts';
import type { Inventory, MeshInstance, MeshWorkload, TransparentInstance, Upstream } from '../inventory/inventory.ts';
import { preloaded, virtualServices } from './address-book.ts';

/** Orders without their revision. */
export type OrdersBody = Omit<ProxyOrders, 'revision'>;

/** Names one sidecar: `<workload key>/<instance name>`. */
export function proxyKey(workload: string, instanceName: string): string {
  return `${workload}/${instanceName}`;
}

/** The orders of every instance that has a sidecar, by `proxyKey`. */
export function compileOrders(inventory: Inventory, trustDomain: string): Map<string, OrdersBody> {
  const index = inventory.endpoints();
  const orders = new Map<string, OrdersBody>();
  const services = preloaded(virtualServices(inventory));
  for (const workload of inventory.workloads.list()) {
    for (const instance of workload.instances) {
      const body = ordersOf(workload, instance, { inventory, index, services, trustDomain });
      if (body !== null) orders.set(proxyKey(workload.key, instance.name), body);
    }
  }
  return orders;
}

interface Surroundings {
  readonly inventory: Inventory;
  /** Of `Inventory.endpoints`; only explicit listeners need it. */
  readonly index: ReadonlyMap<string, readonly Endpoint[]>;
  /** Services that orders name beforehand; the others are asked for. */
  readonly services: readonly VirtualService[];
  readonly trustDomain: string;
}

/** The orders of one instance; null where it has no sidecar. */
export function ordersOf(workload: MeshWorkload, instance: MeshInstance, { inventory, index, services, trustDomain }: Surroundings): OrdersBody | null {
  if (!instance.mesh) return null;
  const inbound = { mesh: meshListener(instance.mesh, instance.transparent), ports: inboundPorts(inventory, instance), policy: workload.inboundPolicy };
  const outbound = instance.upstreams.flatMap((upstream) => outboundListener(inventory, index, upstream));
  return {
    workload: workload.key, trustDomain, inbound, outbound,
    ...(instance.zone === undefined ? {} : { zone: instance.zone }),
    ...(workload.telemetry && { telemetry: workload.telemetry }),
    ...(instance.transparent && { transparent: transparentOrders(instance.transparent, services) }),
  };
}

/** Whoever dials one of a workload's addresses must reach it, whichever that is. */
function meshListener(mesh: SocketAddress, transparent: TransparentInstance | undefined): SocketAddress {
  if (transparent === undefined) return mesh;
  return { host: transparent.addresses.some((host) => host.includes(':')) ? '::' : '0.0.0.0', port: mesh.port };
}

function transparentOrders({ addresses, outboundPort, plainPort, ownPorts }: TransparentInstance, services: readonly VirtualService[]): TransparentOrders {
  return { addresses, outboundPort, plainPort, ownPorts, services, discovery: true };
}

function outboundListener(inventory: Inventory, index: ReadonlyMap<string, readonly Endpoint[]>, upstream: Upstream): OutboundListener[] {
  const { listen, service, port } = upstream;
  const protocol = inventory.protocolOf(service, port);
  // A platform may delete a service before its callers: the listener goes with it.
  return protocol ? [{ listen, service, port, protocol, endpoints: endpointsOf(index, service, port), ...inventory.policyOf(service) }] : [];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The app's ports, one entry a target, with all services that own it. */
function inboundPorts(inventory: Inventory, instance: MeshInstance): InboundPort[] {
  const targets = new Map<string, Mutable<InboundPort>>();
  for (const { service, port, target, plain } of instance.ports) {
    const protocol = inventory.protocolOf(service, port);
    if (!protocol) continue;
    const key = `${target.host} ${target.port}`;
    const entry = targets.get(key);
    if (!entry) targets.set(key, { target, services: [service], protocol, plain });
    else {
      if (!entry.services.includes(service)) entry.services = [...entry.services, service].sort();
      entry.plain ??= plain;
    }
  }
  return [...targets.values()];
}
