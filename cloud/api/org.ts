/** Organizations, and who you are. */
import { createOrg } from '../actions/org/create.ts';
import { getOrg } from '../actions/org/get.ts';
import type { Handlers } from './handler.ts';

export const orgHandlers: Handlers<'getMe' | 'createOrg' | 'getOrg'> = {
  getMe: async ({ context }) => ({
    user: context.user && { id: context.user.id, email: context.user.email, name: context.user.name, emailVerified: context.user.emailVerified },
    actor: context.actor.kind === 'user' ? 'user' : 'token',
    orgs: context.orgs.map(({ org, role }) => ({ ...org, role })),
  }),
  createOrg: ({ context, body, services }) => createOrg(context, services, body),
  getOrg: ({ context, services }) => getOrg(context, services),
};
