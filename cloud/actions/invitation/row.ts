/** Invitations as rows: pending ones that have not expired. */
import { roleOf } from '../../auth/request.ts';
import type { Transaction } from '../../db/client.ts';
import type { OrgId } from '../../db/tenant.ts';
import type { Invitation } from '../../wire/people.ts';

/** How long an invitation waits. */
export const INVITATION_MS = 7 * 86_400_000;
/** Invitations of one organization that wait. */
export const INVITATIONS_MAX = 100;

export interface InvitationRow {
  readonly id: string;
  readonly organization_id: OrgId;
  readonly email: string;
  readonly role: string | null;
  readonly expires_at: Date;
  readonly created_at: Date;
  readonly invited_by: string;
}

export async function readInvitations(tx: Transaction, orgId: OrgId, now: Date): Promise<InvitationRow[]> {
  return tx<InvitationRow[]>`
    select i.id, i.organization_id, i.email, i.role, i.expires_at, i.created_at, u.name as invited_by
    from auth.invitation i join auth."user" u on u.id = i.inviter_id
    where i.organization_id = ${orgId} and i.status = 'pending' and i.expires_at > ${now} order by i.created_at desc, i.id limit ${INVITATIONS_MAX}`;
}

export function invitationOf(row: InvitationRow, publicUrl: string): Invitation {
  return {
    id: row.id, email: row.email, role: roleOf(row.role ?? 'viewer'), invitedBy: row.invited_by, createdAt: row.created_at.toISOString(), expiresAt: row.expires_at.toISOString(),
    url: `${publicUrl}/invitations/${row.id}`,
  };
}
