/** An incident's rows: opened, updated and resolved in the transaction that changes the rule's state, each with its event and its deliveries. */
import type { z } from 'zod';
import type { Transaction } from '../db/client.ts';
import type { OrgId } from '../db/tenant.ts';
import { newId } from '../ids.ts';
import type { RandomBytes } from '../ids.ts';
import type { Incident as IncidentSchema } from '../wire/entities.ts';
import { enqueue } from './outbox.ts';
import type { PathStep, RuleScope } from './sentence.ts';

export type Incident = z.infer<typeof IncidentSchema>;
export type Severity = Incident['severity'];

/** Path changes told as events; further ones only change the stored path. */
export const UPDATES_MAX = 20;

/** Where and when something happens, and what its deliveries must say. */
export interface AlertScene {
  readonly orgId: OrgId;
  readonly orgSlug: string;
  /** Origin of the console, for links. */
  readonly publicUrl: string;
  readonly nowMs: number;
  readonly randomBytes: RandomBytes;
}

export interface Opening {
  readonly rule: {
    readonly id: string; readonly name: string; readonly severity: string; readonly scope: RuleScope; readonly threshold: number;
    readonly channelIds: readonly string[];
  };
  readonly cluster: { readonly id: string; readonly name: string };
  /** Begin of the failing, ms since 1970. */
  readonly sinceMs: number;
  readonly sentence: string;
  readonly successRate: number;
  readonly path: readonly PathStep[];
}

/** Writes incident, event and deliveries; answers the incident's id. A second open one of rule and cluster violates `incident_open`. */
export async function openIncident(tx: Transaction, scene: AlertScene, opening: Opening): Promise<string> {
  const { rule, cluster, sentence, successRate } = opening;
  const id = newId('incident', scene.randomBytes);
  await tx`
    insert into tenant.incident (org_id, id, rule_id, rule_name, severity, cluster_id, cluster_name, scope, threshold, opened_at, failing_since,
      sentence, success_rate, worst_success_rate, path)
    values (${scene.orgId}, ${id}, ${rule.id}, ${rule.name}, ${rule.severity}, ${cluster.id}, ${cluster.name}, ${tx.json(rule.scope)}, ${rule.threshold},
      ${new Date(scene.nowMs)}, ${new Date(opening.sinceMs)}, ${sentence}, ${successRate}, ${successRate}, ${tx.json([...opening.path])})`;
  await addEvent(tx, scene, id, 'opened', sentence);
  await enqueue(tx, scene, { event: 'incident.opened', incident: await readIncident(tx, scene.orgId, id), channelIds: rule.channelIds });
  return id;
}

export interface Progress {
  readonly successRate: number;
  readonly path: readonly PathStep[];
  readonly sentence: string;
}

/** Keeps an open incident's rate and worst rate, and its path where that now leads elsewhere. Answers whether an event was written. */
export async function updateIncident(tx: Transaction, scene: AlertScene, incidentId: string, progress: Progress): Promise<boolean> {
  const [row] = await tx<{ path: PathStep[]; updates: number }[]>`
    update tenant.incident set success_rate = ${progress.successRate}, worst_success_rate = least(worst_success_rate, ${progress.successRate})
    where org_id = ${scene.orgId} and id = ${incidentId} and resolved_at is null
    returning path, (select count(*)::int from tenant.incident_event e
      where e.org_id = ${scene.orgId} and e.incident_id = ${incidentId} and e.kind = 'updated') as updates`;
  if (row === undefined || progress.path.length === 0 || samePath(row.path, progress.path)) return false;
  await tx`
    update tenant.incident set path = ${tx.json([...progress.path])}, sentence = ${progress.sentence}
    where org_id = ${scene.orgId} and id = ${incidentId}`;
  if (row.updates >= UPDATES_MAX) return false;
  await addEvent(tx, scene, incidentId, 'updated', progress.sentence);
  return true;
}

/** Resolves an open incident, with event and deliveries to the channels that were told of the opening; false when it was not open. */
export async function resolveIncident(tx: Transaction, scene: AlertScene, incidentId: string, text: string): Promise<boolean> {
  const resolved = await tx`
    update tenant.incident set resolved_at = ${new Date(scene.nowMs)}
    where org_id = ${scene.orgId} and id = ${incidentId} and resolved_at is null`;
  if (resolved.count === 0) return false;
  await tx`update tenant.alert_state set incident_id = null where org_id = ${scene.orgId} and incident_id = ${incidentId}`;
  await addEvent(tx, scene, incidentId, 'resolved', text);
  const told = await tx<{ channel_id: string }[]>`
    select channel_id from tenant.outbox where org_id = ${scene.orgId} and incident_id = ${incidentId} and event = 'incident.opened'`;
  const incident = await readIncident(tx, scene.orgId, incidentId);
  await enqueue(tx, scene, { event: 'incident.resolved', incident, channelIds: told.map((row) => row.channel_id) });
  return true;
}

/** Resolves every open incident of a rule, but for clusters in `except`; answers how many. */
export async function resolveOfRule(tx: Transaction, scene: AlertScene, ruleId: string, text: string, except: readonly string[] = []): Promise<number> {
  const open = await tx<{ id: string }[]>`
    select id from tenant.incident
    where org_id = ${scene.orgId} and rule_id = ${ruleId} and resolved_at is null and not (cluster_id = any(${[...except]}::text[]))`;
  for (const { id } of open) await resolveIncident(tx, scene, id, text);
  return open.length;
}

/** Resolves every open incident of a cluster. */
export async function resolveOfCluster(tx: Transaction, scene: AlertScene, clusterId: string, text: string): Promise<void> {
  const open = await tx<{ id: string }[]>`
    select id from tenant.incident where org_id = ${scene.orgId} and cluster_id = ${clusterId} and resolved_at is null`;
  for (const { id } of open) await resolveIncident(tx, scene, id, text);
}

async function addEvent(tx: Transaction, scene: AlertScene, incidentId: string, kind: 'opened' | 'updated' | 'resolved', text: string): Promise<void> {
  await tx`
    insert into tenant.incident_event (org_id, incident_id, at, kind, text)
    values (${scene.orgId}, ${incidentId}, ${new Date(scene.nowMs)}, ${kind}, ${text})`;
}

/** True when both lead over the same places; shares may differ. */
function samePath(a: readonly PathStep[], b: readonly PathStep[]): boolean {
  return a.length === b.length && a.every((step, at) => step.workload === b[at]?.workload && step.service === b[at]?.service);
}

export interface IncidentRow {
  readonly id: string; readonly rule_id: string; readonly rule_name: string; readonly severity: Severity;
  readonly cluster_id: string; readonly cluster_name: string; readonly scope: RuleScope; readonly threshold: number;
  readonly opened_at: Date; readonly resolved_at: Date | null; readonly sentence: string;
  readonly success_rate: number | null; readonly worst_success_rate: number | null; readonly path: PathStep[];
  readonly events: { at: string; kind: 'opened' | 'updated' | 'resolved'; text: string }[];
}

/** Columns of `IncidentRow`, the events oldest first, of `tenant.incident i`. */
export function incidentColumns(tx: Transaction) {
  return tx`
    i.id, i.rule_id, i.rule_name, i.severity, i.cluster_id, i.cluster_name, i.scope, i.threshold, i.opened_at, i.resolved_at,
    i.sentence, i.success_rate, i.worst_success_rate, i.path, (
      select coalesce(json_agg(json_build_object('at', e.at, 'kind', e.kind, 'text', e.text) order by e.id), '[]'::json)
      from tenant.incident_event e where e.org_id = i.org_id and e.incident_id = i.id
    ) as events`;
}

/** An incident's row in the words of the API. */
export function toIncident(row: IncidentRow): Incident {
  return {
    id: row.id,
    ruleId: row.rule_id,
    ruleName: row.rule_name,
    severity: row.severity,
    clusterId: row.cluster_id,
    clusterName: row.cluster_name,
    state: row.resolved_at === null ? 'open' : 'resolved',
    openedAt: row.opened_at.toISOString(),
    resolvedAt: row.resolved_at?.toISOString() ?? null,
    sentence: row.sentence,
    threshold: row.threshold,
    successRate: row.success_rate,
    worstSuccessRate: row.worst_success_rate,
    scope: row.scope,
    path: row.path,
    events: row.events.map((event) => ({ ...event, at: new Date(event.at).toISOString() })),
  };
}

async function readIncident(tx: Transaction, orgId: OrgId, id: string): Promise<Incident> {
  const [row] = await tx<IncidentRow[]>`select ${incidentColumns(tx)} from tenant.incident i where i.org_id = ${orgId} and i.id = ${id}`;
  if (row === undefined) throw new Error(`incident ${id} is not readable in the transaction that changed it`);
  return toIncident(row);
}
