/** API tokens. */
import { createToken } from '../actions/token/create.ts';
import { listApiTokens } from '../actions/token/list.ts';
import { revokeToken } from '../actions/token/revoke.ts';
import type { Handlers } from './handler.ts';

export const tokenHandlers: Handlers<'listTokens' | 'createToken' | 'revokeToken'> = {
  listTokens: async ({ context }) => ({ tokens: await listApiTokens(context) }),
  createToken: ({ context, body, services }) => createToken(context, { name: body.name, randomBytes: services.randomBytes }),
  revokeToken: async ({ context, params }) => {
    await revokeToken(context, { id: params.id });
    return null;
  },
};
