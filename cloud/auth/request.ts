/** Who sends an API request: a signed-in user or an API token, with the organizations that they may act in. */
import { ApiError } from '../context.ts';
import type { Actor, OrgContext } from '../context.ts';
import type { SessionContext } from '../api/handler.ts';
import { asAuth } from '../db/client.ts';
import { tenant } from '../db/tenant.ts';
import type { OrgId } from '../db/tenant.ts';
import type { Services } from '../services.ts';
import type { Role } from '../wire/roles.ts';
import { bearerOf } from './tokens.ts';
import { verifyToken } from './verify.ts';

/** What an API token may do: read and write, but neither make tokens nor delete clusters. */
const TOKEN_ROLE: Role = 'editor';
/** Organizations of one user that are read. */
const MEMBERSHIPS_MAX = 200;

/** Throws `ApiError` `unauthenticated` or `token_invalid`. A bearer token wins over a cookie. `address`: of the peer, if it is known. */
export async function authenticate(headers: Headers, services: Services, address: string | undefined): Promise<SessionContext> {
  const bearer = bearerOf(headers.get('authorization'));
  if (bearer !== null) return tokenContext(bearer, services, address);
  if (headers.has('authorization')) throw new ApiError('token_invalid', 'The Authorization header must read: Bearer <token>.');
  const user = headers.has('cookie') ? await services.accounts.signedIn(headers) : null;
  if (!user) throw new ApiError('unauthenticated', 'Sign in on the console, or send an API token as Authorization: Bearer <token>.');
  const actor: Actor = { kind: 'user', userId: user.id, email: user.email };
  return { actor, user, orgs: await memberships(user.id, actor, services, address), now: services.now, address };
}

async function tokenContext(text: string, services: Services, address: string | undefined): Promise<SessionContext> {
  const token = await verifyToken(services.sql, text, 'api', services.now());
  const actor: Actor = { kind: 'token', tokenId: token.id, name: token.name };
  const org: OrgContext = { tenant: tenant(services.sql, token.orgId), org: token.org, actor, role: TOKEN_ROLE, now: services.now, address };
  return { actor, user: null, orgs: [org], now: services.now, address };
}

async function memberships(userId: string, actor: Actor, services: Services, address: string | undefined): Promise<OrgContext[]> {
  const rows = await asAuth(services.sql, (tx) => tx<{ id: string; slug: string; name: string; role: string }[]>`
    select o.id, o.slug, o.name, m.role from auth.member m join auth.organization o on o.id = m.organization_id
    where m.user_id = ${userId} order by o.created_at, o.id limit ${MEMBERSHIPS_MAX}`);
  return rows.map((row) => ({
    // The membership's row names the organization.
    tenant: tenant(services.sql, row.id as OrgId),
    org: { slug: row.slug, name: row.name },
    actor,
    role: roleOf(row.role),
    now: services.now,
    address,
  }));
}

/** better-auth keeps several roles as a list; the highest counts, an unknown one can only read. */
export function roleOf(text: string): Role {
  const held = text.split(',').map((part) => part.trim());
  const order: readonly Role[] = ['owner', 'admin', 'editor'];
  return order.find((role) => held.includes(role)) ?? 'viewer';
}
