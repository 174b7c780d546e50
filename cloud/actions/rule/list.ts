/** The organization's alert rules by name, with the state in each cluster. */
import type { OrgContext } from '../../context.ts';
import type { Rule } from '../../wire/entities.ts';
import { readRules } from './row.ts';

export async function listRules(context: OrgContext): Promise<Rule[]> {
  return context.tenant.transaction((tx) => readRules(tx, context.tenant.orgId, null));
}
