/** Writes a new token's row and its audit row; the secret leaves in the answer and is kept nowhere. */
import { ApiError } from '../../context.ts';
import type { OrgContext } from '../../context.ts';
import type { Transaction } from '../../db/client.ts';
import { makeToken } from '../../auth/tokens.ts';
import { newId } from '../../ids.ts';
import type { RandomBytes } from '../../ids.ts';
import { actorName } from '../actor-name.ts';
import { audit } from '../audit.ts';

/** Live tokens: API tokens of an organization, agent tokens of a cluster. */
export const API_TOKENS_MAX = 100;
export const AGENT_TOKENS_MAX = 10;

export interface TokenOnce {
  readonly id: string;
  readonly token: string;
  readonly prefix: string;
}

export type TokenInput =
  | { readonly kind: 'api'; readonly name: string; readonly randomBytes: RandomBytes }
  | { readonly kind: 'agent'; readonly clusterId: string; readonly name: string; readonly randomBytes: RandomBytes };

export async function insertToken(tx: Transaction, context: OrgContext, input: TokenInput): Promise<TokenOnce> {
  const { orgId } = context.tenant;
  const clusterId = input.kind === 'agent' ? input.clusterId : null;
  const max = input.kind === 'agent' ? AGENT_TOKENS_MAX : API_TOKENS_MAX;
  const [held] = await tx<{ count: number }[]>`
    select count(*) as count from tenant.token
    where org_id = ${orgId} and kind = ${input.kind} and cluster_id is not distinct from ${clusterId} and revoked_at is null`;
  if ((held?.count ?? 0) >= max) throw new ApiError('limit_reached', `There are ${max} live tokens already; revoke one first.`);
  const { token, prefix, hash } = makeToken(input.kind, input.randomBytes);
  const id = newId('token', input.randomBytes);
  await tx`
    insert into tenant.token (org_id, id, kind, cluster_id, name, prefix, hash, created_at, created_by)
    values (${orgId}, ${id}, ${input.kind}, ${clusterId}, ${input.name}, ${prefix}, ${hash}, ${new Date(context.now())}, ${actorName(context.actor)})`;
  await audit(tx, context, { action: 'token.create', target: id, details: { kind: input.kind, name: input.name, prefix } });
  return { id, token, prefix };
}
