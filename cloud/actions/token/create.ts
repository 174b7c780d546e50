/** Makes an API token; the secret is in this answer only. */
import type { OrgContext } from '../../context.ts';
import type { RandomBytes } from '../../ids.ts';
import { insertToken } from './insert.ts';
import type { TokenOnce } from './insert.ts';

export async function createToken(context: OrgContext, input: { readonly name: string; readonly randomBytes: RandomBytes }): Promise<TokenOnce> {
  return context.tenant.transaction((tx) => insertToken(tx, context, { kind: 'api', ...input }));
}
