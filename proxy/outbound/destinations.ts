/** Where an address that an app dialled leads: what the orders say at once, else what discovery tells. Pure. */
import { formatAddress } from '../sockets/address.ts';
import { OPAQUE_PORTS, type Destination, type PortProtocol, type ServicePort, type SocketAddress, type TransparentOrders, type VirtualService } from '../wire/orders.ts';
import { isLoopbackIp } from '../wire/ip.ts';

/** What is known of an address without asking anybody. */
export type Known =
  /** One of the proxy's own ports: connections would go round for ever. */
  | { readonly kind: 'own' }
  | { readonly kind: 'service'; readonly service: VirtualService }
  | { readonly kind: 'unknown' };

export class Destinations {
  readonly #ownPorts: ReadonlySet<number>;
  readonly #ownHosts: ReadonlySet<string>;
  readonly #services = new Map<string, VirtualService>();

  /** `meshPort` is the mesh listener's. */
  constructor(orders: TransparentOrders, meshPort: number) {
    this.#ownPorts = ownPorts(orders, meshPort);
    this.#ownHosts = new Set(orders.addresses);
    for (const service of orders.services) {
      for (const host of service.addresses) this.#services.set(formatAddress({ host, port: service.to.port }), service);
    }
  }

  /** `address` as the kernel said it, its host in the form of `formatIp`. */
  known(address: SocketAddress): Known {
    if (this.#ownPorts.has(address.port) && (this.#ownHosts.has(address.host) || isLoopbackIp(address.host))) return { kind: 'own' };
    const service = this.#services.get(formatAddress(address));
    return service === undefined ? { kind: 'unknown' } : { kind: 'service', service };
  }
}

/** Ports of the proxy itself. */
export function ownPorts(orders: TransparentOrders, meshPort: number): ReadonlySet<number> {
  return new Set([orders.outboundPort, orders.plainPort, meshPort, ...orders.ownPorts]);
}

/** Where nobody says what is spoken, the first bytes do, save on ports whose servers usually speak first. */
export function unsaidProtocol(port: number): PortProtocol {
  return OPAQUE_PORTS.includes(port) ? 'opaque' : 'detect';
}

/** A destination as a service with endpoints, which is what connections are opened to. */
export function servicePortOf(destination: Destination, address: SocketAddress): ServicePort {
  switch (destination.kind) {
    case 'service':
      return destination.to;
    case 'endpoint':
      return { service: destination.service, port: address.port, protocol: destination.protocol, endpoints: [destination.endpoint] };
    case 'external':
      return { service: `external/${address.host}`, port: address.port, protocol: unsaidProtocol(address.port), endpoints: [{ address, workload: '', instance: '', mesh: null }] };
    default:
      return destination satisfies never;
  }
}
