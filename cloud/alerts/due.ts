/** Which rules are due: claimed as the worker, pulled forward by new data. Between the two nothing is kept but `due_at`. */
import { asAuth, asWorker } from '../db/client.ts';
import type { Sql } from '../db/client.ts';
import { tenant } from '../db/tenant.ts';
import type { OrgId } from '../db/tenant.ts';

/** A rule is evaluated this often at least; ingest pulls it forward. */
export const EVALUATE_EVERY_MS = 10_000;
/** A long window is evaluated once per this share of it, since each time it is read whole. */
const EVALUATIONS_PER_WINDOW = 100;

/** Time between two evaluations of a rule, ms. */
export function evaluationIntervalMs(windowSeconds: number): number {
  return Math.max(EVALUATE_EVERY_MS, (windowSeconds * 1_000) / EVALUATIONS_PER_WINDOW);
}

/** Windows that long or shorter are evaluated whenever new data comes. */
export const POKED_WINDOW_SECONDS_MAX = (EVALUATE_EVERY_MS * EVALUATIONS_PER_WINDOW) / 1_000;

export interface RuleHead {
  readonly orgId: OrgId;
  readonly ruleId: string;
  /** How long it was due already, ms. */
  readonly lateMs: number;
}

/** Due rules, the longest due first; each is due again after `EVALUATE_EVERY_MS`, so a crash after the claim only delays it. */
export async function claimDueRules(sql: Sql, nowMs: number, max: number): Promise<RuleHead[]> {
  const now = new Date(nowMs);
  const next = new Date(nowMs + EVALUATE_EVERY_MS);
  const rows = await asWorker(sql, (tx) => tx<{ org_id: OrgId; id: string; due_at: Date }[]>`
    with due as (
      select org_id, id, due_at from tenant.alert_rule where enabled and due_at <= ${now} order by due_at limit ${max} for update skip locked
    )
    update tenant.alert_rule r set due_at = ${next} from due where r.org_id = due.org_id and r.id = due.id
    returning r.org_id, r.id, due.due_at`);
  return rows.map((row) => ({ orgId: row.org_id, ruleId: row.id, lateMs: nowMs - row.due_at.getTime() }));
}

/** The slugs of organizations, for links; one that was deleted is absent. */
export async function readSlugs(sql: Sql, orgIds: readonly OrgId[]): Promise<Map<OrgId, string>> {
  if (orgIds.length === 0) return new Map();
  const rows = await asAuth(sql, (tx) => tx<{ id: OrgId; slug: string }[]>`select id, slug from auth.organization where id = any(${[...new Set(orgIds)]}::text[])`);
  return new Map(rows.map((row) => [row.id, row.slug]));
}

/** New data of a cluster: its organization's rules on short windows are due now. Rows are locked in one order, against deadlock. */
export async function makeDue(sql: Sql, orgId: OrgId, clusterId: string, nowMs: number): Promise<void> {
  await tenant(sql, orgId).transaction(async (tx) => {
    await tx`
      update tenant.alert_rule r set due_at = ${new Date(nowMs)} from (
        select id from tenant.alert_rule
        where org_id = ${orgId} and enabled and due_at > ${new Date(nowMs)} and window_seconds <= ${POKED_WINDOW_SECONDS_MAX}
          and coalesce(scope ->> 'clusterId', ${clusterId}) = ${clusterId}
        order by id for no key update
      ) due where r.org_id = ${orgId} and r.id = due.id`;
  });
}
