/** Where alerts go: the organization's channels by name. */
import type { OrgContext } from '../../context.ts';
import type { Channel } from '../../wire/entities.ts';
import { readChannels } from './row.ts';

export async function listChannels(context: OrgContext): Promise<Channel[]> {
  return context.tenant.transaction((tx) => readChannels(tx, context.tenant.orgId, null));
}
