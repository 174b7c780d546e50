/** Revokes an API or agent token; an open uplink with it is closed within seconds. Revoking twice is no error. */
import { ApiError } from '../../context.ts';
import type { OrgContext } from '../../context.ts';
import { audit } from '../audit.ts';

export async function revokeToken(context: OrgContext, input: { readonly id: string }): Promise<void> {
  const { orgId } = context.tenant;
  await context.tenant.transaction(async (tx) => {
    const [row] = await tx<{ revoked_at: Date | null }[]>`select revoked_at from tenant.token where org_id = ${orgId} and id = ${input.id} for update`;
    if (!row) throw new ApiError('not_found', `There is no token ${input.id} in this organization.`);
    if (row.revoked_at) return;
    await tx`update tenant.token set revoked_at = ${new Date(context.now())} where org_id = ${orgId} and id = ${input.id}`;
    await audit(tx, context, { action: 'token.revoke', target: input.id });
  });
}
