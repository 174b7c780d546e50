/** One alert rule. */
import type { OrgContext } from '../../context.ts';
import type { Rule } from '../../wire/entities.ts';
import { readRule } from './row.ts';

export async function getRule(context: OrgContext, input: { readonly id: string }): Promise<Rule> {
  return context.tenant.transaction((tx) => readRule(tx, context.tenant.orgId, input.id));
}
