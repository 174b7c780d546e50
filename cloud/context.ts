/** Who acts, and in which organization: what every action takes as its first argument. */
import type { ErrorCode } from './wire/errors.ts';
import type { Tenant } from './db/tenant.ts';
import type { Role } from './wire/roles.ts';

export type Actor =
  | { readonly kind: 'user'; readonly userId: string; readonly email: string }
  | { readonly kind: 'token'; readonly tokenId: string; readonly name: string }
  | { readonly kind: 'agent'; readonly clusterId: string; readonly tokenId: string }
  | { readonly kind: 'system'; readonly reason: string };

/** A verified actor in one organization. */
export interface OrgContext {
  readonly tenant: Tenant;
  readonly org: { readonly slug: string; readonly name: string };
  readonly actor: Actor;
  readonly role: Role;
  readonly now: () => number;
  /** Where the request came from, for the audit log; absent where it isn't known. */
  readonly address?: string | undefined;
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
