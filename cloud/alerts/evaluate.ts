/** Evaluates a claimed rule: each cluster of it is judged in one transaction, with its state, incident, event and deliveries. */
import type { Sql, Transaction } from '../db/client.ts';
import { tenant } from '../db/tenant.ts';
import type { OrgId } from '../db/tenant.ts';
import type { EdgeTotal } from '../series/edge.ts';
import type { EntityNames } from '../series/names.ts';
import { origin } from '../series/origin.ts';
import { lastWindowEndMs, readTotals } from '../series/read.ts';
import type { EdgeReads } from './edge-reads.ts';
import { EVALUATE_EVERY_MS, evaluationIntervalMs } from './due.ts';
import { openIncident, resolveIncident, resolveOfRule, updateIncident } from './incident.ts';
import type { AlertScene } from './incident.ts';
import { openedSentence, resolvedText } from './sentence.ts';
import type { RuleScope, Story } from './sentence.ts';
import { failingSinceMs } from './since.ts';
import { scopeTotals, symptomOf } from './symptom.ts';
import { countable, judge, QUIET_WINDOWS } from './transition.ts';
import type { Judgement, PreviousState, ResolveReason, WindowTotals } from './transition.ts';

interface Rule {
  readonly id: string;
  readonly name: string;
  readonly scope: RuleScope;
  readonly threshold: number;
  readonly windowSeconds: number;
  readonly minRequests: number;
  readonly severity: string;
  readonly channelIds: readonly string[];
}

interface Cluster {
  readonly id: string;
  readonly name: string;
  readonly windowMs: number;
}

export interface Evaluated {
  readonly clusterId: string;
  readonly change: 'none' | 'opened' | 'updated' | 'resolved';
}

export interface Evaluator {
  readonly sql: Sql;
  readonly names: EntityNames;
  /** Shared by the rules of one run. */
  readonly reads: EdgeReads;
  /** A cluster that could not be evaluated doesn't keep the others from it; the rule is due again anyway. */
  readonly onFault: (fault: unknown, ruleId: string, clusterId: string) => void;
}

/** Evaluates one claimed rule for each of its clusters, a transaction each. */
export async function evaluateRule(evaluator: Evaluator, scene: AlertScene, ruleId: string): Promise<Evaluated[]> {
  const handle = tenant(evaluator.sql, scene.orgId);
  const clusters = await handle.transaction((tx) => begin(tx, scene, ruleId));
  const evaluated: Evaluated[] = [];
  for (const cluster of clusters) {
    try {
      const change = await handle.transaction((tx) => evaluateCluster(tx, evaluator, scene, ruleId, cluster));
      evaluated.push({ clusterId: cluster.id, change });
    } catch (fault) {
      evaluator.onFault(fault, ruleId, cluster.id);
    }
  }
  return evaluated;
}

/** The rule's clusters; incidents of clusters that are gone or out of the scope by now end here. */
async function begin(tx: Transaction, scene: AlertScene, ruleId: string): Promise<Cluster[]> {
  const rule = await lockRule(tx, scene.orgId, ruleId);
  if (rule === null) return [];
  const intervalMs = evaluationIntervalMs(rule.windowSeconds);
  if (intervalMs > EVALUATE_EVERY_MS) {
    await tx`update tenant.alert_rule set due_at = ${new Date(scene.nowMs + intervalMs)} where org_id = ${scene.orgId} and id = ${ruleId}`;
  }
  const rows = await tx<{ id: string; name: string; window_ms: number }[]>`
    select id, name, window_ms from tenant.cluster
    where org_id = ${scene.orgId} and (${rule.scope.clusterId}::text is null or id = ${rule.scope.clusterId}) order by id`;
  await resolveOfRule(tx, scene, ruleId, 'The cluster is gone, or the rule no longer watches it', rows.map((row) => row.id));
  return rows.map((row) => ({ id: row.id, name: row.name, windowMs: row.window_ms }));
}

/** Evaluators and edits of one rule take turns on its row; null when it is gone or switched off. */
async function lockRule(tx: Transaction, orgId: OrgId, ruleId: string): Promise<Rule | null> {
  const [row] = await tx<{
    id: string; name: string; scope: RuleScope; threshold: number; window_seconds: number; min_requests: number; severity: string; channel_ids: string[];
  }[]>`
    select id, name, scope, threshold, window_seconds, min_requests, severity, channel_ids from tenant.alert_rule
    where org_id = ${orgId} and id = ${ruleId} and enabled for no key update`;
  if (row === undefined) return null;
  const { id, name, scope, threshold, severity } = row;
  return { id, name, scope, threshold, severity, windowSeconds: row.window_seconds, minRequests: row.min_requests, channelIds: row.channel_ids };
}

/** What the newest window of a cluster shows. */
interface View {
  readonly totals: WindowTotals;
  readonly quiet: boolean;
  readonly edges: readonly EdgeTotal[];
  readonly range: { readonly fromMs: number; readonly toMs: number };
}

async function evaluateCluster(
  tx: Transaction, evaluator: Evaluator, scene: AlertScene, ruleId: string, cluster: Cluster,
): Promise<Evaluated['change']> {
  const rule = await lockRule(tx, scene.orgId, ruleId);
  if (rule === null) return 'none';
  const view = await look(tx, evaluator, scene, rule, cluster);
  const stored = await readState(tx, scene.orgId, ruleId, cluster.id);
  const judgement = judge(rule, { totals: view.totals, quiet: view.quiet, nowMs: scene.nowMs }, stored.previous);
  const finding = { rule, cluster, view, judgement, incidentId: stored.incidentId };
  const applied = await apply(tx, evaluator.names, scene, finding);
  await writeState(tx, scene, finding, applied.incidentId);
  return applied.change;
}

async function look(tx: Transaction, { names, reads }: Evaluator, scene: AlertScene, rule: Rule, cluster: Cluster): Promise<View> {
  const windowMs = rule.windowSeconds * 1_000;
  const toMs = (await lastWindowEndMs(tx, scene.orgId, cluster.id)) ?? 0;
  const range = { fromMs: toMs - windowMs, toMs };
  const quietMs = QUIET_WINDOWS * windowMs;
  const nothing = { requests: 0, failuresApp: 0, failuresMesh: 0, failuresClient: 0 };
  if (toMs <= scene.nowMs - quietMs) return { totals: nothing, quiet: true, edges: [], range };
  const edges = await reads.edges(tx, scene.orgId, cluster.id, range);
  const totals = scopeTotals(edges, rule.scope);
  if (totals.requests > 0) return { totals, quiet: false, edges, range };
  const before = await readTotals(tx, scene.orgId, cluster.id, rule.scope, toMs - quietMs, toMs, names);
  return { totals, quiet: before.requests === 0, edges, range };
}

async function readState(tx: Transaction, orgId: OrgId, ruleId: string, clusterId: string): Promise<{ previous: PreviousState | null; incidentId: string | null }> {
  const [open] = await tx<{ id: string }[]>`
    select id from tenant.incident where org_id = ${orgId} and rule_id = ${ruleId} and cluster_id = ${clusterId} and resolved_at is null`;
  const [state] = await tx<{ state: PreviousState['state']; since: Date }[]>`
    select state, since from tenant.alert_state where org_id = ${orgId} and rule_id = ${ruleId} and cluster_id = ${clusterId}`;
  const incidentId = open?.id ?? null;
  if (state === undefined && incidentId === null) return { previous: null, incidentId };
  return { previous: { state: state?.state ?? 'nodata', sinceMs: state?.since.getTime() ?? 0, open: incidentId !== null }, incidentId };
}

interface Finding {
  readonly rule: Rule;
  readonly cluster: Cluster;
  readonly view: View;
  readonly judgement: Judgement;
  readonly incidentId: string | null;
}

/** Opens, updates or resolves; answers what changed and which incident is open afterwards. */
async function apply(tx: Transaction, names: EntityNames, scene: AlertScene, finding: Finding): Promise<{ change: Evaluated['change']; incidentId: string | null }> {
  const { judgement, incidentId } = finding;
  switch (judgement.transition.kind) {
    case 'none':
      return { change: 'none', incidentId };
    case 'opened':
      return { change: 'opened', incidentId: await open(tx, names, scene, finding) };
    case 'continued':
      return { change: (await proceed(tx, scene, finding)) ? 'updated' : 'none', incidentId };
    case 'resolved':
      if (incidentId !== null) await resolveIncident(tx, scene, incidentId, endText(finding, judgement.transition.reason));
      return { change: 'resolved', incidentId: null };
    default:
      return judgement.transition satisfies never;
  }
}

async function open(tx: Transaction, names: EntityNames, scene: AlertScene, finding: Finding): Promise<string> {
  const { rule, cluster, view } = finding;
  const sinceMs = await failingSinceMs(view.range, cluster.windowMs, rule.threshold, (slice) =>
    readTotals(tx, scene.orgId, cluster.id, rule.scope, slice.fromMs, slice.toMs, names));
  const story = tell(scene, finding, sinceMs);
  return openIncident(tx, scene, { rule, cluster, sinceMs, sentence: openedSentence(story), successRate: story.successRate, path: story.path });
}

/** A firing window keeps the incident's numbers and path; silence and too little traffic say nothing about them. */
async function proceed(tx: Transaction, scene: AlertScene, finding: Finding): Promise<boolean> {
  const { judgement, incidentId } = finding;
  if (incidentId === null || judgement.state !== 'firing' || !judgement.opinion) return false;
  const [row] = await tx<{ since: Date }[]>`
    select coalesce(failing_since, opened_at) as since from tenant.incident where org_id = ${scene.orgId} and id = ${incidentId}`;
  const story = tell(scene, finding, row?.since.getTime() ?? scene.nowMs);
  return updateIncident(tx, scene, incidentId, { successRate: story.successRate, path: story.path, sentence: openedSentence(story) });
}

function tell(scene: AlertScene, { rule, cluster, view, judgement }: Finding, sinceMs: number): Story {
  const symptom = symptomOf(view.edges, rule.scope, rule.threshold);
  const path = symptom === null ? [] : origin(view.edges, symptom);
  return { scope: rule.scope, clusterName: cluster.name, successRate: judgement.successRate ?? 0, sinceMs, nowMs: scene.nowMs, path };
}

function endText({ rule, cluster, view, judgement }: Finding, reason: ResolveReason): string {
  switch (reason) {
    case 'recovered':
      return resolvedText(rule.scope, cluster.name, judgement.successRate ?? 1, countable(view.totals), rule.windowSeconds);
    case 'gone':
      return 'No traffic for 24 hours: what the rule watched is gone';
    default:
      return reason satisfies never;
  }
}

async function writeState(
  tx: Transaction, scene: AlertScene, { rule, cluster, view, judgement }: Finding, incidentId: string | null,
): Promise<void> {
  const now = new Date(scene.nowMs);
  await tx`
    insert into tenant.alert_state (org_id, rule_id, cluster_id, state, since, evaluated_at, success_rate, requests, incident_id)
    values (${scene.orgId}, ${rule.id}, ${cluster.id}, ${judgement.state}, ${new Date(judgement.sinceMs)}, ${now}, ${judgement.successRate},
      ${view.totals.requests}, ${incidentId})
    on conflict (org_id, rule_id, cluster_id) do update set state = excluded.state, since = excluded.since, evaluated_at = excluded.evaluated_at,
      success_rate = excluded.success_rate, requests = excluded.requests, incident_id = excluded.incident_id`;
}
