/** The only way to tenant tables: a handle that can't be made without an organization. */
import type { Sql, Transaction } from './client.ts';

declare const brand: unique symbol;
export type OrgId = string & { readonly [brand]: 'OrgId' };

export interface Tenant {
  readonly orgId: OrgId;
  /** One transaction as the app role with row-level security set to this organization. Queries name `orgId` as well. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** The same, reading only, and every query sees the database as it was at the first one. */
  snapshot<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
}

/** `orgId` comes from a verified membership, a token's row or a queue's head, never from a request's text. */
export function tenant(sql: Sql, orgId: OrgId): Tenant {
  if (orgId.length === 0) throw new Error('a tenant handle needs an organization');
  async function run<T>(isolation: string, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const result = await sql.begin(isolation, async (tx) => {
      await tx`select set_config('role', 'sidelight_app', true), set_config('sidelight.org_id', ${orgId}, true)`;
      return { value: await work(tx) };
    });
    return (result as { value: T }).value;
  }
  return {
    orgId,
    transaction: (work) => run('', work),
    snapshot: (work) => run('isolation level repeatable read read only', work),
  };
}
