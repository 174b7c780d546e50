/** A member's row, and the rules about owners that every change keeps. */
import { roleOf } from '../../auth/request.ts';
import { ApiError } from '../../context.ts';
import type { OrgContext } from '../../context.ts';
import type { Transaction } from '../../db/client.ts';
import type { OrgId } from '../../db/tenant.ts';
import type { Member } from '../../wire/people.ts';
import { allows } from '../../wire/roles.ts';
import type { Role } from '../../wire/roles.ts';

/** Members of one organization. */
export const MEMBERS_MAX = 500;

interface MemberRow {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: string;
  readonly created_at: Date;
}

/** Members by name. With `lock` nobody else changes who they are meanwhile. */
export async function readMembers(tx: Transaction, orgId: OrgId, lock: boolean): Promise<MemberRow[]> {
  return tx<MemberRow[]>`
    select u.id, u.name, u.email, m.role, m.created_at from auth.member m join auth."user" u on u.id = m.user_id
    where m.organization_id = ${orgId} order by u.name, u.id limit ${MEMBERS_MAX} ${lock ? tx`for update of m` : tx``}`;
}

export function memberOf(row: MemberRow, yourId: string | null): Member {
  return { id: row.id, name: row.name, email: row.email, role: roleOf(row.role), joinedAt: row.created_at.toISOString(), you: row.id === yourId };
}

/** The user who acts; null for a token. */
export function actingUser(context: Pick<OrgContext, 'actor'>): string | null {
  return context.actor.kind === 'user' ? context.actor.userId : null;
}

/**
 * The member whose role is to become `next`, or who is to go (null). Throws `not_found`, `forbidden` where an owner is made or
 * unmade by someone else, and `conflict` where no owner would be left.
 */
export function changeable(members: readonly MemberRow[], id: string, next: Role | null, by: Role): MemberRow {
  const member = members.find((row) => row.id === id);
  if (!member) throw new ApiError('not_found', `There is no member ${id} in this organization.`);
  const wasOwner = roleOf(member.role) === 'owner';
  if ((wasOwner || next === 'owner') && !allows(by, 'own')) throw new ApiError('forbidden', `Only an owner makes or unmakes owners; your role is ${by}.`);
  const owners = members.filter((row) => roleOf(row.role) === 'owner').length;
  if (wasOwner && next !== 'owner' && owners === 1) throw new ApiError('conflict', `${member.name} is the only owner; make another member an owner first.`);
  return member;
}
