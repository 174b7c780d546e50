/** Gives a member another role. The same role again is no change. */
import { roleOf } from '../../auth/request.ts';
import type { OrgContext } from '../../context.ts';
import { changeIdentity } from '../../db/identity.ts';
import type { Services } from '../../services.ts';
import type { Member } from '../../wire/people.ts';
import type { Role } from '../../wire/roles.ts';
import { audit } from '../audit.ts';
import { actingUser, changeable, memberOf, readMembers } from './row.ts';

/** Throws `ApiError` `not_found`, `forbidden` or `conflict`. */
export async function updateMember(context: OrgContext, services: Services, input: { readonly id: string; readonly role: Role }): Promise<Member> {
  const { orgId } = context.tenant;
  const { row } = await changeIdentity(services.sql, async (tx) => {
    const member = changeable(await readMembers(tx, orgId, true), input.id, input.role, context.role);
    await tx`update auth.member set role = ${input.role} where organization_id = ${orgId} and user_id = ${input.id}`;
    return { orgId, row: { ...member, role: input.role }, before: roleOf(member.role) };
  }, async (tx, changed) => {
    if (changed.before === input.role) return;
    await audit(tx, context, { action: 'member.update', target: input.id, details: { email: changed.row.email, before: changed.before, after: input.role } });
  });
  return memberOf(row, actingUser(context));
}
