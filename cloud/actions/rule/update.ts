/** Replaces an alert rule. Switched off, or set on something else, its open incidents resolve; else the next evaluation decides. */
import { resolveOfRule } from '../../alerts/incident.ts';
import type { OrgContext } from '../../context.ts';
import type { Rule, RuleInput } from '../../wire/entities.ts';
import { audit } from '../audit.ts';
import { checkReferences, notFound, readRule } from './row.ts';
import { sceneOf } from './scene.ts';
import type { SceneInput } from './scene.ts';

export async function updateRule(context: OrgContext, input: SceneInput & { readonly id: string; readonly rule: RuleInput }): Promise<Rule> {
  const { orgId } = context.tenant;
  const { id, rule } = input;
  const now = new Date(context.now());
  return context.tenant.transaction(async (tx) => {
    // The evaluator takes the same lock, so no incident opens beside this change.
    const [before] = await tx<{ scope: Rule['scope'] }[]>`select scope from tenant.alert_rule where org_id = ${orgId} and id = ${id} for no key update`;
    if (before === undefined) throw notFound(id);
    await checkReferences(tx, orgId, rule);
    await tx`
      update tenant.alert_rule set name = ${rule.name}, scope = ${tx.json(rule.scope)}, threshold = ${rule.threshold}, window_seconds = ${rule.windowSeconds},
        min_requests = ${rule.minRequests}, severity = ${rule.severity}, enabled = ${rule.enabled}, channel_ids = ${rule.channelIds}::text[],
        updated_at = ${now}, due_at = ${now}
      where org_id = ${orgId} and id = ${id}`;
    const end = endOfWatch(before.scope, rule);
    if (end !== null) {
      await resolveOfRule(tx, sceneOf(context, input), id, end);
      await tx`delete from tenant.alert_state where org_id = ${orgId} and rule_id = ${id}`;
    }
    await audit(tx, context, { action: 'rule.update', target: id, details: { name: rule.name, threshold: rule.threshold, enabled: rule.enabled } });
    return readRule(tx, orgId, id);
  });
}

/** Why what the rule knew so far counts no more; null when it goes on. */
function endOfWatch(before: Rule['scope'], rule: RuleInput): string | null {
  if (!rule.enabled) return 'The rule was switched off';
  const same = before.clusterId === rule.scope.clusterId && before.namespace === rule.scope.namespace
    && before.workload === rule.scope.workload && before.service === rule.scope.service;
  return same ? null : 'The rule was set to watch something else';
}
