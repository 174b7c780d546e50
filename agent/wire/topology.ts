/** What exists in the cluster. A snapshot replaces the one before; it is idempotent and not numbered. */
import type { Identity, ServiceKey, WorkloadKey } from '../../proxy/wire/labels.ts';

export interface WorkloadState {
  readonly key: WorkloadKey;
  readonly serviceAccount: string;
  readonly identity: Identity | null;
  /** True when each instance has a running, ready sidecar. */
  readonly meshed: boolean;
  readonly instances: number;
}

export interface ServiceState {
  readonly key: ServiceKey;
  readonly ports: readonly { readonly port: number; readonly protocol: string }[];
  /** Workloads behind the service. */
  readonly workloads: readonly WorkloadKey[];
}

export interface ProxyState {
  /** The process's random instance. */
  readonly instance: string;
  /** The pod's or host's name of it. */
  readonly name: string;
  readonly workload: WorkloadKey;
  readonly version: string;
  readonly identity: Identity | null;
  readonly ready: boolean;
  readonly connected: boolean;
  readonly certificateNotAfter: string | null;
}

export interface TopologySnapshot {
  readonly takenAtMs: number;
  readonly workloads: readonly WorkloadState[];
  readonly services: readonly ServiceState[];
  readonly proxies: readonly ProxyState[];
  readonly trustDomain: string;
  readonly trustAnchorNotAfter: string | null;
}
