/** Invites a person by mail. An invitation of the same address that waits is replaced. */
import { ApiError } from '../../context.ts';
import type { OrgContext } from '../../context.ts';
import { changeIdentity } from '../../db/identity.ts';
import { newId } from '../../ids.ts';
import { invitationMail } from '../../mail/texts.ts';
import type { Services } from '../../services.ts';
import type { Invitation } from '../../wire/people.ts';
import { allows } from '../../wire/roles.ts';
import type { Role } from '../../wire/roles.ts';
import { audit } from '../audit.ts';
import { actingUser, readMembers } from '../member/row.ts';
import { INVITATION_MS, INVITATIONS_MAX, invitationOf, readInvitations } from './row.ts';

/** Throws `ApiError` `forbidden`, `conflict` for a member, or `limit_reached`. */
export async function createInvitation(context: OrgContext, services: Services, input: { readonly email: string; readonly role: Role }): Promise<Invitation> {
  const inviterId = actingUser(context);
  if (inviterId === null) throw new ApiError('forbidden', 'A token invites nobody; sign in as a user.');
  if (input.role === 'owner' && !allows(context.role, 'own')) throw new ApiError('forbidden', `Only an owner invites owners; your role is ${context.role}.`);
  const { orgId } = context.tenant;
  const email = input.email.toLowerCase();
  const now = new Date(context.now());
  const id = newId('invitation', services.randomBytes);
  const { row } = await changeIdentity(services.sql, async (tx) => {
    const members = await readMembers(tx, orgId, true);
    if (members.some((member) => member.email.toLowerCase() === email)) throw new ApiError('conflict', `${email} belongs to this organization already.`);
    const waiting = await readInvitations(tx, orgId, now);
    if (waiting.filter((each) => each.email !== email).length >= INVITATIONS_MAX) throw new ApiError('limit_reached', `${INVITATIONS_MAX} invitations wait already; take one back first.`);
    await tx`delete from auth.invitation where organization_id = ${orgId} and lower(email) = ${email} and status = 'pending'`;
    await tx`
      insert into auth.invitation (id, organization_id, email, role, status, expires_at, created_at, inviter_id)
      values (${id}, ${orgId}, ${email}, ${input.role}, 'pending', ${new Date(now.getTime() + INVITATION_MS)}, ${now}, ${inviterId})`;
    const made = (await readInvitations(tx, orgId, now)).find((each) => each.id === id);
    if (!made) throw new Error('the invitation is not there after its insert');
    return { orgId, row: made };
  }, (tx) => audit(tx, context, { action: 'invitation.create', target: id, details: { email, role: input.role } }));
  const invitation = invitationOf(row, services.publicUrl);
  services.mail.send(invitationMail({ to: email, org: context.org.name, invitedBy: row.invited_by, role: input.role, url: invitation.url }));
  return invitation;
}
