/** An actor in one word, for `created_by` columns. */
import type { Actor } from '../context.ts';

export function actorName(actor: Actor): string {
  switch (actor.kind) {
    case 'user':
      return actor.userId;
    case 'token':
    case 'agent':
      return actor.tokenId;
    case 'system':
      return `system: ${actor.reason}`;
    default:
      return actor satisfies never;
  }
}
