/**
 * Credentials of agents: what an enrolment token is exchanged for on the uplink. Bound to the cluster and to the token that it
 * came from, for one hour; signed and not stored, while the token's row is looked at whenever one is used, so that revoking
 * the token ends both. `slc_<claims as base64url>.<HMAC-SHA-256 as base64url>`.
 */
import { createHmac } from 'node:crypto';
import { sameBytes } from './tokens.ts';

export const CREDENTIAL_PREFIX = 'slc_';
export const CREDENTIAL_MS = 3_600_000;
/** A live connection gets a new one when this much of its life has passed. */
export const CREDENTIAL_RENEW_MS = CREDENTIAL_MS / 2;

export interface CredentialClaims {
  readonly orgId: string;
  readonly clusterId: string;
  readonly tokenId: string;
}

export type OpenedCredential = { readonly kind: 'claims'; readonly claims: CredentialClaims } | { readonly kind: 'expired' } | { readonly kind: 'invalid' };

/** A key of its own, so that no other use of the server's secret can forge one. */
export function credentialKey(secret: string): Uint8Array {
  return createHmac('sha256', secret).update('sidelight agent credentials').digest();
}

export function makeCredential(key: Uint8Array, { orgId, clusterId, tokenId }: CredentialClaims, expiresMs: number): string {
  const claims = Buffer.from(JSON.stringify([orgId, clusterId, tokenId, expiresMs])).toString('base64url');
  return `${CREDENTIAL_PREFIX}${claims}.${mac(key, claims).toString('base64url')}`;
}

export function openCredential(key: Uint8Array, text: string, nowMs: number): OpenedCredential {
  const [, claims, signature] = /^slc_([\w-]{1,1000})\.([\w-]{43})$/.exec(text) ?? [];
  if (claims === undefined || signature === undefined) return { kind: 'invalid' };
  if (!sameBytes(mac(key, claims), Buffer.from(signature, 'base64url'))) return { kind: 'invalid' };
  // Signed by us, so it is what `makeCredential` wrote.
  const [orgId, clusterId, tokenId, expiresMs] = JSON.parse(Buffer.from(claims, 'base64url').toString()) as [string, string, string, number];
  return nowMs < expiresMs ? { kind: 'claims', claims: { orgId, clusterId, tokenId } } : { kind: 'expired' };
}

function mac(key: Uint8Array, claims: string): Buffer {
  return createHmac('sha256', key).update(claims).digest();
}
