/** Takes an invitation back: its link opens nothing any more. */
import { ApiError } from '../../context.ts';
import type { OrgContext } from '../../context.ts';
import { changeIdentity } from '../../db/identity.ts';
import type { Services } from '../../services.ts';
import { audit } from '../audit.ts';

/** Throws `ApiError('not_found')`. */
export async function revokeInvitation(context: OrgContext, services: Services, input: { readonly id: string }): Promise<void> {
  const { orgId } = context.tenant;
  await changeIdentity(services.sql, async (tx) => {
    const [row] = await tx<{ email: string }[]>`
      delete from auth.invitation where organization_id = ${orgId} and id = ${input.id} and status = 'pending' returning email`;
    if (!row) throw new ApiError('not_found', `There is no invitation ${input.id} that waits.`);
    return { orgId, email: row.email };
  }, (tx, { email }) => audit(tx, context, { action: 'invitation.revoke', target: input.id, details: { email } }));
}
