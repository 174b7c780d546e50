/** Keeps inventory and orders as the cluster's objects are: watches bring changes, which are worked out together. */
import type { Metrics } from '../../admin/metrics.ts';
import { ClusterOrders } from '../../compile/cluster-orders.ts';
import { Inventory } from '../../inventory/inventory.ts';
import { Cluster, type ClusterChange } from '../../inventory/kubernetes/cluster.ts';
import type { Log } from '../../log.ts';
import type { KubeApi } from './api.ts';
import { INBOUND_POLICY_ANNOTATION, OPAQUE_PORTS_ANNOTATION, PROXY_CONTAINER, PROXY_PORTS } from './names.ts';
import { Reflector } from './reflector.ts';

/** Changes that come within this are worked out at once: a rollout's events come in bursts. */
const GATHER_MS = 20;

/** What is followed; `DISCOVERY_RULES` allow exactly these. */
export const FOLLOWED = {
  namespace: '/api/v1/namespaces',
  node: '/api/v1/nodes',
  replicaset: '/apis/apps/v1/replicasets',
  job: '/apis/batch/v1/jobs',
  service: '/api/v1/services',
  slice: '/apis/discovery.k8s.io/v1/endpointslices',
  pod: '/api/v1/pods',
} as const satisfies Record<ClusterChange['kind'], string>;

export interface DiscoveryParts {
  readonly api: KubeApi;
  readonly trustDomain: string;
  /** Seeds the revisions of orders. */
  readonly wallMs: () => number;
  readonly random: () => number;
  readonly resyncMs: number;
  /** The mesh has changed; `changed` are the `proxyKey`s of proxies whose orders changed, came or went. */
  readonly onChange: (changed: readonly string[]) => void;
  readonly metrics: Metrics;
  readonly log: Log;
}

export class Discovery {
  readonly inventory = new Inventory();
  readonly cluster: Cluster;
  readonly orders: ClusterOrders;
  readonly #parts: DiscoveryParts;
  readonly #reflectors: readonly Reflector[];
  #gather: NodeJS.Timeout | null = null;
  #synced = false;

  constructor(parts: DiscoveryParts) {
    this.#parts = parts;
    const own = [PROXY_PORTS.tap, PROXY_PORTS.admin];
    this.cluster = new Cluster(this.inventory, {
      trustDomain: parts.trustDomain, sidecar: PROXY_CONTAINER, inboundPolicyAnnotation: INBOUND_POLICY_ANNOTATION, opaquePortsAnnotation: OPAQUE_PORTS_ANNOTATION,
      ports: { outbound: PROXY_PORTS.outbound, plain: PROXY_PORTS.plain, mesh: PROXY_PORTS.mesh, own },
    });
    this.orders = new ClusterOrders(this.inventory, parts.trustDomain);
    const { api, random, resyncMs, metrics, log } = parts;
    this.#reflectors = (Object.keys(FOLLOWED) as ClusterChange['kind'][]).map((kind) =>
      new Reflector({ api, path: FOLLOWED[kind], random, resyncMs, metrics, log, put: (key, object) => this.#apply({ kind, key, object } as ClusterChange) }));
  }

  /** Resolves when the whole cluster is known: a part of it would take endpoints from proxies. */
  async start(): Promise<void> {
    for (const reflector of this.#reflectors) reflector.start();
    await Promise.all(this.#reflectors.map(({ synced }) => synced));
    this.#synced = true;
    this.#settle();
  }

  async stop(): Promise<void> {
    if (this.#gather) clearTimeout(this.#gather);
    await Promise.all(this.#reflectors.map((reflector) => reflector.stop()));
    if (this.#gather) clearTimeout(this.#gather);
  }

  #apply(change: ClusterChange): void {
    this.cluster.apply(change);
    if (this.#synced) this.#gather ??= setTimeout(() => this.#settle(), GATHER_MS);
  }

  #settle(): void {
    this.#gather = null;
    const { changed, workloads, services } = this.cluster.settle();
    if (!changed && services.length === 0) return;
    this.#parts.onChange(this.orders.update(workloads, Math.floor(this.#parts.wallMs())));
  }
}
