/** Where the user is signed in, the newest first. */
import type { SessionContext } from '../../api/handler.ts';
import { asAuth } from '../../db/client.ts';
import type { Services } from '../../services.ts';
import type { SignInSession } from '../../wire/people.ts';
import { sessionUser } from './user.ts';

/** Sessions that are listed. */
const SESSIONS_MAX = 200;

interface SessionRow {
  readonly id: string;
  readonly ip_address: string | null;
  readonly user_agent: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly expires_at: Date;
}

/** Throws `ApiError('forbidden')` for a token. */
export async function listSessions(context: SessionContext, services: Services): Promise<SignInSession[]> {
  const user = sessionUser(context);
  const rows = await asAuth(services.sql, (tx) => tx<SessionRow[]>`
    select id, ip_address, user_agent, created_at, updated_at, expires_at from auth.session
    where user_id = ${user.id} and expires_at > ${new Date(context.now())} order by updated_at desc, id limit ${SESSIONS_MAX}`);
  return rows.map((row) => ({
    id: row.id, current: row.id === user.sessionId, address: row.ip_address || null, userAgent: row.user_agent || null,
    createdAt: row.created_at.toISOString(), lastSeenAt: row.updated_at.toISOString(), expiresAt: row.expires_at.toISOString(),
  }));
}
