/** The audit row that every change writes in its own transaction. Rows are never changed or deleted. */
import type { Transaction } from '../db/client.ts';
import type { OrgContext } from '../context.ts';
import type { OrgId } from '../db/tenant.ts';

/** What was done to what: `action` is `<entity>.<verb>`, `target` the id, `details` small and without secrets. */
export interface AuditEntry {
  readonly action: `${string}.${string}`;
  readonly target: string;
  readonly details?: Readonly<Record<string, string | number | boolean | null>>;
}

/** Who changes something in which organization, and from where. */
export type Auditor = Pick<OrgContext, 'actor' | 'now' | 'address'> & { readonly orgId: OrgId };

export async function audit(tx: Transaction, context: OrgContext, entry: AuditEntry): Promise<void> {
  return auditAs(tx, { ...context, orgId: context.tenant.orgId }, entry);
}

/** The same for an organization that the actor does not belong to yet, or any more. */
export async function auditAs(tx: Transaction, { orgId, actor, now, address }: Auditor, entry: AuditEntry): Promise<void> {
  await tx`
    insert into tenant.audit (org_id, at, actor, action, target, details, address)
    values (${orgId}, ${new Date(now())}, ${tx.json({ ...actor })}, ${entry.action}, ${entry.target}, ${tx.json(entry.details ?? {})}, ${address ?? null})`;
}
