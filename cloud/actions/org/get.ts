/** One organization as its member sees it. */
import { ApiError } from '../../context.ts';
import type { OrgContext } from '../../context.ts';
import { asAuth } from '../../db/client.ts';
import type { Services } from '../../services.ts';
import type { Org } from '../../wire/entities.ts';

export async function getOrg(context: OrgContext, services: Services): Promise<Org> {
  const [row] = await asAuth(services.sql, (tx) => tx<{ created_at: Date }[]>`select created_at from auth.organization where id = ${context.tenant.orgId}`);
  if (!row) throw new ApiError('not_found', 'The organization was deleted a moment ago.');
  return { slug: context.org.slug, name: context.org.name, role: context.role, createdAt: row.created_at.toISOString() };
}
