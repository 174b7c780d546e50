/** Takes a member out of the organization; their next request finds it gone. Leaving is the same, done by oneself. */
import { ApiError } from '../../context.ts';
import type { OrgContext } from '../../context.ts';
import { changeIdentity } from '../../db/identity.ts';
import type { Services } from '../../services.ts';
import { audit } from '../audit.ts';
import { actingUser, changeable, readMembers } from './row.ts';

/** Throws `ApiError` `not_found`, `forbidden` or `conflict`. */
export async function removeMember(context: OrgContext, services: Services, input: { readonly id: string }): Promise<void> {
  await takeOut(context, services, input.id, 'member.remove');
}

/** Throws `ApiError` `forbidden` for a token, and `conflict` for the only owner. */
export async function leaveOrg(context: OrgContext, services: Services): Promise<void> {
  const id = actingUser(context);
  if (id === null) throw new ApiError('forbidden', 'A token is no member; revoke it instead.');
  await takeOut(context, services, id, 'member.leave');
}

async function takeOut(context: OrgContext, services: Services, id: string, action: 'member.remove' | 'member.leave'): Promise<void> {
  const { orgId } = context.tenant;
  await changeIdentity(services.sql, async (tx) => {
    const member = changeable(await readMembers(tx, orgId, true), id, null, context.role);
    await tx`delete from auth.member where organization_id = ${orgId} and user_id = ${id}`;
    return { orgId, member };
  }, (tx, { member }) => audit(tx, context, { action, target: id, details: { email: member.email, role: member.role } }));
}
