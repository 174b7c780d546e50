/** A channel's row, and how the API shows it: never with its secret. */
import { ApiError } from '../../context.ts';
import type { Transaction } from '../../db/client.ts';
import type { OrgId } from '../../db/tenant.ts';
import type { Channel } from '../../wire/entities.ts';

interface ChannelRow {
  readonly id: string;
  readonly kind: 'webhook';
  readonly name: string;
  readonly url: string;
  readonly created_at: Date;
  readonly disabled_at: Date | null;
}

/** The organization's channels by name, or the one of that id. */
export async function readChannels(tx: Transaction, orgId: OrgId, id: string | null): Promise<Channel[]> {
  const rows = await tx<ChannelRow[]>`
    select id, kind, name, url, created_at, disabled_at from tenant.channel
    where org_id = ${orgId} and (${id}::text is null or id = ${id}) order by name, id`;
  return rows.map((row) => ({
    id: row.id, kind: row.kind, name: row.name, url: row.url, createdAt: row.created_at.toISOString(), disabledAt: row.disabled_at?.toISOString() ?? null,
  }));
}

/** Throws `ApiError('not_found')`. */
export async function readChannel(tx: Transaction, orgId: OrgId, id: string): Promise<Channel> {
  const [channel] = await readChannels(tx, orgId, id);
  if (channel === undefined) throw new ApiError('not_found', `There is no channel ${id} in this organization.`);
  return channel;
}
