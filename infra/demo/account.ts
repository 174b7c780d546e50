/** The demo's account, organization, clusters, webhook and rule: all through the public API, and the same at every start. */
import { type Account, ApiFault, type ApiClient, openApi, signIn, signUp } from '../api.ts';
import { keep, keptSecret, readKept } from '../kept.ts';
import { type DemoFolder, readWebhook } from './folder.ts';

export const DEMO_EMAIL = 'demo@sidelight.example';
export const DEMO_ORG = { name: 'Demo', slug: 'demo' } as const;
const RULE = {
  name: 'Success rate of every cluster',
  scope: { clusterId: null, namespace: null, workload: null, service: null },
  threshold: 0.99,
  windowSeconds: 60,
  minRequests: 20,
  severity: 'critical',
  enabled: true,
} as const;

export interface DemoAccount {
  readonly account: Account;
  /** With the demo's own API token. */
  readonly api: ApiClient;
  /** Cluster name → id. */
  readonly clusterIds: ReadonlyMap<string, string>;
  /** `whsec_…` of the channel. */
  readonly webhookSecret: string;
}

/** Makes what is missing; agent tokens are written where the agents read them. ApiFault when the API refuses. */
export async function prepareAccount(origin: string, folder: DemoFolder, clusters: readonly string[], receiver: { readonly port: number; readonly url: string }): Promise<DemoAccount> {
  const account = { email: DEMO_EMAIL, name: 'Demo', password: await keptSecret(folder.password, 12) };
  const session = await signInOrUp(openApi(origin), account);
  await ensureOrg(session);
  const api = await ensureToken(session, folder);
  const [clusterIds, channel] = await Promise.all([ensureClusters(session, folder, clusters), ensureChannel(session, folder, receiver)]);
  await ensureRule(session, channel.channelId);
  return { account, api, clusterIds, webhookSecret: channel.secret };
}

async function signInOrUp(api: ApiClient, account: Account): Promise<ApiClient> {
  try {
    return await signIn(api, account);
  } catch (error) {
    if (!(error instanceof ApiFault) || error.status !== 401) throw error;
    return signUp(api, account);
  }
}

async function ensureOrg(session: ApiClient): Promise<void> {
  const { orgs } = await session.call('getMe', {});
  if (orgs.some((org) => org.slug === DEMO_ORG.slug)) return;
  await session.call('createOrg', { body: DEMO_ORG });
}

async function ensureToken(session: ApiClient, folder: DemoFolder): Promise<ApiClient> {
  const kept = await readKept(folder.apiToken);
  if (kept !== undefined) {
    const api = session.with({ kind: 'token', token: kept });
    const works = await api.call('getMe', {}).then(() => true, () => false);
    if (works) return api;
  }
  const { token } = await session.call('createToken', { params: { slug: DEMO_ORG.slug }, body: { name: 'npm start' } });
  await keep(folder.apiToken, token);
  return session.with({ kind: 'token', token });
}

async function ensureClusters(session: ApiClient, folder: DemoFolder, names: readonly string[]): Promise<Map<string, string>> {
  const params = { slug: DEMO_ORG.slug };
  const { clusters } = await session.call('listClusters', { params });
  const ids = new Map(clusters.map((cluster) => [cluster.name, cluster.id]));
  for (const name of names) {
    const clusterId = ids.get(name);
    if (clusterId === undefined) {
      const made = await session.call('createCluster', { params, body: { name } });
      ids.set(name, made.cluster.id);
      await keep(folder.agentToken(name), made.token.token);
    } else if ((await readKept(folder.agentToken(name))) === undefined) {
      const made = await session.call('createClusterToken', { params: { ...params, clusterId } });
      await keep(folder.agentToken(name), made.token);
    }
  }
  return ids;
}

/** A channel's address and secret can't be changed, so a receiver on another port needs another channel. */
async function ensureChannel(session: ApiClient, folder: DemoFolder, receiver: { readonly port: number; readonly url: string }): Promise<{ channelId: string; secret: string }> {
  const params = { slug: DEMO_ORG.slug };
  const kept = await readWebhook(folder);
  const { channels } = await session.call('listChannels', { params });
  const known = channels.find((channel) => channel.id === kept?.channelId);
  if (kept !== undefined && known?.url === receiver.url) return kept;
  const made = await session.call('createChannel', { params, body: { kind: 'webhook', name: 'Demo receiver', url: receiver.url } });
  await keep(folder.webhook, JSON.stringify({ port: receiver.port, channelId: made.id, secret: made.secret }));
  if (known !== undefined) await session.call('deleteChannel', { params: { ...params, id: known.id } });
  return { channelId: made.id, secret: made.secret };
}

/** A rule that a person has changed stays as it is, save that it must name a channel that exists. */
async function ensureRule(session: ApiClient, channelId: string): Promise<void> {
  const params = { slug: DEMO_ORG.slug };
  const { rules } = await session.call('listRules', { params });
  const rule = rules.find((candidate) => candidate.name === RULE.name);
  if (rule === undefined) await session.call('createRule', { params, body: { ...RULE, channelIds: [channelId] } });
  else if (!rule.channelIds.includes(channelId)) {
    const { name, scope, threshold, windowSeconds, minRequests, severity, enabled } = rule;
    await session.call('updateRule', { params: { ...params, id: rule.id }, body: { name, scope, threshold, windowSeconds, minRequests, severity, enabled, channelIds: [channelId] } });
  }
}
