/** Orders for tests, and ports that are free to put into them. */
import { createServer } from 'node:net';
import type { Endpoint, ProxyOrders, SocketAddress } from '../wire/orders.ts';

/** So many TCP ports of 127.0.0.1 that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((done) => void server.listen(0, '127.0.0.1', () => done(server)));
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((done) => void server.close(done))));
  return ports;
}

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
