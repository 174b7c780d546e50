/** Who belongs to the organization. */
import type { OrgContext } from '../../context.ts';
import { asAuth } from '../../db/client.ts';
import type { Services } from '../../services.ts';
import type { Member } from '../../wire/people.ts';
import { actingUser, memberOf, readMembers } from './row.ts';

export async function listMembers(context: OrgContext, services: Services): Promise<Member[]> {
  const rows = await asAuth(services.sql, (tx) => readMembers(tx, context.tenant.orgId, false));
  return rows.map((row) => memberOf(row, actingUser(context)));
}
