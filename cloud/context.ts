/** Who acts, and in which organization: what every action takes as its first argument. */
import type { Action } from './wire/calls.ts';
import type { ErrorCode } from './wire/errors.ts';
import type { Tenant } from './db/tenant.ts';

export type Actor =
  | { readonly kind: 'user'; readonly userId: string; readonly email: string }
  | { readonly kind: 'token'; readonly tokenId: string; readonly name: string }
  | { readonly kind: 'agent'; readonly clusterId: string; readonly tokenId: string }
  | { readonly kind: 'system'; readonly reason: string };

export type Role = 'viewer' | 'editor' | 'admin' | 'owner';

/** What each role may do. */
export const ROLE_ACTIONS = {
  viewer: ['read'],
  editor: ['read', 'write'],
  admin: ['read', 'write', 'admin'],
  owner: ['read', 'write', 'admin'],
} as const satisfies Record<Role, readonly Action[]>;

/** A verified actor in one organization. */
export interface OrgContext {
  readonly tenant: Tenant;
  readonly org: { readonly slug: string; readonly name: string };
  readonly actor: Actor;
  readonly role: Role;
  readonly now: () => number;
}

/** An error with a code of the API; anything else thrown is our bug and answers `internal`. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;
  readonly faults: readonly { path: string; message: string }[] | undefined;
  constructor(code: ErrorCode, detail: string, more: { readonly faults?: readonly { path: string; message: string }[]; readonly cause?: unknown } = {}) {
    super(detail, { cause: more.cause });
    this.code = code;
    this.faults = more.faults;
  }
}
