/** From a token's text to its row: unknown, of another kind and revoked are one answer to the caller. */
import { ApiError } from '../context.ts';
import { asAuth } from '../db/client.ts';
import type { Sql } from '../db/client.ts';
import { tenant } from '../db/tenant.ts';
import type { OrgId } from '../db/tenant.ts';
import { openCredential } from './credential.ts';
import { parseToken, sameBytes } from './tokens.ts';
import type { TokenKind } from './tokens.ts';

/** `last_used_at` is written at most this often. */
const LAST_USED_STEP_MS = 60_000;

export interface VerifiedToken {
  readonly id: string;
  readonly orgId: OrgId;
  readonly name: string;
  /** The cluster of an agent token. */
  readonly clusterId: string | null;
  readonly org: { readonly slug: string; readonly name: string };
}

interface TokenRow {
  id: string;
  org_id: string;
  kind: TokenKind;
  cluster_id: string | null;
  hash: Uint8Array;
  name: string;
  revoked_at: Date | null;
  last_used_at: Date | null;
  slug: string;
  org_name: string;
}

/** Throws `ApiError('token_invalid')` for anything but a live token of that kind. */
export async function verifyToken(sql: Sql, text: string, kind: TokenKind, now: number): Promise<VerifiedToken> {
  const parsed = parseToken(text);
  if (!parsed) throw new ApiError('token_invalid', 'This is no Sidelight token; was it copied whole?');
  if (parsed.kind !== kind) throw new ApiError('token_invalid', otherKind(kind));
  const [row] = await asAuth(sql, (tx) => tx<TokenRow[]>`
    select t.id, t.org_id, t.kind, t.cluster_id, t.hash, t.name, t.revoked_at, t.last_used_at, o.slug, o.name as org_name
    from tenant.token t join auth.organization o on o.id = t.org_id where t.hash = ${parsed.hash}`);
  if (!row || !sameBytes(row.hash, parsed.hash) || row.kind !== kind) throw new ApiError('token_invalid', 'The token is unknown; its cluster or organization may be deleted.');
  if (row.revoked_at) throw new ApiError('token_invalid', 'The token was revoked. Make a new one in the console.');
  // The row that the hash found names the organization: this is where a handle for it comes from.
  const orgId = row.org_id as OrgId;
  if (now - (row.last_used_at?.getTime() ?? 0) >= LAST_USED_STEP_MS) await touch(sql, orgId, row.id, now);
  return { id: row.id, orgId, name: row.name, clusterId: row.cluster_id, org: { slug: row.slug, name: row.org_name } };
}

/** Whom a credential speaks for: the ids of its token's row. */
export interface VerifiedCredential {
  readonly orgId: OrgId;
  readonly clusterId: string;
  readonly tokenId: string;
}

/** Throws `ApiError('token_invalid')` for a credential that is expired, not ours, or whose token is revoked or gone. */
export async function verifyCredential(sql: Sql, key: Uint8Array, text: string, now: number): Promise<VerifiedCredential> {
  const opened = openCredential(key, text, now);
  if (opened.kind !== 'claims') throw new ApiError('token_invalid', opened.kind === 'expired' ? 'The credential has expired; connect with the cluster’s token.' : 'This is no credential of this cloud; connect with the cluster’s token.');
  const { claims } = opened;
  const [row] = await asAuth(sql, (tx) => tx<{ org_id: OrgId; revoked_at: Date | null }[]>`
    select org_id, revoked_at from tenant.token where org_id = ${claims.orgId} and id = ${claims.tokenId} and cluster_id = ${claims.clusterId} and kind = 'agent'`);
  if (!row || row.revoked_at) throw new ApiError('token_invalid', 'The token of this credential was revoked, or its cluster is deleted.');
  return { orgId: row.org_id, clusterId: claims.clusterId, tokenId: claims.tokenId };
}

function otherKind(wanted: TokenKind): string {
  return wanted === 'api' ? 'An agent token opens the uplink only; the API takes API tokens (slo_…).' : 'The uplink takes agent tokens (sla_…), not API tokens.';
}

async function touch(sql: Sql, orgId: OrgId, tokenId: string, now: number): Promise<void> {
  await tenant(sql, orgId).transaction((tx) => tx`
    update tenant.token set last_used_at = ${new Date(now)}
    where org_id = ${orgId} and id = ${tokenId} and (last_used_at is null or last_used_at <= ${new Date(now - LAST_USED_STEP_MS)})`);
}
