/** Makes an alert rule; it is due at once. */
import { ApiError } from '../../context.ts';
import type { OrgContext } from '../../context.ts';
import { newId } from '../../ids.ts';
import type { RandomBytes } from '../../ids.ts';
import type { Rule, RuleInput } from '../../wire/entities.ts';
import { actorName } from '../actor-name.ts';
import { audit } from '../audit.ts';
import { checkReferences, readRule } from './row.ts';

/** Rules of one organization: each is evaluated every 10 s for each of its clusters. */
export const RULES_MAX = 200;

export async function createRule(context: OrgContext, input: { readonly rule: RuleInput; readonly randomBytes: RandomBytes }): Promise<Rule> {
  const { orgId } = context.tenant;
  const { rule } = input;
  const id = newId('rule', input.randomBytes);
  const now = new Date(context.now());
  return context.tenant.transaction(async (tx) => {
    const [held] = await tx<{ count: number }[]>`select count(*) as count from tenant.alert_rule where org_id = ${orgId}`;
    if ((held?.count ?? 0) >= RULES_MAX) throw new ApiError('limit_reached', `An organization has at most ${String(RULES_MAX)} alert rules; delete one first.`);
    await checkReferences(tx, orgId, rule);
    await tx`
      insert into tenant.alert_rule (org_id, id, name, scope, threshold, window_seconds, min_requests, severity, enabled, channel_ids,
        created_at, created_by, updated_at, due_at)
      values (${orgId}, ${id}, ${rule.name}, ${tx.json(rule.scope)}, ${rule.threshold}, ${rule.windowSeconds}, ${rule.minRequests}, ${rule.severity},
        ${rule.enabled}, ${rule.channelIds}::text[], ${now}, ${actorName(context.actor)}, ${now}, ${now})`;
    await audit(tx, context, { action: 'rule.create', target: id, details: { name: rule.name, threshold: rule.threshold, enabled: rule.enabled } });
    return readRule(tx, orgId, id);
  });
}
