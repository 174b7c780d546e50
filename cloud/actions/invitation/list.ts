/** Invitations that wait, newest first. */
import type { OrgContext } from '../../context.ts';
import { asAuth } from '../../db/client.ts';
import type { Services } from '../../services.ts';
import type { Invitation } from '../../wire/people.ts';
import { invitationOf, readInvitations } from './row.ts';

export async function listInvitations(context: OrgContext, services: Services): Promise<Invitation[]> {
  const rows = await asAuth(services.sql, (tx) => readInvitations(tx, context.tenant.orgId, new Date(context.now())));
  return rows.map((row) => invitationOf(row, services.publicUrl));
}
