/** Builders for tests: objects of a cluster in a few words, as its API would give them. */
import { Inventory } from '../inventory.ts';
import { Cluster, type ClusterChange, type ClusterNames } from './cluster.ts';
import type { KubeEndpoint, KubePod, KubeService } from './objects.ts';
import { SERVICE_LABEL } from './service.ts';

export const NAMES: ClusterNames = {
  trustDomain: 'cluster.local',
  sidecar: 'sidelight-proxy',
  inboundPolicyAnnotation: 'config.sidelight.dev/default-inbound-policy',
  opaquePortsAnnotation: 'config.sidelight.dev/opaque-ports',
  ports: { outbound: 4140, plain: 4142, mesh: 4143, own: [4190, 4191] },
};

type Over<Part> = Partial<NonNullable<Part>>;

export interface PodOver {
  readonly ip?: string;
  readonly owner?: { readonly kind: string; readonly name: string };
  readonly sidecar?: 'none' | 'starting' | 'ready' | 'restarting';
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: Over<KubePod['spec']>;
  readonly status?: Over<KubePod['status']>;
}

/** A running pod of `namespace/name` with a ready sidecar, owned by ReplicaSet `<name without its last part>`. */
export function makePod(path: string, over: PodOver = {}): ClusterChange {
  const [namespace = '', name = ''] = path.split('/');
  const { ip = '10.1.0.1', owner = { kind: 'ReplicaSet', name: name.slice(0, name.lastIndexOf('-')) }, sidecar = 'ready' } = over;
  const status = { name: NAMES.sidecar, ready: sidecar === 'ready', restartCount: sidecar === 'restarting' ? 1 : 0 };
  const object: KubePod = {
    metadata: { namespace, name, ownerReferences: [{ ...owner, controller: true }], ...(over.annotations && { annotations: over.annotations }) },
    spec: { serviceAccountName: 'web', nodeName: 'node-1', containers: [{ name: 'app' }], ...(sidecar === 'none' ? {} : { initContainers: [{ name: NAMES.sidecar, restartPolicy: 'Always' }] }), ...over.spec },
    status: { phase: 'Running', podIPs: [{ ip }], ...(sidecar === 'none' ? {} : { initContainerStatuses: [status] }), ...over.status },
  };
  return { kind: 'pod', key: path, object };
}

export function makeOwner(kind: 'replicaset' | 'job', path: string, owner: { readonly kind: string; readonly name: string } | null): ClusterChange {
  const [namespace = '', name = ''] = path.split('/');
  return { kind, key: path, object: { metadata: { namespace, name, ownerReferences: owner === null ? [] : [{ ...owner, controller: true }] } } };
}

/** Port 80 named `http` on 10.96.0.10, unless told otherwise. */
export function makeKubeService(path: string, spec: Over<KubeService['spec']> = {}, annotations: Readonly<Record<string, string>> = {}): ClusterChange {
  const [namespace = '', name = ''] = path.split('/');
  return { kind: 'service', key: path, object: { metadata: { namespace, name, annotations }, spec: { type: 'ClusterIP', clusterIPs: ['10.96.0.10'], ports: [{ name: 'http', port: 80, protocol: 'TCP' }], ...spec } } };
}

/** A slice `<service>-<suffix>` of a Service, its port `http` at 8080. */
export function makeSlice(service: string, endpoints: readonly KubeEndpoint[], { suffix = 'a', port = 8080, portName = 'http' } = {}): ClusterChange {
  const [namespace = '', name = ''] = service.split('/');
  const key = `${service}-${suffix}`;
  return { kind: 'slice', key, object: { metadata: { namespace, name: `${name}-${suffix}`, labels: { [SERVICE_LABEL]: name } }, addressType: 'IPv4', endpoints, ports: [{ name: portName, port, protocol: 'TCP' }] } };
}

/** An endpoint that is the pod `namespace/name`. */
export function podEndpoint(path: string, address: string, over: Partial<KubeEndpoint> = {}): KubeEndpoint {
  const [namespace = '', name = ''] = path.split('/');
  return { addresses: [address], conditions: { ready: true }, targetRef: { kind: 'Pod', namespace, name }, ...over };
}

/** A cluster after these changes, settled. */
export function clusterAfter(changes: readonly ClusterChange[]): { readonly cluster: Cluster; readonly inventory: Inventory } {
  const inventory = new Inventory();
  const cluster = new Cluster(inventory, NAMES);
  for (const change of changes) cluster.apply(change);
  cluster.settle();
  return { cluster, inventory };
}
