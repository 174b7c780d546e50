/** What exists in the cluster, as the cloud is told. */
import type { Inventory, MeshWorkload } from '../inventory/inventory.ts';
import { proxyKey } from '../compile/orders.ts';
import type { ProxyState, ServiceState, TopologySnapshot, WorkloadState } from '../wire/topology.ts';

export interface TopologyFacts {
  readonly takenAtMs: number;
  readonly inventory: Inventory;
  readonly proxies: readonly ProxyState[];
  readonly trustDomain: string;
  readonly trustAnchorNotAfterMs: number;
}

export function takeSnapshot({ takenAtMs, inventory, proxies, trustDomain, trustAnchorNotAfterMs }: TopologyFacts): TopologySnapshot {
  const ready = new Set(proxies.filter((proxy) => proxy.connected && proxy.ready).map((proxy) => proxyKey(proxy.workload, proxy.name)));
  const workloads = inventory.workloads.list();
  return {
    takenAtMs,
    workloads: workloads.map((workload) => workloadState(workload, ready)),
    services: inventory.services.list().map(({ key, ports }) => ({ key, ports, workloads: workloadsBehind(key, workloads) })),
    proxies,
    trustDomain,
    trustAnchorNotAfter: new Date(trustAnchorNotAfterMs).toISOString(),
  };
}

function workloadState({ key, serviceAccount, identity, instances }: MeshWorkload, ready: ReadonlySet<string>): WorkloadState {
  const hasSidecar = instances.some(({ mesh }) => mesh !== null);
  const meshed = instances.length > 0 && instances.every(({ name, mesh }) => mesh !== null && ready.has(proxyKey(key, name)));
  return { key, serviceAccount, identity: hasSidecar ? identity : null, meshed, instances: instances.length };
}

function workloadsBehind(service: string, workloads: readonly MeshWorkload[]): ServiceState['workloads'] {
  const behind = workloads.filter(({ instances }) => instances.some(({ ports }) => ports.some((port) => port.service === service)));
  return behind.map(({ key }) => key);
}
