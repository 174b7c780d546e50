/** The audit row that every change writes in its own transaction. Rows are never changed or deleted. */
import type { Transaction } from '../db/client.ts';
import type { OrgContext } from '../context.ts';

/** What was done to what: `action` is `<entity>.<verb>`, `target` the id, `details` small and without secrets. */
export interface AuditEntry {
  readonly action: `${string}.${string}`;
  readonly target: string;
  readonly details?: Readonly<Record<string, string | number | boolean | null>>;
}

export async function audit(tx: Transaction, context: OrgContext, entry: AuditEntry): Promise<void> {
  await tx`
    insert into tenant.audit (org_id, at, actor, action, target, details)
    values (${context.tenant.orgId}, ${new Date(context.now())}, ${tx.json({ ...context.actor })}, ${entry.action}, ${entry.target}, ${tx.json(entry.details ?? {})})`;
}
