/** The demo's two clusters: who is there, who calls whom, how fast, how often it fails. Data, and its checks. */
import type { MeshLayout, PlacedWorkload, Protocol, WorkloadPlan } from '../mesh/layout.ts';
import type { ServiceCall, ServiceConfig } from './behaviour.ts';
import type { LoadConfig } from './load.ts';

interface DemoCall {
  readonly to: string;
  readonly share: number;
  readonly method?: 'GET' | 'POST';
  readonly path: string;
}

interface DemoService {
  /** `namespace/name`. */
  readonly service: string;
  readonly protocol?: Protocol;
  /** True: reachable for callers outside the mesh. */
  readonly plain?: boolean;
  readonly order?: 'chain' | 'fan-out';
  readonly medianMs: number;
  readonly sigma: number;
  readonly calls?: readonly DemoCall[];
}

export interface DemoCluster {
  readonly name: string;
  readonly services: readonly DemoService[];
  readonly load: { readonly to: string; readonly requestsPerSecond: number; readonly requests: LoadConfig['requests'] };
}

/** A real system is never at 100 %; this stays far above the rule's 99 %, also added up along a chain. */
const ERROR_SHARE = 0.0005;

const EU_WEST: DemoCluster = {
  name: 'eu-west',
  services: [
    {
      service: 'shop/web', plain: true, order: 'fan-out', medianMs: 6, sigma: 0.4,
      calls: [
        { to: 'shop/catalog', share: 1, path: '/products/{id}' },
        { to: 'shop/recommendations', share: 0.5, path: '/recommendations/{id}' },
        { to: 'shop/cart', share: 0.6, path: '/carts/{id}' },
        { to: 'shop/checkout', share: 0.35, method: 'POST', path: '/orders' },
      ],
    },
    { service: 'shop/catalog', medianMs: 9, sigma: 0.5, calls: [{ to: 'shop/prices', share: 0.8, path: '/prices/{id}' }] },
    { service: 'shop/recommendations', medianMs: 18, sigma: 0.7, calls: [{ to: 'shop/catalog', share: 0.6, path: '/products/{id}/similar' }] },
    {
      service: 'shop/cart', medianMs: 5, sigma: 0.4,
      calls: [{ to: 'shop/session-store', share: 1, path: 'cart:{id}' }, { to: 'shop/prices', share: 0.5, path: '/prices/{id}' }],
    },
    {
      service: 'shop/checkout', medianMs: 25, sigma: 0.6,
      calls: [{ to: 'shop/cart', share: 1, path: '/carts/{id}' }, { to: 'platform/accounts', share: 1, path: '/accounts/{id}' }],
    },
    { service: 'shop/prices', medianMs: 4, sigma: 0.5 },
    { service: 'shop/session-store', protocol: 'opaque', medianMs: 1, sigma: 0.3 },
    { service: 'platform/accounts', medianMs: 7, sigma: 0.5 },
  ],
  load: {
    to: 'shop/web', requestsPerSecond: 6,
    requests: [{ method: 'GET', path: '/', weight: 3 }, { method: 'GET', path: '/product/{id}', weight: 5 }, { method: 'POST', path: '/checkout', weight: 2 }],
  },
};

const US_EAST: DemoCluster = {
  name: 'us-east',
  services: [
    {
      service: 'payments/api', plain: true, order: 'fan-out', medianMs: 5, sigma: 0.4,
      calls: [
        { to: 'payments/fraud', share: 0.9, method: 'POST', path: '/checks' },
        { to: 'payments/ledger', share: 0.9, path: '/accounts/{id}/entries' },
        { to: 'messaging/notifier', share: 0.5, method: 'POST', path: '/messages' },
      ],
    },
    { service: 'payments/fraud', medianMs: 12, sigma: 0.5, calls: [{ to: 'payments/scoring', share: 1, path: '/scores/{id}' }] },
    { service: 'payments/scoring', medianMs: 30, sigma: 0.8 },
    {
      service: 'payments/ledger', medianMs: 8, sigma: 0.5,
      calls: [{ to: 'payments/ledger-db', share: 1, path: 'entry:{id}' }, { to: 'payments/fx-rates', share: 0.5, path: '/rates/{id}' }],
    },
    { service: 'payments/ledger-db', protocol: 'opaque', medianMs: 2, sigma: 0.3 },
    { service: 'payments/fx-rates', medianMs: 3, sigma: 0.4 },
    { service: 'messaging/notifier', medianMs: 15, sigma: 0.6 },
  ],
  load: {
    to: 'payments/api', requestsPerSecond: 6,
    requests: [{ method: 'POST', path: '/payments', weight: 6 }, { method: 'GET', path: '/payments/{id}', weight: 4 }],
  },
};

export const DEMO_CLUSTERS: readonly DemoCluster[] = [EU_WEST, US_EAST];

/** The cluster as the mesh's layout wants it. */
export function workloadPlans(cluster: DemoCluster): WorkloadPlan[] {
  return cluster.services.map((entry) => {
    const [namespace = '', name = ''] = entry.service.split('/');
    return { name, namespace, protocol: entry.protocol ?? 'http1', calls: (entry.calls ?? []).map((call) => call.to), plain: entry.plain ?? false };
  });
}

/** The configuration of a placed service's program. `control` is where it takes breaks. */
export function serviceConfig(cluster: DemoCluster, workload: PlacedWorkload, control: string, controlFile: string): ServiceConfig {
  const entry = cluster.services.find((candidate) => candidate.service === workload.service);
  if (entry === undefined) throw new Error(`${workload.service} is no service of ${cluster.name}`);
  const calls = (entry.calls ?? []).map((call): ServiceCall => {
    const upstream = workload.upstreams.find((candidate) => candidate.service === call.to);
    if (upstream === undefined) throw new Error(`${workload.service} has no upstream ${call.to}`);
    return { service: call.to, protocol: upstream.protocol, address: upstream.listen, share: call.share, method: call.method ?? 'GET', path: call.path };
  });
  return {
    service: workload.service,
    protocol: entry.protocol ?? 'http1',
    listen: workload.target,
    control,
    controlFile,
    order: entry.order ?? 'chain',
    calls,
    latency: { medianMs: entry.medianMs, sigma: entry.sigma },
    errorShare: ERROR_SHARE,
  };
}

export function loadConfig(cluster: DemoCluster, layout: MeshLayout): LoadConfig {
  const target = layout.workloads.find((workload) => workload.service === cluster.load.to)?.plain;
  if (target === undefined) throw new Error(`${cluster.load.to} has no plain listener`);
  return { target, requestsPerSecond: cluster.load.requestsPerSecond, requests: cluster.load.requests };
}
