/** Identity on a real API server: authority, tokens and trust bundle, with the control plane's rights and no others. */
import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KubeApi } from '../../../agent/platform/kubernetes/api.ts';
import { openClusterAuthority } from '../../../agent/platform/kubernetes/authority-secret.ts';
import { applyBundle } from '../../../agent/platform/kubernetes/bundle-maps.ts';
import { AUTHORITY_SECRET, BUNDLE_CONFIG_MAP, BUNDLE_KEY, CONTROL_ACCOUNT, NAMESPACE, TOKEN_AUDIENCE } from '../../../agent/platform/kubernetes/names.ts';
import { AUTHORITY_RULES, IDENTITY_RULES } from '../../../agent/platform/kubernetes/rbac.ts';
import { proofOf, reviewToken } from '../../../agent/platform/kubernetes/token-review.ts';
import { startCluster, type TestCluster } from '../cluster.ts';
import { PAUSE_IMAGE } from '../node-plan.ts';

let cluster: TestCluster;
let api: KubeApi;

const RBAC = 'rbac.authorization.k8s.io';
const subjects = [{ kind: 'ServiceAccount', name: CONTROL_ACCOUNT, namespace: NAMESPACE }];
const OBJECTS = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: CONTROL_ACCOUNT, namespace: NAMESPACE } },
  { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: { name: 'identity' }, rules: IDENTITY_RULES },
  { apiVersion: `${RBAC}/v1`, kind: 'ClusterRoleBinding', metadata: { name: 'identity' }, roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'identity' }, subjects },
  { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata: { name: 'authority', namespace: NAMESPACE }, rules: AUTHORITY_RULES },
  { apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata: { name: 'authority', namespace: NAMESPACE }, roleRef: { apiGroup: RBAC, kind: 'Role', name: 'authority' }, subjects },
  { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-1' }, spec: { containers: [{ name: 'app', image: PAUSE_IMAGE, imagePullPolicy: 'Never' }] } },
];

beforeAll(async () => {
  cluster = await startCluster(() => undefined);
  await cluster.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: OBJECTS }));
  const token = (await cluster.kubectl(['create', 'token', CONTROL_ACCOUNT, '--namespace', NAMESPACE])).trim();
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  const server = config.getCurrentCluster();
  if (server === null) throw new Error('the kubeconfig names no cluster');
  config.loadFromClusterAndUser(server, { name: CONTROL_ACCOUNT, token });
  api = new KubeApi(config);
});
afterAll(() => cluster?.down());

test('replicas that start at a time agree on one authority, and the next start finds it', async () => {
  const made = await Promise.all(Array.from({ length: 5 }, () => openClusterAuthority(api, 'cluster.local', Date.now())));
  made.push(await openClusterAuthority(api, 'cluster.local', Date.now()));
  expect(new Set(made.map(({ certificatePem }) => certificatePem)).size).toBe(1);
  const leaf = made[0]?.issueKeyed('web.shop.serviceaccount.identity.sidelight.cluster.local', Date.now(), 60_000);
  expect(leaf?.certificatePem).toContain('BEGIN CERTIFICATE');
  await expect(openClusterAuthority(api, 'other.example', Date.now())).rejects.toMatchObject({ code: 'ca_other_trust_domain' });
});

test('a broken authority is told of, and never replaced', async () => {
  const before = await cluster.kubectl(['get', 'secret', AUTHORITY_SECRET, '-n', NAMESPACE, '-o', 'jsonpath={.data}']);
  await cluster.kubectl(['patch', 'secret', AUTHORITY_SECRET, '-n', NAMESPACE, '--patch', JSON.stringify({ data: { 'key.pem': 'AAAA' } })]);
  await expect(openClusterAuthority(api, 'cluster.local', Date.now())).rejects.toMatchObject({ code: 'ca_unreadable' });
  await cluster.kubectl(['patch', 'secret', AUTHORITY_SECRET, '-n', NAMESPACE, '--patch', JSON.stringify({ data: JSON.parse(before) })]);
  await openClusterAuthority(api, 'cluster.local', Date.now());
});

test('a token that is bound to a pod and for our audience proves who the pod is; any other proves nothing', async () => {
  const tokenOf = async (...more: string[]): Promise<string> => (await cluster.kubectl(['create', 'token', 'default', ...more])).trim();
  const podOwner = (pod: string) => (pod === 'default/web-1' ? { workload: 'default/pod/web-1', serviceAccount: 'default' } : null);
  const proved = async (token: string) => proofOf(await reviewToken(api, token), 'default/pod/web-1', podOwner, 'cluster.local');
  const bound = ['--bound-object-kind', 'Pod', '--bound-object-name', 'web-1'];
  expect(await proved(await tokenOf('--audience', TOKEN_AUDIENCE, ...bound))).toEqual({ kind: 'proved', identity: 'default.default.serviceaccount.identity.sidelight.cluster.local' });
  for (const token of [await tokenOf('--audience', TOKEN_AUDIENCE), await tokenOf(...bound), 'nonsense']) expect(await proved(token)).toMatchObject({ kind: 'refused' });
});

test('the trust bundle is put into a namespace, and put back when somebody changed it; no other ConfigMap may be touched', async () => {
  const read = () => cluster.kubectl(['get', 'configmap', BUNDLE_CONFIG_MAP, '-o', `jsonpath={.data.${BUNDLE_KEY.replaceAll('.', '\\.')}}`]);
  expect(await applyBundle(api, 'default', 'first')).toBe(true);
  expect(await read()).toBe('first');
  await cluster.kubectl(['patch', 'configmap', BUNDLE_CONFIG_MAP, '--patch', JSON.stringify({ data: { [BUNDLE_KEY]: 'harm' } })]);
  expect(await applyBundle(api, 'default', 'second')).toBe(true);
  expect(await read()).toBe('second');
  const other = await api.ask({ method: 'POST', path: '/api/v1/namespaces/default/configmaps', body: { metadata: { name: 'other' } } });
  const secrets = await api.ask({ method: 'GET', path: '/api/v1/namespaces/default/secrets' });
  expect([other.status, secrets.status]).toEqual([403, 403]);
});
