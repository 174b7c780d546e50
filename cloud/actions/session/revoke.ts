/** Signs out one of the user's sessions, or all but the one that asks. The next request with its cookie finds nobody. */
import type { SessionContext } from '../../api/handler.ts';
import { ApiError } from '../../context.ts';
import { asAuth } from '../../db/client.ts';
import type { Services } from '../../services.ts';
import { sessionUser } from './user.ts';

/** Throws `ApiError` `forbidden` for a token, `not_found`. */
export async function revokeSession(context: SessionContext, services: Services, input: { readonly id: string }): Promise<void> {
  const user = sessionUser(context);
  const gone = await asAuth(services.sql, (tx) => tx`delete from auth.session where user_id = ${user.id} and id = ${input.id}`);
  if (gone.count === 0) throw new ApiError('not_found', `You have no session ${input.id}.`);
  services.log.info({ user: user.id, session: input.id }, 'a session was revoked');
}

/** Throws `ApiError('forbidden')` for a token. */
export async function revokeOtherSessions(context: SessionContext, services: Services): Promise<void> {
  const user = sessionUser(context);
  const gone = await asAuth(services.sql, (tx) => tx`delete from auth.session where user_id = ${user.id} and id <> ${user.sessionId}`);
  services.log.info({ user: user.id, sessions: gone.count }, 'the other sessions of a user were revoked');
}
