/** Builders for tests: a mesh in a few words. */
import { identityOf } from '../../proxy/wire/labels.ts';
import type { PortProtocol, SocketAddress } from '../../proxy/wire/orders.ts';
import type { MeshInstance, MeshService, MeshWorkload } from './inventory.ts';

export const TRUST_DOMAIN = 'cluster.local';

export function addressAt(port: number, host = '127.0.0.1'): SocketAddress {
  return { host, port };
}

export function makeService(key: string, port = 80, protocol: PortProtocol = 'http1'): MeshService {
  return { key, ports: [{ port, protocol }] };
}

export function makeInstance(name: string, over: Partial<MeshInstance> = {}): MeshInstance {
  return { name, mesh: addressAt(4143), ports: [], upstreams: [], ...over };
}

/** A workload of `namespace/name` with its own service account. */
export function makeWorkload(path: string, instances: readonly MeshInstance[], over: Partial<MeshWorkload> = {}): MeshWorkload {
  const [namespace = '', name = ''] = path.split('/');
  return {
    key: `${namespace}/host/${name}`,
    namespace,
    name,
    serviceAccount: name,
    identity: identityOf(name, namespace, TRUST_DOMAIN),
    inboundPolicy: 'all-unauthenticated',
    instances,
    ...over,
  };
}
