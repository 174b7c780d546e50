/** The signed-in user of a session's own calls. */
import type { SessionContext } from '../../api/handler.ts';
import type { SignedIn } from '../../auth/accounts.ts';
import { ApiError } from '../../context.ts';

/** Throws `ApiError('forbidden')` for a token, which has no sessions. */
export function sessionUser(context: SessionContext): SignedIn {
  if (context.user) return context.user;
  throw new ApiError('forbidden', 'A token has no sessions; sign in as a user.');
}
