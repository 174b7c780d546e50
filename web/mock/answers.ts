/** What the pretended API answers, call by call, from the pretended world. */
import type { CallName } from '../../cloud/wire/calls.ts';
import type { Connection, HealthCluster, HealthStatus, Incident, Neighbour, Rule, RuleInput, Topology, WorkloadRow } from '../../cloud/wire/entities.ts';
import type { Role } from '../../cloud/wire/roles.ts';
import type { OutputOf } from '../api/client.ts';
import { percent, plural } from '../format/number.ts';
import { shortName } from '../paths.ts';
import { changesBetween, EXPORTED, GENERATED, gapsIn, heatmapOf, IMPORTED, marksIn } from './history.ts';
import { TapInput } from '../../cloud/wire/tap.ts';
import { Refusal, type MockState } from './state.ts';
import { tapEntity, tapPage } from './taps.ts';
import { goldenOf, pointsOf, rangeFrom, statusOf, type MockRange } from './numbers.ts';
import { isThere, LEDGER_FAILS_FOR_MS, PAST_INCIDENT_MS, type MockCluster, type MockEdge, type MockLife } from './world.ts';

export interface MockInput {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly nowMs: number;
}

type Answers = { readonly [N in CallName]: (state: MockState, input: MockInput) => OutputOf<N> };

const DAY = 86_400_000;
const iso = (ms: number): string => new Date(ms).toISOString();

function clusterIn(state: MockState, { params }: MockInput): MockCluster {
  const found = state.clusters.find((cluster) => cluster.id === params['clusterId']);
  if (found === undefined) throw new Refusal('not_found', 'There is no such cluster in this organization.');
  return found;
}

function clusterEntity(cluster: MockCluster, nowMs: number): OutputOf<'getCluster'> {
  const seen = cluster.startedMs !== null && nowMs - cluster.startedMs < 6_000 ? null : iso(nowMs - (cluster.silentForMs ?? 1_400));
  return {
    id: cluster.id, name: cluster.name, createdAt: iso(nowMs - 40 * DAY), platform: 'host',
    agent: { connected: cluster.silentForMs === null && seen !== null, version: '0.1.0', lastSeen: seen }, trust: { domain: `${cluster.name}.internal`, anchorNotAfter: iso(nowMs + 300 * DAY) },
  };
}

function statusOfCluster(cluster: MockCluster, golden: { successRate: number | null; requests: number }): HealthStatus {
  if (cluster.silentForMs !== null) return 'stale';
  return golden.requests < 20 ? 'nodata' : golden.successRate !== null && golden.successRate < 0.9 ? 'failing' : golden.successRate !== null && golden.successRate < 0.99 ? 'degraded' : 'ok';
}

const strips = new Map<string, ReturnType<typeof pointsOf>>();

/** A day's points, kept for a minute: they are much to compute in a browser. */
function stripOf(cluster: MockCluster, nowMs: number): ReturnType<typeof pointsOf> {
  const minute = Math.floor(nowMs / 60_000) * 60_000;
  const key = `${cluster.id} ${minute}`;
  const known = strips.get(key);
  if (known !== undefined) return known;
  const made = pointsOf(cluster.edges, cluster, { fromMs: minute - DAY, toMs: minute, resolutionMs: DAY / 96 }, nowMs);
  strips.set(key, made);
  return made;
}

function healthCluster(cluster: MockCluster, range: MockRange, nowMs: number): HealthCluster {
  const golden = goldenOf(cluster.edges, cluster, range, nowMs);
  const rows = workloadRows(cluster, range, nowMs).filter((row) => row.golden.successRate !== null && row.golden.successRate < 0.99);
  const worst = rows.toSorted((a, b) => (a.golden.successRate ?? 1) - (b.golden.successRate ?? 1))[0];
  const worstStatus = worst === undefined ? statusOfCluster(cluster, golden) : worst.status;
  const status = cluster.silentForMs !== null ? 'stale' : worstStatus;
  const strip = stripOf(cluster, nowMs);
  const total = cluster.workloads.reduce((sum, workload) => sum + workload.instances, 0);
  return {
    id: cluster.id, name: cluster.name, status, successRate: golden.successRate, requestsPerSecond: golden.requestsPerSecond, latencyMs: golden.latencyMs, mtlsShare: golden.mtlsShare,
    lastSeen: clusterEntity(cluster, nowMs).agent.lastSeen, agent: { connected: cluster.silentForMs === null, version: '0.1.0' },
    proxies: { total, ready: cluster.id === 'c-st' ? total - 1 : total, versions: total === 0 ? [] : cluster.id === 'c-eu' ? ['0.1.0', '0.1.1'] : ['0.1.0'] }, workloads: cluster.workloads.length,
    certificateNotAfter: total === 0 ? null : iso(nowMs + 17 * 3_600_000), openIncidents: cluster.id === 'c-eu' ? 1 : 0,
    worst: worst === undefined ? null : { workload: worst.key, successRate: worst.golden.successRate ?? 1, origin: cluster.id === 'c-eu' ? 'bank/deployment/ledger' : null },
    strip: { startMs: nowMs - DAY, stepMs: DAY / 96, points: strip.map((point) => ({ requests: point.requests, failures: point.failuresApp + point.failuresMesh, gap: point.gap, imported: false })) },
  };
}

function inboundOf(cluster: MockCluster, key: string): MockEdge[] {
  return cluster.edges.filter((edge) => edge.target === key);
}

function workloadRows(cluster: MockCluster, range: MockRange, nowMs: number): WorkloadRow[] {
  return cluster.workloads.map((workload) => {
    const golden = goldenOf(inboundOf(cluster, workload.key), cluster, range, nowMs);
    return { key: workload.key, namespace: workload.namespace, kind: workload.key.split('/')[1] ?? '', name: workload.name, meshed: workload.meshed, instances: workload.instances, status: cluster.silentForMs === null ? statusOf(golden) : 'stale', golden };
  });
}

function health(state: MockState, input: MockInput): OutputOf<'getHealth'> {
  const range = rangeFrom(input.query, input.nowMs);
  const clusters = state.clusters.map((cluster) => healthCluster(cluster, range, input.nowMs));
  const bad = clusters.filter((cluster) => cluster.status === 'failing' || cluster.status === 'degraded');
  const [first] = bad;
  const sentence = clusters.length === 0 ? 'No cluster is connected yet' : first === undefined ? `All ${clusters.length} clusters are fine` : `${bad.length} of ${plural(clusters.length, 'cluster')} need attention: ${shortName(first.worst?.workload ?? first.name)} in ${first.name} fails ${percent(1 - (first.worst?.successRate ?? 1))} of requests${first.worst?.origin == null ? '' : `, starting at ${shortName(first.worst.origin)}`}`;
  return { range, sentence, clusters };
}

function edgeId(cluster: MockCluster, edge: MockEdge): string {
  return `e${cluster.edges.indexOf(edge)}`;
}

function serviceOf(key: string): string {
  const [namespace = '', , name = ''] = key.split('/');
  return `${namespace}/${name}`;
}

function topology(state: MockState, input: MockInput): Topology {
  const cluster = clusterIn(state, input);
  const range = rangeFrom(input.query, input.nowMs);
  const within = (life: MockLife): boolean => isThere(life, range.fromMs, input.nowMs) || isThere(life, range.toMs, input.nowMs);
  const nodes: Topology['nodes'] = workloadRows(cluster, range, input.nowMs).filter((row) => cluster.workloads.some((each) => each.key === row.key && within(each))).map(({ key, namespace, name, meshed, instances, status, golden }) => ({ key, kind: 'workload', namespace, name, meshed, instances, status, golden: golden.requests === 0 ? null : golden }));
  if (cluster.edges.some((edge) => edge.source === 'outside')) nodes.push({ key: 'outside', kind: 'outside', namespace: '', name: 'outside', meshed: false, instances: 0, status: 'nodata', golden: null });
  const edges = cluster.edges.filter(within).map((edge) => {
    const golden = goldenOf([edge], cluster, range, input.nowMs);
    return { id: edgeId(cluster, edge), source: edge.source, target: edge.target, service: serviceOf(edge.target), protocol: edge.protocol, tls: edge.tls, golden, status: cluster.silentForMs === null ? statusOf(golden) : ('stale' as const) };
  });
  const troubled = edges.filter((edge) => edge.status === 'failing' || edge.status === 'degraded').length;
  return { range, nodes, edges, sentence: troubled === 0 ? `All ${edges.length} edges of ${cluster.name} are fine` : `${troubled} of ${edges.length} edges in ${cluster.name} fail, starting at ${cluster.id === 'c-eu' ? 'ledger' : 'search'}` };
}

function neighbour(edge: MockEdge, key: string, share: number | null, cluster: MockCluster, range: MockRange, nowMs: number): Neighbour {
  const golden = goldenOf([edge], cluster, range, nowMs);
  return { workload: key === 'outside' ? null : key, service: serviceOf(edge.target), edge: edgeId(cluster, edge), protocol: edge.protocol, tls: edge.tls, golden, failureShare: share, status: statusOf(golden) };
}

function neighbours(edges: readonly MockEdge[], side: 'source' | 'target', cluster: MockCluster, range: MockRange, nowMs: number): Neighbour[] {
  const failures = edges.map((edge) => goldenOf([edge], cluster, range, nowMs).failures).map(({ app, mesh }) => app + mesh);
  const all = failures.reduce((sum, each) => sum + each, 0);
  return edges.map((edge, at) => neighbour(edge, edge[side], all === 0 ? null : (failures[at] ?? 0) / all, cluster, range, nowMs));
}

function workload(state: MockState, input: MockInput): OutputOf<'getWorkload'> {
  const cluster = clusterIn(state, input);
  const key = `${input.params['namespace']}/${input.params['kind']}/${input.params['name']}`;
  const range = rangeFrom(input.query, input.nowMs);
  const row = workloadRows(cluster, range, input.nowMs).find((each) => each.key === key);
  if (row === undefined) throw new Refusal('not_found', 'There is no such workload in this cluster.');
  const inbound = inboundOf(cluster, key);
  const success = row.golden.successRate;
  const identity = `${row.name}.${row.namespace}.serviceaccount.identity.sidelight.${cluster.name}.internal`;
  const routes = ([['GET /', 0.5], ['GET /items/:id', 0.3], ['POST /items', 0.15], ['GET /health', 0.05]] as const).map(([route, share]) => ({ route, service: serviceOf(key), golden: goldenOf(inbound.map((edge) => ({ ...edge, rate: edge.rate * share })), cluster, range, input.nowMs) }));
  return {
    range, workload: row, serviceAccount: row.name, identity, services: [serviceOf(key)], routes,
    sentence: success === null ? `${row.name} has no requests in this range` : success < 0.99 ? `${row.name} fails ${percent(1 - success)} of ${plural(row.golden.requests, 'request')}${row.name === 'ledger' ? ', by its own fault' : ''}` : `${row.name} answers ${percent(success)} of requests well`,
    callers: neighbours(inbound, 'source', cluster, range, input.nowMs), callees: neighbours(cluster.edges.filter((edge) => edge.source === key), 'target', cluster, range, input.nowMs),
    proxies: Array.from({ length: row.instances }, (_, at) => ({ instance: `${key}-${at}`, name: `${row.name}-${at}`, version: '0.1.0', identity, ready: true, connected: at !== 1, certificateNotAfter: iso(input.nowMs + (17 + at) * 3_600_000) })),
  };
}

function series(state: MockState, input: MockInput): OutputOf<'getSeries'> {
  const cluster = clusterIn(state, input);
  const range = rangeFrom(input.query, input.nowMs);
  const subject = input.query['subject'] ?? 'cluster';
  const key = subject.slice(subject.indexOf(':') + 1);
  const nameOf = (edge: MockEdge): string => (subject.startsWith('edge:') ? edgeId(cluster, edge) : subject.startsWith('service:') ? serviceOf(edge.target) : edge.target);
  const edges = subject === 'cluster' ? cluster.edges : cluster.edges.filter((edge) => nameOf(edge) === key);
  const points = pointsOf(edges, cluster, range, input.nowMs);
  return { range: points.some((point) => point.imported) ? { ...range, imported: [GENERATED] } : range, points, total: goldenOf(edges, cluster, range, input.nowMs) };
}

function connection(state: MockState, input: MockInput): Connection {
  const cluster = clusterIn(state, input);
  const age = cluster.startedMs === null ? DAY : input.nowMs - cluster.startedMs;
  const titles = [['token', 'Token used'], ['agent', 'Agent online'], ['proxy', 'First proxy ready'], ['request', 'First request seen']] as const;
  const steps = titles.map(([key, title], at): Connection['steps'][number] => {
    const done = age > (at + 1) * 4_000 && !(cluster.id === 'c-new' && at === 3);
    const before = at === 0 || (age > at * 4_000 && !(cluster.id === 'c-new' && at > 3));
    return {
      key, title, state: done ? 'done' : before ? 'current' : 'waiting', at: done ? iso((cluster.startedMs ?? input.nowMs - DAY) + (at + 1) * 4_000) : null,
      seen: done ? ['An agent from 127.0.0.1 presented it', 'Agent 0.1.0 on a plain host', '8 of 8 proxies are ready', '1,204 requests in the last window'][at] ?? '' : 'Nothing seen so far',
      remedy: done ? null : 'If it takes longer than a minute, see that the agent runs and that this host may reach this address on port 443.', command: done ? null : 'sidelight check',
    };
  });
  return { cluster: clusterEntity(cluster, input.nowMs), steps, complete: steps.every((step) => step.state === 'done') };
}

function incidents(state: MockState, nowMs: number): Incident[] {
  if (!state.clusters.some((cluster) => cluster.id === 'c-eu')) return [];
  const base = { ruleId: 'r-1', ruleName: 'Payments succeed', severity: 'critical', clusterId: 'c-eu', clusterName: 'eu-west', threshold: 0.99, scope: { clusterId: null, namespace: null, workload: 'shop/deployment/payments', service: null } } as const;
  const path = [
    { workload: 'shop/deployment/web', service: 'shop/web', failureShare: 0.034, requests: 15_204 }, { workload: 'shop/deployment/orders', service: 'shop/orders', failureShare: 0.035, requests: 5_120 },
    { workload: 'shop/deployment/payments', service: 'shop/payments', failureShare: 0.34, requests: 2_610 }, { workload: 'bank/deployment/ledger', service: 'bank/ledger', failureShare: 0.35, requests: 2_604 },
  ];
  const opened = Math.floor((nowMs - LEDGER_FAILS_FOR_MS + 60_000) / DAY) * DAY + ((nowMs - LEDGER_FAILS_FOR_MS + 60_000) % DAY);
  const [fromMs, toMs] = PAST_INCIDENT_MS;
  return [
    {
      ...base, id: 'i-2', state: 'open', openedAt: iso(state.bornMs - LEDGER_FAILS_FOR_MS + 60_000), resolvedAt: null, successRate: 0.66, worstSuccessRate: 0.612, path,
      sentence: 'payments in eu-west fails 34 % of requests, starting at ledger',
      events: [{ at: iso(opened), kind: 'opened', text: 'Success of payments fell to 71.2 %, below 99 %' }, { at: iso(opened + 60_000), kind: 'updated', text: 'Worst so far: 61.2 %' }, { at: iso(opened + 65_000), kind: 'updated', text: 'Sent to on-call' }],
    },
    {
      ...base, id: 'i-1', state: 'resolved', openedAt: iso(state.bornMs - fromMs), resolvedAt: iso(state.bornMs - toMs), successRate: 0.9996, worstSuccessRate: 0.31, path: path.slice(2),
      sentence: 'payments in eu-west failed 69 % of requests, starting at ledger',
      events: [{ at: iso(state.bornMs - fromMs), kind: 'opened', text: 'Success of payments fell to 44 %, below 99 %' }, { at: iso(state.bornMs - toMs), kind: 'resolved', text: 'Success of payments is back above 99 %' }],
    },
  ];
}

function ruleOf(input: RuleInput, id: string, nowMs: number): Rule {
  return { ...input, id, kind: 'success_rate', createdAt: iso(nowMs), states: [] };
}

function byId<T extends { id: string }>(list: readonly T[], { params }: MockInput): T {
  const found = list.find((each) => each.id === params['id']);
  if (found === undefined) throw new Refusal('not_found', 'There is no such thing in this organization.');
  return found;
}

function addCluster(state: MockState, { body, nowMs }: MockInput): OutputOf<'createCluster'> {
  const { name } = body as { name: string };
  if (state.clusters.some((cluster) => cluster.name === name)) throw new Refusal('name_taken', `A cluster is called ${name} already. Choose another name.`);
  const cluster: MockCluster = { id: state.newId('c'), name, silentForMs: null, startedMs: nowMs, workloads: [], edges: [] };
  state.clusters.push(cluster);
  return { cluster: clusterEntity(cluster, nowMs), token: secret(state, 'sla') };
}

function secret(state: MockState, kind: string): { id: string; token: string; prefix: string } {
  const id = state.newId('t');
  return { id, token: `${kind}_${id}_pretended0secret0that0opens0nothing`, prefix: `${kind}_${id}` };
}

function removeFrom(list: { id: string }[], input: MockInput): null {
  list.splice(list.indexOf(byId(list, input)), 1);
  return null;
}

export const answers: Answers = {
  getMe: (state) => ({ user: { id: 'u1', email: state.email, name: 'Ada', emailVerified: true }, actor: 'user', orgs: state.orgs.map(({ slug, name }) => ({ slug, name, role: 'owner' })) }),
  createOrg: (state, { body, nowMs }) => {
    const { name, slug = name } = body as { name: string; slug?: string };
    if (state.orgs.some((org) => org.slug === slug)) throw new Refusal('name_taken', `The short name ${slug} is in use. Choose another one.`);
    state.orgs.push({ slug, name });
    return { slug, name, role: 'owner', createdAt: iso(nowMs) };
  },
  getOrg: (state, { params, nowMs }) => ({ slug: params['slug'] ?? '', name: state.orgs[0]?.name ?? '', role: 'owner', createdAt: iso(nowMs) }),
  listMembers: (state) => ({ members: state.people.members }),
  updateMember: (state, input) => {
    const member = byId(state.people.members, input);
    member.role = (input.body as { role: Role }).role;
    return member;
  },
  removeMember: (state, input) => removeFrom(state.people.members, input),
  leaveOrg: () => null,
  listInvitations: (state) => ({ invitations: state.people.invitations }),
  createInvitation: (state, { body, nowMs }) => {
    const { email, role } = body as { email: string; role: Role };
    const id = state.newId('inv');
    const made = { id, email, role, invitedBy: 'Ada', createdAt: iso(nowMs), expiresAt: iso(nowMs + 7 * DAY), url: `http://mock/invitations/${id}` };
    state.people.invitations.unshift(made);
    return made;
  },
  revokeInvitation: (state, input) => removeFrom(state.people.invitations, input),
  getInvitation: (state, input) => {
    const { id, role, invitedBy, expiresAt } = byId(state.people.invitations, input);
    return { id, role, invitedBy, expiresAt, org: { slug: 'acme', name: 'Acme' } };
  },
  acceptInvitation: (state, input) => ({ slug: 'acme', name: 'Acme', role: byId(state.people.invitations, input).role, createdAt: iso(input.nowMs) }),
  listSessions: (state) => ({ sessions: state.people.sessions }),
  revokeSession: (state, input) => removeFrom(state.people.sessions, input),
  revokeOtherSessions: (state) => {
    state.people.sessions.splice(0, Infinity, ...state.people.sessions.filter((session) => session.current));
    return null;
  },
  listAudit: (state) => ({ entries: state.people.audit, next: null }),
  listClusters: (state, { nowMs }) => ({ clusters: state.clusters.map((cluster) => clusterEntity(cluster, nowMs)) }),
  createCluster: addCluster,
  getCluster: (state, input) => clusterEntity(clusterIn(state, input), input.nowMs),
  deleteCluster: (state, input) => {
    state.clusters.splice(state.clusters.indexOf(clusterIn(state, input)), 1);
    return null;
  },
  createClusterToken: (state) => secret(state, 'sla'),
  listClusterTokens: (_, { nowMs }) => ({ tokens: [{ id: 't-agent', name: 'first token', prefix: 'sla_4f9k', createdAt: iso(nowMs - 40 * DAY), lastUsedAt: iso(nowMs - 1_000), revokedAt: null }] }),
  getConnection: connection,
  listTokens: (state) => ({ tokens: state.tokens }),
  createToken: (state, { body, nowMs }) => {
    const made = secret(state, 'slt');
    state.tokens.push({ id: made.id, name: (body as { name: string }).name, prefix: made.prefix, createdAt: iso(nowMs), lastUsedAt: null, revokedAt: null });
    return made;
  },
  revokeToken: (state, input) => {
    const token = byId(state.tokens, input);
    state.tokens[state.tokens.indexOf(token)] = { ...token, revokedAt: iso(input.nowMs) };
    return null;
  },
  getHealth: health,
  getOnlyHealth: health,
  getTopology: topology,
  listWorkloads: (state, input) => ({ range: rangeFrom(input.query, input.nowMs), workloads: workloadRows(clusterIn(state, input), rangeFrom(input.query, input.nowMs), input.nowMs) }),
  getWorkload: workload,
  getSeries: series,
  getHeatmap: (state, input) => heatmapOf(clusterIn(state, input), rangeFrom(input.query, input.nowMs), input.nowMs),
  listGaps: (state, input) => gapsIn(clusterIn(state, input), rangeFrom(input.query, input.nowMs), input.nowMs),
  listMarks: (state, input) => {
    const range = rangeFrom(input.query, input.nowMs);
    return { range, marks: marksIn(clusterIn(state, input), range, input.nowMs), omitted: 0 };
  },
  getTopologyChanges: (state, input) => {
    return changesBetween(clusterIn(state, input), input.nowMs, Number(input.query['fromMs'] ?? input.nowMs), Number(input.query['toMs'] ?? input.nowMs));
  },
  importHistory: (state, input) => {
    clusterIn(state, input);
    return IMPORTED;
  },
  exportHistory: (state, input) => {
    clusterIn(state, input);
    return EXPORTED;
  },
  startTap: (state, input) => {
    const { id: clusterId } = clusterIn(state, input);
    const tap = { id: state.newId('tap'), clusterId, input: TapInput.parse(input.body), startedMs: input.nowMs, stopped: false, matched: 0, told: 0 };
    state.taps.push(tap);
    return tapEntity(tap, input.nowMs);
  },
  readTap: (state, input) => tapPage(byId(state.taps, input), clusterIn(state, input), input.query['after'] ?? '', input.nowMs),
  stopTap: (state, input) => {
    byId(state.taps, input).stopped = true;
    return null;
  },
  listRules: (state) => ({ rules: state.rules }),
  createRule: (state, { body, nowMs }) => {
    const rule = ruleOf(body as RuleInput, state.newId('r'), nowMs);
    state.rules.push(rule);
    return rule;
  },
  getRule: (state, input) => byId(state.rules, input),
  updateRule: (state, input) => {
    const rule = byId(state.rules, input);
    const next = { ...rule, ...(input.body as RuleInput) };
    state.rules[state.rules.indexOf(rule)] = next;
    return next;
  },
  deleteRule: (state, input) => removeFrom(state.rules, input),
  listChannels: (state) => ({ channels: state.channels }),
  createChannel: (state, { body, nowMs }) => {
    const { name, url } = body as { name: string; url: string };
    if (url.includes('169.254.')) throw new Refusal('address_refused', 'Sidelight does not send to link-local addresses. Use a public address.');
    const channel = { id: state.newId('ch'), kind: 'webhook' as const, name, url, createdAt: iso(nowMs), disabledAt: null };
    state.channels.push(channel);
    return { ...channel, secret: 'whsec_cHJldGVuZGVkIHNlY3JldA==' };
  },
  deleteChannel: (state, input) => removeFrom(state.channels, input),
  testChannel: (state, input) => {
    const delivery = { id: state.newId('d'), channelId: byId(state.channels, input).id, event: 'channel.test' as const, incidentId: null, state: 'delivered' as const, attempts: 1, createdAt: iso(input.nowMs), deliveredAt: iso(input.nowMs), nextAttemptAt: null, lastError: null };
    state.deliveries.push(delivery);
    return delivery;
  },
  listDeliveries: (state, { params }) => ({ deliveries: state.deliveries.filter((delivery) => delivery.channelId === params['id']) }),
  listIncidents: (state, { query, nowMs }) => ({ incidents: incidents(state, nowMs).filter((incident) => (query['state'] === undefined || incident.state === query['state']) && (query['clusterId'] === undefined || incident.clusterId === query['clusterId'])) }),
  getIncident: (state, input) => byId(incidents(state, input.nowMs), input),
};
