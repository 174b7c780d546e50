/** The audit log, newest first, page by page. */
import type { Actor, OrgContext } from '../../context.ts';
import type { AuditEntry, AuditPage } from '../../wire/people.ts';

interface AuditRow {
  readonly id: number;
  readonly at: Date;
  readonly actor: Actor;
  readonly action: string;
  readonly target: string;
  readonly details: AuditEntry['details'];
  readonly address: string | null;
}

export async function listAudit(context: OrgContext, input: { readonly before?: string | undefined; readonly action?: string | undefined; readonly limit: number }): Promise<AuditPage> {
  const { orgId } = context.tenant;
  const rows = await context.tenant.transaction((tx) => tx<AuditRow[]>`
    select id, at, actor, action, target, details, address from tenant.audit
    where org_id = ${orgId} ${input.before === undefined ? tx`` : tx`and id < ${Number(input.before)}`} ${input.action === undefined ? tx`` : tx`and action = ${input.action}`}
    order by id desc limit ${input.limit + 1}`);
  const entries = rows.slice(0, input.limit).map((row) => ({
    id: String(row.id), at: row.at.toISOString(), actor: { kind: row.actor.kind, name: nameOf(row.actor) }, action: row.action, target: row.target, details: row.details, address: row.address,
  }));
  return { entries, next: rows.length > input.limit ? (entries.at(-1)?.id ?? null) : null };
}

function nameOf(actor: Actor): string {
  switch (actor.kind) {
    case 'user':
      return actor.email;
    case 'token':
      return actor.name;
    case 'agent':
      return actor.clusterId;
    case 'system':
      return actor.reason;
    default:
      return actor satisfies never;
  }
}
