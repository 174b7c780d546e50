/** A rule's row with its states, and how the API shows it. */
import type { z } from 'zod';
import { ApiError } from '../../context.ts';
import type { Transaction } from '../../db/client.ts';
import type { OrgId } from '../../db/tenant.ts';
import type { Rule, RuleInput, RuleState } from '../../wire/entities.ts';

type State = z.infer<typeof RuleState>;

interface RuleRow {
  readonly id: string;
  readonly name: string;
  readonly scope: Rule['scope'];
  readonly threshold: number;
  readonly window_seconds: number;
  readonly min_requests: number;
  readonly severity: Rule['severity'];
  readonly enabled: boolean;
  readonly channel_ids: string[];
  readonly created_at: Date;
  readonly states: State[];
}

/** The organization's rules by name, or the one of that id. */
export async function readRules(tx: Transaction, orgId: OrgId, id: string | null): Promise<Rule[]> {
  const rows = await tx<RuleRow[]>`
    select r.id, r.name, r.scope, r.threshold, r.window_seconds, r.min_requests, r.severity, r.enabled, r.channel_ids, r.created_at, (
      select coalesce(json_agg(json_build_object('clusterId', s.cluster_id, 'clusterName', c.name, 'state', s.state, 'since', s.since,
        'evaluatedAt', s.evaluated_at, 'successRate', s.success_rate, 'requests', s.requests) order by c.name), '[]'::json)
      from tenant.alert_state s join tenant.cluster c on c.org_id = s.org_id and c.id = s.cluster_id
      where s.org_id = r.org_id and s.rule_id = r.id
    ) as states
    from tenant.alert_rule r where r.org_id = ${orgId} and (${id}::text is null or r.id = ${id}) order by r.name, r.id`;
  return rows.map(ruleOf);
}

/** Throws `ApiError('not_found')`. */
export async function readRule(tx: Transaction, orgId: OrgId, id: string): Promise<Rule> {
  const [rule] = await readRules(tx, orgId, id);
  if (rule === undefined) throw notFound(id);
  return rule;
}

export function notFound(id: string): ApiError {
  return new ApiError('not_found', `There is no alert rule ${id} in this organization.`);
}

function ruleOf(row: RuleRow): Rule {
  return {
    id: row.id,
    kind: 'success_rate',
    name: row.name,
    scope: row.scope,
    threshold: row.threshold,
    windowSeconds: row.window_seconds,
    minRequests: row.min_requests,
    severity: row.severity,
    enabled: row.enabled,
    channelIds: row.channel_ids,
    createdAt: row.created_at.toISOString(),
    states: row.states.map((state) => ({ ...state, since: new Date(state.since).toISOString(), evaluatedAt: new Date(state.evaluatedAt).toISOString() })),
  };
}

/** Throws `ApiError('invalid_request')` naming each channel, and the cluster, that this organization doesn't have. */
export async function checkReferences(tx: Transaction, orgId: OrgId, input: RuleInput): Promise<void> {
  const channels = await tx<{ id: string }[]>`select id from tenant.channel where org_id = ${orgId} and id = any(${input.channelIds}::text[])`;
  const clusters = await tx<{ id: string }[]>`select id from tenant.cluster where org_id = ${orgId} and id = ${input.scope.clusterId}`;
  const known = new Set(channels.map((row) => row.id));
  const faults = input.channelIds.flatMap((id, at) => (known.has(id) ? [] : [{ path: `channelIds.${String(at)}`, message: `There is no channel ${id}.` }]));
  if (input.scope.clusterId !== null && clusters.length === 0) {
    faults.push({ path: 'scope.clusterId', message: `There is no cluster ${input.scope.clusterId}.` });
  }
  if (faults.length > 0) throw new ApiError('invalid_request', 'The rule names what this organization does not have.', { faults });
}
