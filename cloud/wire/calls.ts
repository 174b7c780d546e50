/**
 * Every call of the API, once: the server makes routes, validation and the OpenAPI document from this table, the console
 * its typed client. `action` is what a role must allow. Accounts (sign-up, sign-in, sessions) are under /api/auth, by better-auth.
 */
import { z } from 'zod';
import * as e from './entities.ts';
import type { ErrorCode } from './errors.ts';
import * as h from './history.ts';
import * as t from './tap.ts';
import * as p from './people.ts';
import type { Action } from './roles.ts';

export type { Action } from './roles.ts';

export interface Call {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: string;
  readonly summary: string;
  /** `session`: needs a signed-in user or a token, no organization. */
  readonly action: Action | 'session';
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Largest body in bytes, where a form's worth of JSON (64 KiB) is too little. */
  readonly bodyBytesMax?: number;
  readonly status: 200 | 201 | 204;
  readonly response: z.ZodType | null;
  readonly errors: readonly ErrorCode[];
}

const InOrg = z.object({ slug: z.string().min(1).max(60) });
const InCluster = InOrg.extend({ clusterId: z.string().min(1).max(60) });
const ById = InOrg.extend({ id: z.string().min(1).max(60) });

/** Either `windowSeconds` up to now, or `fromMs` and `toMs`. Default: the last 5 minutes. */
const RangeQuery = z.object({
  windowSeconds: z.coerce.number().int().min(10).max(2_678_400).optional(),
  fromMs: z.coerce.number().int().positive().optional(),
  toMs: z.coerce.number().int().positive().optional(),
});

const SeriesQuery = RangeQuery.extend({
  /** `cluster`; `workload:<key>` (its inbound view); `service:<key>` (edges to it); `edge:<topology edge id>`. */
  subject: z.string().max(700).default('cluster'),
  /** Length of a point in s; rounded up to a whole number of what is stored; by default some 120 points. */
  stepSeconds: z.coerce.number().int().min(1).max(86_400).optional(),
});
const TwoMoments = z.object({ fromMs: z.coerce.number().int().positive(), toMs: z.coerce.number().int().positive() });

/** Refusals of a call that is one's own business: no organization in its path. */
const own = ['unauthenticated', 'token_invalid', 'forbidden', 'not_found', 'invalid_request', 'rate_limited', 'internal', 'unavailable'] as const;
const tenant = ['unauthenticated', 'token_invalid', 'forbidden', 'not_found', 'invalid_request', 'rate_limited', 'internal', 'unavailable'] as const;

export const calls = {
  getMe: {
    method: 'get', path: '/api/v1/me', summary: 'Who you are and your organizations', action: 'session',
    status: 200, response: e.Me, errors: ['unauthenticated', 'token_invalid', 'rate_limited', 'internal', 'unavailable'],
  },
  createOrg: {
    method: 'post', path: '/api/v1/orgs', summary: 'Make an organization; you become its owner', action: 'session',
    body: z.object({ name: z.string().trim().min(1).max(80), slug: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/).optional() }),
    status: 201, response: e.Org, errors: ['unauthenticated', 'token_invalid', 'forbidden', 'invalid_request', 'name_taken', 'limit_reached', 'rate_limited', 'internal', 'unavailable'],
  },
  getOrg: { method: 'get', path: '/api/v1/orgs/{slug}', summary: 'One organization', action: 'read', params: InOrg, status: 200, response: e.Org, errors: tenant },

  listMembers: { method: 'get', path: '/api/v1/orgs/{slug}/members', summary: 'Who belongs to the organization', action: 'read', params: InOrg, status: 200, response: z.object({ members: z.array(p.Member) }), errors: tenant },
  updateMember: {
    method: 'patch', path: '/api/v1/orgs/{slug}/members/{id}', summary: 'Give a member another role; owners are made and unmade by owners only', action: 'admin', params: ById,
    body: z.object({ role: p.RoleName }), status: 200, response: p.Member, errors: [...tenant, 'conflict'],
  },
  removeMember: { method: 'delete', path: '/api/v1/orgs/{slug}/members/{id}', summary: 'Remove a member; their sessions no longer open the organization', action: 'admin', params: ById, status: 204, response: null, errors: [...tenant, 'conflict'] },
  leaveOrg: { method: 'post', path: '/api/v1/orgs/{slug}/leave', summary: 'Leave the organization', action: 'read', params: InOrg, status: 204, response: null, errors: [...tenant, 'conflict'] },
  listInvitations: { method: 'get', path: '/api/v1/orgs/{slug}/invitations', summary: 'Invitations that wait', action: 'admin', params: InOrg, status: 200, response: z.object({ invitations: z.array(p.Invitation) }), errors: tenant },
  createInvitation: {
    method: 'post', path: '/api/v1/orgs/{slug}/invitations', summary: 'Invite a person by mail; inviting again replaces the invitation before', action: 'admin', params: InOrg,
    body: z.object({ email: z.email().max(254), role: p.RoleName }), status: 201, response: p.Invitation, errors: [...tenant, 'conflict', 'limit_reached'],
  },
  revokeInvitation: { method: 'delete', path: '/api/v1/orgs/{slug}/invitations/{id}', summary: 'Take an invitation back', action: 'admin', params: ById, status: 204, response: null, errors: tenant },
  getInvitation: { method: 'get', path: '/api/v1/invitations/{id}', summary: 'An invitation for you', action: 'session', params: z.object({ id: z.string().min(1).max(60) }), status: 200, response: p.OwnInvitation, errors: own },
  acceptInvitation: { method: 'post', path: '/api/v1/invitations/{id}/accept', summary: 'Accept an invitation; you must be signed in with the invited address', action: 'session', params: z.object({ id: z.string().min(1).max(60) }), status: 200, response: e.Org, errors: [...own, 'conflict', 'limit_reached'] },
  listSessions: { method: 'get', path: '/api/v1/me/sessions', summary: 'Where you are signed in', action: 'session', status: 200, response: z.object({ sessions: z.array(p.SignInSession) }), errors: own },
  revokeSession: { method: 'delete', path: '/api/v1/me/sessions/{id}', summary: 'Sign out one of your sessions', action: 'session', params: z.object({ id: z.string().min(1).max(60) }), status: 204, response: null, errors: own },
  revokeOtherSessions: { method: 'delete', path: '/api/v1/me/sessions', summary: 'Sign out all of your sessions but this one', action: 'session', status: 204, response: null, errors: own },
  listAudit: {
    method: 'get', path: '/api/v1/orgs/{slug}/audit', summary: 'Every change, newest first', action: 'admin', params: InOrg,
    query: z.object({ before: z.string().regex(/^\d{1,18}$/).optional(), action: z.string().max(60).optional(), limit: z.coerce.number().int().min(1).max(200).default(50) }),
    status: 200, response: p.AuditPage, errors: tenant,
  },

  listClusters: { method: 'get', path: '/api/v1/orgs/{slug}/clusters', summary: 'Clusters', action: 'read', params: InOrg, status: 200, response: z.object({ clusters: z.array(e.Cluster) }), errors: tenant },
  createCluster: {
    method: 'post', path: '/api/v1/orgs/{slug}/clusters', summary: 'Add a cluster; its token is in this answer only', action: 'write', params: InOrg,
    body: z.object({ name: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/) }),
    status: 201, response: z.object({ cluster: e.Cluster, token: e.TokenOnce }), errors: [...tenant, 'name_taken', 'limit_reached'],
  },
  getCluster: { method: 'get', path: '/api/v1/orgs/{slug}/clusters/{clusterId}', summary: 'One cluster', action: 'read', params: InCluster, status: 200, response: e.Cluster, errors: tenant },
  deleteCluster: { method: 'delete', path: '/api/v1/orgs/{slug}/clusters/{clusterId}', summary: 'Remove a cluster and its data; its data plane is not touched', action: 'admin', params: InCluster, status: 204, response: null, errors: tenant },
  createClusterToken: { method: 'post', path: '/api/v1/orgs/{slug}/clusters/{clusterId}/tokens', summary: 'A further agent token for the cluster', action: 'write', params: InCluster, status: 201, response: e.TokenOnce, errors: [...tenant, 'limit_reached'] },
  listClusterTokens: { method: 'get', path: '/api/v1/orgs/{slug}/clusters/{clusterId}/tokens', summary: "The cluster's agent tokens", action: 'read', params: InCluster, status: 200, response: z.object({ tokens: z.array(e.ApiToken) }), errors: tenant },
  getConnection: { method: 'get', path: '/api/v1/orgs/{slug}/clusters/{clusterId}/connection', summary: 'How far the connecting of a cluster has come', action: 'read', params: InCluster, status: 200, response: e.Connection, errors: tenant },

  listTokens: { method: 'get', path: '/api/v1/orgs/{slug}/tokens', summary: 'API tokens', action: 'admin', params: InOrg, status: 200, response: z.object({ tokens: z.array(e.ApiToken) }), errors: tenant },
  createToken: {
    method: 'post', path: '/api/v1/orgs/{slug}/tokens', summary: 'Make an API token; the secret is in this answer only', action: 'admin', params: InOrg,
    body: z.object({ name: z.string().trim().min(1).max(80) }), status: 201, response: e.TokenOnce, errors: [...tenant, 'limit_reached'],
  },
  revokeToken: { method: 'delete', path: '/api/v1/orgs/{slug}/tokens/{id}', summary: 'Revoke an API or agent token', action: 'admin', params: ById, status: 204, response: null, errors: tenant },

  getHealth: { method: 'get', path: '/api/v1/orgs/{slug}/health', summary: "Every cluster's health", action: 'read', params: InOrg, query: RangeQuery, status: 200, response: e.Health, errors: tenant },
  getOnlyHealth: { method: 'get', path: '/api/v1/health', summary: "The same for a token's or a session's only organization", action: 'session', query: RangeQuery, status: 200, response: e.Health, errors: ['unauthenticated', 'token_invalid', 'invalid_request', 'org_required', 'rate_limited', 'internal', 'unavailable'] },
  getTopology: {
    method: 'get', path: '/api/v1/orgs/{slug}/clusters/{clusterId}/topology', summary: 'Who talks to whom in a range', action: 'read', params: InCluster,
    query: RangeQuery.extend({ namespace: z.string().optional() }), status: 200, response: e.Topology, errors: tenant,
  },
  listWorkloads: { method: 'get', path: '/api/v1/orgs/{slug}/clusters/{clusterId}/workloads', summary: 'Workloads with their golden metrics', action: 'read', params: InCluster, query: RangeQuery, status: 200, response: z.object({ range: e.Range, workloads: z.array(e.WorkloadRow) }), errors: tenant },
  getWorkload: {
    method: 'get', path: '/api/v1/orgs/{slug}/clusters/{clusterId}/workloads/{namespace}/{kind}/{name}', summary: 'One workload: golden metrics, callers, callees, routes, proxies', action: 'read',
    params: InCluster.extend({ namespace: z.string(), kind: z.string(), name: z.string() }), query: RangeQuery, status: 200, response: e.Workload, errors: tenant,
  },
  getSeries: {
    method: 'get', path: '/api/v1/orgs/{slug}/clusters/{clusterId}/series', summary: 'Golden metrics over time', action: 'read', params: InCluster,
    query: SeriesQuery,
    status: 200, response: e.Series, errors: tenant,
  },

  getHeatmap: { method: 'get', path: '/api/v1/orgs/{slug}/clusters/{clusterId}/heatmap', summary: 'Requests by latency over time', action: 'read', params: InCluster, query: SeriesQuery, status: 200, response: h.Heatmap, errors: tenant },
  listGaps: { method: 'get', path: '/api/v1/orgs/{slug}/clusters/{clusterId}/gaps', summary: 'What is missing in a range and why, and what of it was imported', action: 'read', params: InCluster, query: RangeQuery, status: 200, response: h.Gaps, errors: tenant },
  listMarks: { method: 'get', path: '/api/v1/orgs/{slug}/clusters/{clusterId}/marks', summary: 'Incidents, rollouts and versions of a range', action: 'read', params: InCluster, query: RangeQuery, status: 200, response: h.Marks, errors: tenant },
  getTopologyChanges: { method: 'get', path: '/api/v1/orgs/{slug}/clusters/{clusterId}/topology/changes', summary: 'What differs between two moments', action: 'read', params: InCluster, query: TwoMoments, status: 200, response: h.TopologyChanges, errors: tenant },
  importHistory: {
    method: 'post', path: '/api/v1/orgs/{slug}/clusters/{clusterId}/history', summary: 'Import hours of history, marked as imported; owners only, and the same body again changes nothing', action: 'own', params: InCluster,
    body: h.History, bodyBytesMax: h.HISTORY_BODY_BYTES_MAX, status: 200, response: h.HistoryImport, errors: tenant,
  },
  exportHistory: {
    method: 'get', path: '/api/v1/orgs/{slug}/clusters/{clusterId}/history', summary: 'Export hours of history in the form that an import takes, share by share', action: 'read', params: InCluster,
    query: TwoMoments, status: 200, response: h.HistoryExport, errors: tenant,
  },

  startTap: {
    method: 'post', path: '/api/v1/orgs/{slug}/clusters/{clusterId}/taps', summary: 'Begin to look at exchanges as they happen; recorded with who looks', action: 'write', params: InCluster, body: t.TapInput,
    status: 201, response: t.Tap, errors: [...tenant, 'limit_reached'],
  },
  readTap: {
    method: 'get', path: '/api/v1/orgs/{slug}/clusters/{clusterId}/taps/{id}', summary: 'What a tap saw since `after`; a tap that nobody reads ends', action: 'write', params: InCluster.extend({ id: z.string().min(1).max(60) }),
    query: z.object({ after: z.string().regex(/^[0-9]{0,18}$/).default('') }), status: 200, response: t.TapPage, errors: tenant,
  },
  stopTap: { method: 'delete', path: '/api/v1/orgs/{slug}/clusters/{clusterId}/taps/{id}', summary: 'End a tap', action: 'write', params: InCluster.extend({ id: z.string().min(1).max(60) }), status: 204, response: null, errors: tenant },

  listRules: { method: 'get', path: '/api/v1/orgs/{slug}/rules', summary: 'Alert rules with their states', action: 'read', params: InOrg, status: 200, response: z.object({ rules: z.array(e.Rule) }), errors: tenant },
  createRule: { method: 'post', path: '/api/v1/orgs/{slug}/rules', summary: 'Make an alert rule', action: 'write', params: InOrg, body: e.RuleInput, status: 201, response: e.Rule, errors: [...tenant, 'limit_reached'] },
  getRule: { method: 'get', path: '/api/v1/orgs/{slug}/rules/{id}', summary: 'One alert rule', action: 'read', params: ById, status: 200, response: e.Rule, errors: tenant },
  updateRule: { method: 'put', path: '/api/v1/orgs/{slug}/rules/{id}', summary: 'Replace an alert rule', action: 'write', params: ById, body: e.RuleInput, status: 200, response: e.Rule, errors: tenant },
  deleteRule: { method: 'delete', path: '/api/v1/orgs/{slug}/rules/{id}', summary: 'Delete an alert rule; its open incidents resolve', action: 'write', params: ById, status: 204, response: null, errors: tenant },

  listChannels: { method: 'get', path: '/api/v1/orgs/{slug}/channels', summary: 'Where alerts go', action: 'read', params: InOrg, status: 200, response: z.object({ channels: z.array(e.Channel) }), errors: tenant },
  createChannel: {
    method: 'post', path: '/api/v1/orgs/{slug}/channels', summary: 'Add a webhook; its signing secret is in this answer only', action: 'write', params: InOrg,
    body: z.object({ kind: z.literal('webhook'), name: z.string().trim().min(1).max(80), url: z.url({ protocol: /^https?$/ }).max(2000) }),
    status: 201, response: e.ChannelOnce, errors: [...tenant, 'address_refused', 'limit_reached'],
  },
  deleteChannel: { method: 'delete', path: '/api/v1/orgs/{slug}/channels/{id}', summary: 'Remove a channel', action: 'write', params: ById, status: 204, response: null, errors: tenant },
  testChannel: { method: 'post', path: '/api/v1/orgs/{slug}/channels/{id}/test', summary: 'Send a test event', action: 'write', params: ById, status: 201, response: e.Delivery, errors: tenant },
  listDeliveries: { method: 'get', path: '/api/v1/orgs/{slug}/channels/{id}/deliveries', summary: 'The newest 100 deliveries of a channel', action: 'read', params: ById, status: 200, response: z.object({ deliveries: z.array(e.Delivery) }), errors: tenant },

  listIncidents: {
    method: 'get', path: '/api/v1/orgs/{slug}/incidents', summary: 'Incidents, newest first', action: 'read', params: InOrg,
    query: z.object({ state: z.enum(['open', 'resolved']).optional(), clusterId: z.string().optional(), limit: z.coerce.number().int().min(1).max(200).default(50) }),
    status: 200, response: z.object({ incidents: z.array(e.Incident) }), errors: tenant,
  },
  getIncident: { method: 'get', path: '/api/v1/orgs/{slug}/incidents/{id}', summary: 'One incident: why, since when, what happened', action: 'read', params: ById, status: 200, response: e.Incident, errors: tenant },
} as const satisfies Record<string, Call>;

export type CallName = keyof typeof calls;
