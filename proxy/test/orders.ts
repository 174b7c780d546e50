/** Orders for tests. */
import type { Endpoint, ProxyOrders, SocketAddress } from '../wire/orders.ts';

export const loopback = (port: number): SocketAddress => ({ host: '127.0.0.1', port });

/** Orders of a proxy that has only its mesh listener. */
export function meshOrders(workload: string, meshPort: number, changes: Partial<ProxyOrders> = {}): ProxyOrders {
  return {
    revision: 1,
    workload,
    trustDomain: 'cluster.local',
    inbound: { mesh: loopback(meshPort), ports: [], policy: 'all-unauthenticated' },
    outbound: [],
    ...changes,
  };
}

/** An endpoint behind a sidecar. */
export function meshedEndpoint(workload: string, appPort: number, meshPort: number, identity: string): Endpoint {
  return { address: loopback(appPort), workload, instance: `${workload}-1`, mesh: { address: loopback(meshPort), identity } };
}
