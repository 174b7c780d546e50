/** Discovery on a real API server, with the rights that the control plane gets and no others. */
import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Metrics } from '../../../agent/admin/metrics.ts';
import { KubeApi } from '../../../agent/platform/kubernetes/api.ts';
import { Discovery } from '../../../agent/platform/kubernetes/discovery.ts';
import { CONTROL_ACCOUNT, NAMESPACE } from '../../../agent/platform/kubernetes/names.ts';
import { DISCOVERY_RULES } from '../../../agent/platform/kubernetes/rbac.ts';
import { RESYNC_MS } from '../../../agent/platform/kubernetes/reflector.ts';
import { startCluster, type TestCluster } from '../cluster.ts';
import { PAUSE_IMAGE } from '../node-plan.ts';

/** From the change of an EndpointSlice to its being known; proxies that watch are told in the same turn. */
const KNOWN_MS_MAX = 1_000;

let cluster: TestCluster;
let discovery: Discovery;
const metrics = new Metrics();

const RIGHTS = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: CONTROL_ACCOUNT, namespace: NAMESPACE } },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'sidelight-discovery' }, rules: DISCOVERY_RULES },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'sidelight-discovery' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'sidelight-discovery' }, subjects: [{ kind: 'ServiceAccount', name: CONTROL_ACCOUNT, namespace: NAMESPACE }],
  },
];
const app = { containers: [{ name: 'app', image: PAUSE_IMAGE, imagePullPolicy: 'Never' }] };
const WEB = [
  { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: app } } },
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080, appProtocol: 'kubernetes.io/h2c' }] } },
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'bare' }, spec: { ports: [{ name: 'http', port: 81, targetPort: 8081 }] } },
];
const bareSlice = (address: string) => ({
  apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name: 'bare-1', labels: { 'kubernetes.io/service-name': 'bare' } },
  addressType: 'IPv4', ports: [{ name: 'http', port: 8081, protocol: 'TCP' }], endpoints: [{ addresses: [address], conditions: { ready: true } }],
});

const apply = (items: readonly object[]): Promise<string> => cluster.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
const bareEndpoint = (): string | undefined => discovery.inventory.workloads.get('default/endpoints/bare')?.instances[0]?.name;

beforeAll(async () => {
  cluster = await startCluster(() => undefined);
  await apply(RIGHTS);
  const token = (await cluster.kubectl(['create', 'token', CONTROL_ACCOUNT, '--namespace', NAMESPACE])).trim();
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  const server = config.getCurrentCluster();
  if (server === null) throw new Error('the kubeconfig names no cluster');
  config.loadFromClusterAndUser(server, { name: CONTROL_ACCOUNT, token });
  discovery = new Discovery({ api: new KubeApi(config), trustDomain: 'cluster.local', wallMs: Date.now, random: Math.random, resyncMs: RESYNC_MS, onChange: () => undefined, metrics, log: () => undefined });
  await discovery.start();
});
afterAll(async () => {
  await discovery?.stop();
  await cluster?.down();
});

test('with the rights of the control plane each kind is followed', () => {
  expect(metrics.get('kubernetes_watch_errors_total')).toBe(0);
  expect(discovery.inventory.services.get('default/kubernetes')?.ports).toEqual([{ port: 443, protocol: 'detect' }]);
  // The API server is behind its Service without being a pod.
  expect(discovery.inventory.workloads.get('default/endpoints/kubernetes')?.instances).toHaveLength(1);
});

test('a Deployment’s pods serve its Service under the Deployment’s name as soon as they are ready', async () => {
  await apply(WEB);
  await expect.poll(() => discovery.inventory.endpoints().get('default/web:80')?.map(({ workload, address }) => `${workload} ${address.port}`), { timeout: 60_000 }).toEqual(['default/deployment/web 8080', 'default/deployment/web 8080']);
  expect(discovery.inventory.protocolOf('default/web', 80)).toBe('http2');
  const [address = ''] = discovery.inventory.services.get('default/web')?.addresses ?? [];
  expect(discovery.orders.destination({ host: address, port: 80 })).toMatchObject({ kind: 'service', to: { service: 'default/web', endpoints: [{}, {}] } });
  await cluster.kubectl(['scale', 'deployment', 'web', '--replicas', '1']);
  await expect.poll(() => discovery.inventory.endpoints().get('default/web:80')?.length, { timeout: 60_000 }).toBe(1);
});

test('a change of an EndpointSlice is known within a second of the API server’s answer', async () => {
  await apply([bareSlice('203.0.113.1')]);
  for (const address of ['203.0.113.2', '203.0.113.3', '203.0.113.4']) {
    await apply([bareSlice(address)]);
    const answeredMs = performance.now();
    await expect.poll(bareEndpoint, { interval: 5, timeout: 10_000 }).toBe(address);
    expect(performance.now() - answeredMs).toBeLessThan(KNOWN_MS_MAX);
  }
  await cluster.kubectl(['delete', 'endpointslice', 'bare-1']);
  await expect.poll(bareEndpoint, { timeout: 10_000 }).toBeUndefined();
});
