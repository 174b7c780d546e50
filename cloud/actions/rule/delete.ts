/** Deletes an alert rule; its open incidents resolve, and all of its incidents stay on record. */
import { resolveOfRule } from '../../alerts/incident.ts';
import type { OrgContext } from '../../context.ts';
import { audit } from '../audit.ts';
import { notFound } from './row.ts';
import { sceneOf } from './scene.ts';
import type { SceneInput } from './scene.ts';

export async function deleteRule(context: OrgContext, input: SceneInput & { readonly id: string }): Promise<void> {
  const { orgId } = context.tenant;
  const { id } = input;
  await context.tenant.transaction(async (tx) => {
    const [rule] = await tx<{ name: string }[]>`select name from tenant.alert_rule where org_id = ${orgId} and id = ${id} for update`;
    if (rule === undefined) throw notFound(id);
    await resolveOfRule(tx, sceneOf(context, input), id, 'The rule was deleted');
    await tx`delete from tenant.alert_rule where org_id = ${orgId} and id = ${id}`;
    await audit(tx, context, { action: 'rule.delete', target: id, details: { name: rule.name } });
  });
}
