/**
 * Tokens: `slo_` (API) or `sla_` (agent), 32 random bytes and a checksum of 4 bytes, all base64url. Only the SHA-256 is stored;
 * the checksum tells a mistyped token from a revoked one without the database.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { RandomBytes } from '../ids.ts';

export type TokenKind = 'api' | 'agent';

const KIND_PREFIX = { api: 'slo_', agent: 'sla_' } as const satisfies Record<TokenKind, string>;
const RANDOM_BYTES = 32;
const CHECKSUM_BYTES = 4;
/** Characters of a token that may be shown again: its kind and 48 bits of the random part. */
const SHOWN_CHARACTERS = 12;

export interface NewToken {
  /** The secret itself; shown once and never stored. */
  readonly token: string;
  readonly prefix: string;
  readonly hash: Uint8Array;
}

function sha256(text: string | Uint8Array): Uint8Array {
  return createHash('sha256').update(text).digest();
}

function checksum(kind: TokenKind, random: Uint8Array): Uint8Array {
  return createHash('sha256').update(KIND_PREFIX[kind]).update(random).digest().subarray(0, CHECKSUM_BYTES);
}

export function makeToken(kind: TokenKind, randomBytes: RandomBytes): NewToken {
  const random = randomBytes(RANDOM_BYTES);
  const token = KIND_PREFIX[kind] + Buffer.concat([random, checksum(kind, random)]).toString('base64url');
  return { token, prefix: token.slice(0, SHOWN_CHARACTERS), hash: sha256(token) };
}

/** The kind and hash of a well-formed token, or null. */
export function parseToken(text: string): { readonly kind: TokenKind; readonly hash: Uint8Array } | null {
  const kind: TokenKind | null = text.startsWith(KIND_PREFIX.api) ? 'api' : text.startsWith(KIND_PREFIX.agent) ? 'agent' : null;
  if (kind === null) return null;
  const body = text.slice(KIND_PREFIX[kind].length);
  const bytes = Buffer.from(body, 'base64url');
  if (bytes.length !== RANDOM_BYTES + CHECKSUM_BYTES || bytes.toString('base64url') !== body) return null;
  if (!sameBytes(checksum(kind, bytes.subarray(0, RANDOM_BYTES)), bytes.subarray(RANDOM_BYTES))) return null;
  return { kind, hash: sha256(text) };
}

/** Constant in time for equal lengths. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The token of an `Authorization: Bearer` header, or null without one. */
export function bearerOf(authorization: string | null | undefined): string | null {
  return /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? null;
}
