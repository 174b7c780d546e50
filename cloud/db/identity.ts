/** Changes to the identity tables that an organization's audit log tells of, in one transaction. */
import type { Sql, Transaction } from './client.ts';
import type { OrgId } from './tenant.ts';

/**
 * Runs `change` as the auth role, then `record` as the app role in the organization that `change` names. Row-level security
 * does not cover identity tables: every statement of `change` names its organization or user itself.
 */
export async function changeIdentity<T extends { readonly orgId: OrgId }>(
  sql: Sql, change: (tx: Transaction) => Promise<T>, record: (tx: Transaction, changed: T) => Promise<void>,
): Promise<T> {
  const result = await sql.begin(async (tx) => {
    await tx`set local role sidelight_auth`;
    const changed = await change(tx);
    await tx`select set_config('role', 'sidelight_app', true), set_config('sidelight.org_id', ${changed.orgId}, true)`;
    await record(tx, changed);
    return { changed };
  });
  return (result as { changed: T }).changed;
}
