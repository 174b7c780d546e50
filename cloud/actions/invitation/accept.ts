/** Looks at and accepts an invitation, as the person whom it was sent to. An invitation of someone else is not there. */
import type { SessionContext } from '../../api/handler.ts';
import { roleOf } from '../../auth/request.ts';
import { ApiError } from '../../context.ts';
import { asAuth } from '../../db/client.ts';
import type { Transaction } from '../../db/client.ts';
import { changeIdentity } from '../../db/identity.ts';
import type { OrgId } from '../../db/tenant.ts';
import { base32 } from '../../ids.ts';
import type { Services } from '../../services.ts';
import type { Org } from '../../wire/entities.ts';
import type { OwnInvitation } from '../../wire/people.ts';
import { auditAs } from '../audit.ts';
import { MEMBERS_MAX } from '../member/row.ts';
import { ORGS_PER_USER_MAX } from '../org/create.ts';

interface Found {
  readonly orgId: OrgId;
  readonly slug: string;
  readonly name: string;
  readonly role: string | null;
  readonly expires_at: Date;
  readonly invited_by: string;
}

/** Throws `ApiError` `forbidden` for a token, `not_found`. */
export async function getInvitation(context: SessionContext, services: Services, input: { readonly id: string }): Promise<OwnInvitation> {
  const { email } = userOf(context);
  const found = await asAuth(services.sql, (tx) => find(tx, input.id, email, new Date(context.now())));
  return { id: input.id, org: { slug: found.slug, name: found.name }, role: roleOf(found.role ?? 'viewer'), invitedBy: found.invited_by, expiresAt: found.expires_at.toISOString() };
}

/** Throws `ApiError` `forbidden` for a token, `not_found`, `conflict` for a member, `limit_reached`. */
export async function acceptInvitation(context: SessionContext, services: Services, input: { readonly id: string }): Promise<Org> {
  const user = userOf(context);
  if (context.orgs.length >= ORGS_PER_USER_MAX) throw new ApiError('limit_reached', `You belong to ${ORGS_PER_USER_MAX} organizations already.`);
  const at = new Date(context.now());
  const joined = await changeIdentity(services.sql, async (tx) => {
    const found = await find(tx, input.id, user.email, at);
    const role = roleOf(found.role ?? 'viewer');
    const [held] = await tx<{ count: number; already: boolean }[]>`
      select count(*) as count, bool_or(user_id = ${user.id}) as already from auth.member where organization_id = ${found.orgId}`;
    if (held?.already) throw new ApiError('conflict', `You belong to ${found.name} already.`);
    if ((held?.count ?? 0) >= MEMBERS_MAX) throw new ApiError('limit_reached', `${found.name} has ${MEMBERS_MAX} members already.`);
    await tx`
      insert into auth.member (id, organization_id, user_id, role, created_at)
      values (${`mem_${base32(services.randomBytes(10))}`}, ${found.orgId}, ${user.id}, ${role}, ${at})`;
    await tx`update auth.invitation set status = 'accepted' where organization_id = ${found.orgId} and id = ${input.id}`;
    return { ...found, role };
  }, (tx, { orgId, role }) => auditAs(tx, { orgId, actor: context.actor, now: context.now, address: context.address }, {
    action: 'invitation.accept', target: input.id, details: { email: user.email, role },
  }));
  return { slug: joined.slug, name: joined.name, role: joined.role, createdAt: at.toISOString() };
}

function userOf(context: SessionContext): { readonly id: string; readonly email: string } {
  if (context.user) return context.user;
  throw new ApiError('forbidden', 'A token accepts no invitation; sign in as the invited user.');
}

/** Locked, so that an invitation is accepted once. */
async function find(tx: Transaction, id: string, email: string, now: Date): Promise<Found> {
  const [row] = await tx<Found[]>`
    select i.organization_id as "orgId", o.slug, o.name, i.role, i.expires_at, u.name as invited_by
    from auth.invitation i join auth.organization o on o.id = i.organization_id join auth."user" u on u.id = i.inviter_id
    where i.id = ${id} and lower(i.email) = ${email.toLowerCase()} and i.status = 'pending' and i.expires_at > ${now} for update of i`;
  if (!row) throw new ApiError('not_found', 'This invitation is not for the address that you are signed in with, or it was used, taken back or has expired.');
  return row;
}
