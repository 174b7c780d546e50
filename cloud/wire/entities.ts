/** What the API speaks of. Times are ISO 8601 strings or, in series, ms since 1970; shares and rates are 0…1; latencies ms. */
import { z } from 'zod';

export const Instant = z.iso.datetime();
const Count = z.number().int().nonnegative();

/** ok, degraded (< 99 %), failing (< 90 %) over 5 minutes with at least 20 requests; `nodata`: connected, too little traffic; `stale`: the agent is silent. */
export const HealthStatus = z.enum(['ok', 'degraded', 'failing', 'nodata', 'stale']);
export type HealthStatus = z.infer<typeof HealthStatus>;

export const LatencyMs = z.object({ p50: z.number().nullable(), p95: z.number().nullable(), p99: z.number().nullable() });

/**
 * Golden metrics of a range. successRate = 1 − (app + mesh) / (requests − client), null without such requests.
 * HTTP and gRPC only; connections of opaque protocols are in `connections`.
 */
export const Golden = z.object({
  requests: Count,
  requestsPerSecond: z.number().nonnegative(),
  successRate: z.number().min(0).max(1).nullable(),
  failures: z.object({ app: Count, mesh: Count, client: Count }),
  retries: Count,
  latencyMs: LatencyMs,
  /** Share of the requests that came over mutual TLS. */
  mtlsShare: z.number().min(0).max(1).nullable(),
  connections: Count,
  bytesPerSecond: z.number().nonnegative(),
  /** Mean time of a request split into app, network and queue, ms; null without requests. */
  timeMs: z.object({ app: z.number(), network: z.number(), queue: z.number() }).nullable(),
});
export type Golden = z.infer<typeof Golden>;

/** The range that was really read: aligned to what is stored of it, ms since 1970, `toMs` excluded. */
export const Range = z.object({
  fromMs: z.number().int(),
  toMs: z.number().int(),
  /** Length of the finest piece of time that the numbers know: a point of a series, else the stored windows. */
  resolutionMs: z.number().int(),
  /** Sources of imported hours in the range, for a label such as *generated history*; absent when all is measured. */
  imported: z.array(z.string()).optional(),
});

export const Point = z.object({
  startMs: z.number().int(),
  requests: Count,
  failuresApp: Count,
  failuresMesh: Count,
  failuresClient: Count,
  retries: Count,
  successRate: z.number().nullable(),
  requestsPerSecond: z.number(),
  p50: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
  /** True: no window of the cluster covers this point, which is not the same as no traffic. */
  gap: z.boolean(),
  /** True: its numbers, or some of them, were imported and not measured by this mesh. */
  imported: z.boolean(),
});
export type Point = z.infer<typeof Point>;

export const Series = z.object({ range: Range, points: z.array(Point), total: Golden });
export type Series = z.infer<typeof Series>;

export const Me = z.object({
  user: z.object({ id: z.string(), email: z.string(), name: z.string(), emailVerified: z.boolean() }).nullable(),
  actor: z.enum(['user', 'token']),
  orgs: z.array(z.object({ slug: z.string(), name: z.string(), role: z.string() })),
});
export type Me = z.infer<typeof Me>;

export const Org = z.object({ slug: z.string(), name: z.string(), role: z.string(), createdAt: Instant });
export type Org = z.infer<typeof Org>;

export const Cluster = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: Instant,
  platform: z.enum(['host', 'kubernetes']).nullable(),
  agent: z.object({ connected: z.boolean(), version: z.string().nullable(), lastSeen: Instant.nullable() }),
  trust: z.object({ domain: z.string().nullable(), anchorNotAfter: Instant.nullable() }),
});
export type Cluster = z.infer<typeof Cluster>;

/** A secret shown once, in the answer that made it. */
export const TokenOnce = z.object({ id: z.string(), token: z.string(), prefix: z.string() });

export const ApiToken = z.object({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  createdAt: Instant,
  lastUsedAt: Instant.nullable(),
  revokedAt: Instant.nullable(),
});
export type ApiToken = z.infer<typeof ApiToken>;

export const ConnectionStep = z.object({
  key: z.enum(['token', 'agent', 'proxy', 'request']),
  title: z.string(),
  state: z.enum(['done', 'current', 'waiting']),
  at: Instant.nullable(),
  /** What was seen so far, in words. */
  seen: z.string(),
  /** What to try when the step takes long: a sentence, and a command where there is one. */
  remedy: z.string().nullable(),
  command: z.string().nullable(),
});
export const Connection = z.object({ cluster: Cluster, steps: z.array(ConnectionStep), complete: z.boolean() });
export type Connection = z.infer<typeof Connection>;

export const HealthCluster = z.object({
  id: z.string(),
  name: z.string(),
  status: HealthStatus,
  successRate: z.number().nullable(),
  requestsPerSecond: z.number(),
  latencyMs: LatencyMs,
  mtlsShare: z.number().nullable(),
  lastSeen: Instant.nullable(),
  agent: z.object({ connected: z.boolean(), version: z.string().nullable() }),
  proxies: z.object({ total: Count, ready: Count, versions: z.array(z.string()) }),
  workloads: Count,
  /** Days until the first leaf or trust anchor of the cluster expires. */
  certificateNotAfter: Instant.nullable(),
  openIncidents: Count,
  /** Worst workload by failures in the range, when the cluster isn't ok. */
  worst: z.object({ workload: z.string(), successRate: z.number(), origin: z.string().nullable() }).nullable(),
  strip: z.object({
    startMs: z.number(), stepMs: z.number(), points: z.array(z.object({ requests: Count, failures: Count, gap: z.boolean(), imported: z.boolean() })),
    /** Sources of its imported points; absent without any. */
    imported: z.array(z.string()).optional(),
  }),
});
export const Health = z.object({ range: Range, sentence: z.string(), clusters: z.array(HealthCluster) });
export type Health = z.infer<typeof Health>;
export type HealthCluster = z.infer<typeof HealthCluster>;

export const TopologyNode = z.object({
  /** Workload key, or `service:<service key>` for a destination without a workload, or `outside` for callers outside the mesh. */
  key: z.string(),
  kind: z.enum(['workload', 'service', 'outside']),
  namespace: z.string(),
  name: z.string(),
  meshed: z.boolean(),
  instances: Count,
  status: HealthStatus,
  /** Inbound view; null when the node has none in the range. */
  golden: Golden.nullable(),
});
export const TopologyEdge = z.object({
  id: z.string(),
  source: z.string(),
  target: z.string(),
  service: z.string(),
  protocol: z.string(),
  tls: z.enum(['mtls', 'plain']),
  golden: Golden,
  status: HealthStatus,
  /** Exchanges under way now; absent for none, and for a range of the past. */
  open: Count.optional(),
});
export const Topology = z.object({
  range: Range,
  sentence: z.string(),
  nodes: z.array(TopologyNode),
  edges: z.array(TopologyEdge),
});
export type Topology = z.infer<typeof Topology>;
export type TopologyNode = z.infer<typeof TopologyNode>;
export type TopologyEdge = z.infer<typeof TopologyEdge>;

export const WorkloadRow = z.object({
  key: z.string(),
  namespace: z.string(),
  kind: z.string(),
  name: z.string(),
  meshed: z.boolean(),
  instances: Count,
  status: HealthStatus,
  golden: Golden,
  /** Calls to it under way now; absent as for an edge. */
  open: Count.optional(),
});
export type WorkloadRow = z.infer<typeof WorkloadRow>;

/** A caller or callee of a workload: one edge, with the share of the workload's failures that it sees or causes. */
export const Neighbour = z.object({
  workload: z.string().nullable().describe('Null: outside the mesh, or no endpoint'),
  service: z.string(),
  /** The edge's id in the topology, for its series. */
  edge: z.string(),
  protocol: z.string(),
  tls: z.enum(['mtls', 'plain']),
  golden: Golden,
  failureShare: z.number().nullable(),
  status: HealthStatus,
  /** Exchanges under way now; absent as for an edge. */
  open: Count.optional(),
});
export const ProxyInfo = z.object({
  instance: z.string(),
  name: z.string(),
  version: z.string(),
  identity: z.string().nullable(),
  ready: z.boolean(),
  connected: z.boolean(),
  certificateNotAfter: Instant.nullable(),
});
export const RouteInfo = z.object({ route: z.string(), service: z.string(), golden: Golden });
export const Workload = z.object({
  range: Range,
  sentence: z.string(),
  workload: WorkloadRow,
  serviceAccount: z.string().nullable(),
  identity: z.string().nullable(),
  services: z.array(z.string()),
  callers: z.array(Neighbour),
  callees: z.array(Neighbour),
  routes: z.array(RouteInfo),
  proxies: z.array(ProxyInfo),
});
export type Workload = z.infer<typeof Workload>;
export type Neighbour = z.infer<typeof Neighbour>;

/**
 * Which requests a rule watches; all given fields must match, none given means every cluster's inbound requests.
 * `service` reads the edges to that service (the callers' view where they are meshed); else the workloads' inbound view.
 * A rule is evaluated for each cluster apart: one open incident per rule and cluster.
 */
export const RuleScope = z.object({
  clusterId: z.string().nullable(),
  namespace: z.string().nullable(),
  workload: z.string().nullable().describe('Workload key namespace/kind/name'),
  service: z.string().nullable().describe('Service key namespace/name'),
});
export type RuleScope = z.infer<typeof RuleScope>;

export const RuleInput = z.object({
  name: z.string().trim().min(1).max(120),
  scope: RuleScope,
  /** Fires when the success rate of the window is below this. */
  threshold: z.number().gt(0).lte(1),
  windowSeconds: z.number().int().min(60).max(86_400),
  /** Fewer requests in the window than this: no opinion, the state stays. */
  minRequests: z.number().int().min(1).max(1_000_000),
  severity: z.enum(['critical', 'warning', 'info']),
  enabled: z.boolean(),
  channelIds: z.array(z.string()).max(20),
});
export type RuleInput = z.infer<typeof RuleInput>;

export const RuleState = z.object({
  clusterId: z.string(),
  clusterName: z.string(),
  state: z.enum(['ok', 'firing', 'nodata']),
  since: Instant,
  evaluatedAt: Instant,
  successRate: z.number().nullable(),
  requests: Count,
});
export const Rule = RuleInput.extend({ id: z.string(), kind: z.literal('success_rate'), createdAt: Instant, states: z.array(RuleState) });
export type Rule = z.infer<typeof Rule>;

export const Channel = z.object({
  id: z.string(),
  kind: z.literal('webhook'),
  name: z.string(),
  url: z.string(),
  createdAt: Instant,
  /** Set when the receiver answered 410 Gone; nothing is sent until a test is delivered. */
  disabledAt: Instant.nullable(),
});
export type Channel = z.infer<typeof Channel>;

/** `secret` (Standard Webhooks, `whsec_…`) is shown once, in the answer that made it. */
export const ChannelOnce = Channel.extend({ secret: z.string() });

export const Delivery = z.object({
  id: z.string(),
  channelId: z.string(),
  event: z.enum(['incident.opened', 'incident.resolved', 'channel.test']),
  incidentId: z.string().nullable(),
  state: z.enum(['pending', 'delivered', 'failed']),
  attempts: Count,
  createdAt: Instant,
  deliveredAt: Instant.nullable(),
  nextAttemptAt: Instant.nullable(),
  lastError: z.string().nullable(),
});
export type Delivery = z.infer<typeof Delivery>;

export const PathStep = z.object({ workload: z.string().nullable(), service: z.string().nullable(), failureShare: z.number(), requests: Count });
export const Incident = z.object({
  id: z.string(),
  ruleId: z.string(),
  ruleName: z.string(),
  severity: z.enum(['critical', 'warning', 'info']),
  clusterId: z.string(),
  clusterName: z.string(),
  state: z.enum(['open', 'resolved']),
  openedAt: Instant,
  resolvedAt: Instant.nullable(),
  /** One line in words: what fails, since when, starting where. */
  sentence: z.string(),
  threshold: z.number(),
  successRate: z.number().nullable(),
  worstSuccessRate: z.number().nullable(),
  scope: RuleScope,
  /** From the symptom to where the failures start, by the edges of the window that fired. */
  path: z.array(PathStep),
  events: z.array(z.object({ at: Instant, kind: z.enum(['opened', 'updated', 'resolved']), text: z.string() })),
});
export type Incident = z.infer<typeof Incident>;
