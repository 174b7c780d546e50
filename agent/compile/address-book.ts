/** From the inventory to where an address leads, as transparent proxies ask. Pure. */
import { OPAQUE_PORTS } from '../../proxy/wire/orders.ts';
import type { Destination, Endpoint, PortProtocol, SocketAddress, VirtualService } from '../../proxy/wire/orders.ts';
import { endpointsOf, meshOf } from '../inventory/inventory.ts';
import type { Inventory, MeshInstance, MeshWorkload, ServedPort } from '../inventory/inventory.ts';

/** An instance that has addresses of its own: each of its ports is its. */
interface Owner {
  readonly workload: MeshWorkload;
  readonly instance: MeshInstance;
}

const EXTERNAL: Destination = { kind: 'external' };
const keyOf = ({ host, port }: SocketAddress): string => `${host} ${port}`;

/** Where each address leads; made anew when the inventory changes. Hosts are compared as strings in the form of `formatIp`. */
export class AddressBook {
  readonly #inventory: Inventory;
  readonly #exact = new Map<string, Destination>();
  readonly #owners = new Map<string, Owner>();

  constructor(inventory: Inventory) {
    this.#inventory = inventory;
    for (const workload of inventory.workloads.list()) {
      for (const instance of workload.instances) this.#addInstance({ workload, instance });
    }
    // A service's address is the service, were an instance to claim it as well.
    for (const { addresses, to } of virtualServices(inventory)) {
      for (const host of addresses) this.#exact.set(keyOf({ host, port: to.port }), { kind: 'service', to });
    }
  }

  resolve(address: SocketAddress): Destination {
    const exact = this.#exact.get(keyOf(address));
    if (exact !== undefined) return exact;
    const owner = this.#owners.get(address.host);
    return owner === undefined ? EXTERNAL : this.#instancePort(owner, address);
  }

  /** Where callers outside the mesh reach an instance of a shared host: only that very address and port are its. */
  #addInstance({ workload, instance }: Owner): void {
    for (const host of instance.transparent?.addresses ?? []) this.#owners.set(host, { workload, instance });
    for (const port of instance.ports) {
      if (port.plain !== null) this.#exact.set(keyOf(port.plain), this.#endpoint({ workload, instance }, port.target, [port]));
    }
  }

  #instancePort({ workload, instance }: Owner, address: SocketAddress): Destination {
    // Any address of the instance, since an app listens on all of them.
    const served = instance.ports.filter(({ target }) => target.port === address.port);
    return this.#endpoint({ workload, instance }, address, served);
  }

  #endpoint({ workload, instance }: Owner, address: SocketAddress, served: readonly ServedPort[]): Destination {
    const endpoint: Endpoint = { address, workload: workload.key, instance: instance.name, mesh: meshOf(workload, instance) };
    const [service = ''] = served.map((port) => port.service).toSorted();
    return { kind: 'endpoint', service, protocol: this.#protocol(served, address.port), endpoint };
  }

  /** On a port that no service owns the first bytes decide; the callee's proxy does the same. */
  #protocol([first]: readonly ServedPort[], port: number): PortProtocol {
    return (first && this.#inventory.protocolOf(first.service, first.port)) ?? (OPAQUE_PORTS.includes(port) ? 'opaque' : 'detect');
  }
}

/** Orders name so many services beforehand, and as many endpoints of them: each change of one goes to every transparent proxy. */
export const PRELOADED_SERVICES_MAX = 200;
export const PRELOADED_ENDPOINTS_MAX = 2_000;

/** Those that orders name beforehand, the first by name; proxies ask for the others when somebody dials them. */
export function preloaded(services: readonly VirtualService[]): readonly VirtualService[] {
  let endpoints = 0;
  return services.slice(0, PRELOADED_SERVICES_MAX).filter(({ to }) => {
    const fits = endpoints + to.endpoints.length <= PRELOADED_ENDPOINTS_MAX;
    if (fits) endpoints += to.endpoints.length;
    return fits;
  });
}

/** Every service that has addresses, a part a port, by service. */
export function virtualServices(inventory: Inventory): VirtualService[] {
  const index = inventory.endpoints();
  return inventory.services.list().flatMap(({ key, ports, addresses = [] }) => {
    if (addresses.length === 0) return [];
    return ports.map((entry) => ({
      addresses,
      to: { service: key, ...entry, protocol: inventory.protocolOf(key, entry.port) ?? entry.protocol, endpoints: endpointsOf(index, key, entry.port), ...inventory.policyOf(key) },
    }));
  });
}
