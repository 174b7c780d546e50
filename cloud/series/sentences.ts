/** The line in words that opens each page, made from the page's own numbers. Pure. */
import type { Golden, HealthStatus } from '../wire/entities.ts';
import { nameOf } from './edge.ts';
import { age, clock, counted, percent, rate } from './words.ts';

export interface FleetStory {
  readonly clusters: readonly { readonly name: string; readonly status: HealthStatus; readonly silentMs: number | null }[];
  /** The worst trouble in the fleet, when something fails. */
  readonly worst: { readonly cluster: string; readonly workload: string; readonly failureShare: number; readonly sinceMs: number | null; readonly origin: string | null } | null;
  readonly nowMs: number;
}

/** `2 of 14 clusters need attention: payments in eu-west fails 8 % of requests since 14:02 UTC, starting at ledger-db.` */
export function fleetSentence(story: FleetStory): string {
  const total = story.clusters.length;
  if (total === 0) return 'No cluster is connected yet.';
  const troubled = story.clusters.filter((cluster) => cluster.status !== 'ok' && cluster.status !== 'nodata');
  const quiet = story.clusters.filter((cluster) => cluster.status === 'nodata');
  if (troubled.length === 0) return quietFleet(total, quiet.length);
  const head = `${total === 1 ? 'The only cluster needs' : `${troubled.length} of ${counted(total, 'cluster')} ${troubled.length === 1 ? 'needs' : 'need'}`} attention`;
  if (story.worst) return `${head}: ${worstText(story.worst, story.nowMs)}.`;
  const stale = troubled.find((cluster) => cluster.status === 'stale') ?? troubled[0];
  return stale ? `${head}: ${silence(stale.name, stale.silentMs)}.` : `${head}.`;
}

function quietFleet(total: number, quiet: number): string {
  if (quiet === total) return total === 1 ? 'The only cluster has too little traffic to judge.' : `None of ${counted(total, 'cluster')} has enough traffic to judge.`;
  const well = total - quiet;
  const head = quiet > 0 ? `${well} of ${counted(total, 'cluster')} ${well === 1 ? 'is' : 'are'} healthy` : total === 1 ? 'The only cluster is healthy' : `All ${total} clusters are healthy`;
  return quiet > 0 ? `${head}; ${quiet === 1 ? 'one has' : `${quiet} have`} too little traffic to judge.` : `${head}.`;
}

function worstText(worst: NonNullable<FleetStory['worst']>, nowMs: number): string {
  const since = worst.sinceMs === null ? '' : ` since ${clock(worst.sinceMs, nowMs)}`;
  const start = worst.origin === null || worst.origin === worst.workload ? '' : `, starting at ${nameOf(worst.origin)}`;
  return `${nameOf(worst.workload)} in ${worst.cluster} fails ${percent(worst.failureShare)} of requests${since}${start}`;
}

function silence(name: string, silentMs: number | null): string {
  return silentMs === null ? `the agent of ${name} was never heard of` : `the agent of ${name} has been silent for ${age(silentMs)}`;
}

export interface GraphStory {
  readonly workloads: number;
  readonly edges: readonly { readonly source: string; readonly service: string; readonly status: HealthStatus; readonly golden: Golden }[];
}

/** `14 workloads, 23 edges, 120 requests/s: web → cart fails 4.2 %, the worst of 3 troubled edges.` */
export function graphSentence(story: GraphStory): string {
  const perSecond = story.edges.reduce((sum, edge) => sum + edge.golden.requestsPerSecond, 0);
  if (story.edges.length === 0) return `${counted(story.workloads, 'workload')}, and no traffic in this range.`;
  const head = `${counted(story.workloads, 'workload')}, ${counted(story.edges.length, 'edge')}, ${rate(perSecond)} requests/s`;
  const troubled = story.edges.filter((edge) => edge.status === 'degraded' || edge.status === 'failing');
  const worst = troubled.toSorted((a, b) => failed(b.golden) - failed(a.golden))[0];
  if (!worst) return `${head}, and no edge is in trouble.`;
  const call = `${worst.source === '' ? 'outside' : nameOf(worst.source)} → ${nameOf(worst.service)} fails ${percent(1 - (worst.golden.successRate ?? 1))}`;
  return `${head}: ${call}${troubled.length > 1 ? `, the worst of ${troubled.length} troubled edges` : ''}.`;
}

function failed(golden: Golden): number {
  return golden.failures.app + golden.failures.mesh;
}

export interface WorkloadStory {
  readonly name: string;
  readonly golden: Golden;
  readonly meshed: boolean;
  readonly origin: string | null;
}

/** `cart fails 4.2 % of 31 requests/s, most of them its own app's faults, starting at ledger-db.` */
export function workloadSentence(story: WorkloadStory): string {
  const { golden, name } = story;
  if (golden.requests === 0) {
    if (golden.connections > 0) return `${name} took ${counted(golden.connections, 'connection')} and no request in this range.`;
    return story.meshed ? `${name} got no request in this range.` : `${name} has no sidecar, so only its callers see its requests.`;
  }
  const load = `${rate(golden.requestsPerSecond)} requests/s`;
  const share = 1 - (golden.successRate ?? 1);
  if (share === 0) return `${name} serves ${load} without a failure.`;
  const start = story.origin === null ? '' : `, starting at ${nameOf(story.origin)}`;
  return `${name} fails ${percent(share)} of ${load}, ${blame(golden)}${start}.`;
}

function blame(golden: Golden): string {
  const { app, mesh } = golden.failures;
  if (mesh === 0) return 'all of them the app’s faults';
  if (app === 0) return 'all of them mesh faults';
  return `${percent(app / (app + mesh))} of them the app’s faults, the rest the mesh’s`;
}
