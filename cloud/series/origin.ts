/** Where a failure starts: from the symptom down the calls that fail most, to the workload whose own callees don't explain it. Pure. */
import { isEdgeView, isRequestProtocol } from './edge.ts';
import type { EdgeTotal } from './edge.ts';

/** One step from the symptom to the origin. `failureShare` is the share of its requests that failed, 0…1. */
export interface OriginStep {
  readonly workload: string | null;
  readonly service: string | null;
  readonly failureShare: number;
  readonly requests: number;
}

/** Where to begin: a workload, else the edges to a service. */
export interface Symptom {
  readonly workload?: string;
  readonly service?: string;
}

/** Calls deep; more than any sane chain of services. */
const DEPTH_MAX = 20;
/** A callee explains its caller when its failures are at least this share of the caller's own. */
const EXPLAINS_SHARE_MIN = 0.5;
/** Below this share of failing requests an edge counts as healthy. */
const FAILING_SHARE_MIN = 0.01;

interface Group {
  readonly workload: string | null;
  readonly service: string | null;
  requests: number;
  judged: number;
  failures: number;
}

/** False: no callee can explain what its caller fails, as none of the calls fails enough. */
export function mayExplain(edge: EdgeTotal): boolean {
  return (edge.failuresApp + edge.failuresMesh) / Math.max(1, edge.requests - edge.failuresClient) >= FAILING_SHARE_MIN;
}

/** The path from the symptom (first) to the origin (last); the origin alone when the symptom explains itself; empty without failures. */
export function origin(edges: readonly EdgeTotal[], symptom: Symptom): OriginStep[] {
  const requests = edges.filter((edge) => isRequestProtocol(edge.protocol));
  let at = symptom.workload === undefined ? serviceView(requests, symptom.service ?? '') : ownView(requests, symptom.workload);
  if (at === null || at.failures === 0) return [];
  const path = [at];
  const passed = new Set([nameOfGroup(at)]);
  while (path.length < DEPTH_MAX) {
    const next = worstCallee(requests, at, passed);
    if (next === null) break;
    path.push(next);
    passed.add(nameOfGroup(next));
    at = next;
  }
  return path.map(({ workload, service, requests: count, judged, failures }) => ({ workload, service, requests: count, failureShare: judged > 0 ? failures / judged : 0 }));
}

function nameOfGroup(group: Group): string {
  return group.workload ?? `service:${group.service ?? ''}`;
}

/** A workload's inbound view; where it has none (no sidecar), its callers'. */
function ownView(edges: readonly EdgeTotal[], workload: string): Group | null {
  const inbound = edges.filter((edge) => edge.direction === 'inbound' && edge.destination === workload);
  const seen = inbound.length > 0 ? inbound : edges.filter((edge) => edge.direction === 'outbound' && edge.destination === workload);
  const worst = groupBy(seen, () => workload)[0];
  return worst ? { ...worst, workload } : null;
}

/** The edges to a service, as its worst workload. */
function serviceView(edges: readonly EdgeTotal[], service: string): Group | null {
  const groups = groupBy(edges.filter((edge) => isEdgeView(edge) && edge.service === service), (edge) => edge.destination);
  return worstOf(groups);
}

/** The callee whose failures explain most of the caller's own. */
function worstCallee(edges: readonly EdgeTotal[], caller: Group, passed: ReadonlySet<string>): Group | null {
  if (caller.workload === null) return null;
  const calls = edges.filter((edge) => edge.direction === 'outbound' && edge.source === caller.workload);
  const groups = groupBy(calls, (edge) => edge.destination || `service:${edge.service}`).filter((group) => !passed.has(nameOfGroup(group)));
  const worst = worstOf(groups);
  if (!worst || worst.failures < caller.failures * EXPLAINS_SHARE_MIN) return null;
  return worst.failures / Math.max(1, worst.judged) >= FAILING_SHARE_MIN ? worst : null;
}

function worstOf(groups: readonly Group[]): Group | null {
  return groups.reduce<Group | null>((worst, group) => (worst === null || group.failures > worst.failures ? group : worst), null);
}

function groupBy(edges: readonly EdgeTotal[], keyOf: (edge: EdgeTotal) => string): Group[] {
  const groups = new Map<string, Group>();
  for (const edge of edges) {
    const key = keyOf(edge);
    const group = groups.get(key) ?? { workload: edge.destination || null, service: edge.service || null, requests: 0, judged: 0, failures: 0 };
    group.requests += edge.requests;
    group.judged += edge.requests - edge.failuresClient;
    group.failures += edge.failuresApp + edge.failuresMesh;
    groups.set(key, group);
  }
  return [...groups.values()];
}
