/** Members, invitations, sessions and the audit log, as the API speaks of them. */
import { z } from 'zod';
import { Instant } from './entities.ts';
import { ROLES } from './roles.ts';

export const RoleName = z.enum(ROLES);

export const Member = z.object({
  id: z.string().describe('Id of the user'),
  name: z.string(),
  email: z.string(),
  role: RoleName,
  joinedAt: Instant,
  /** True for who asks. */
  you: z.boolean(),
});
export type Member = z.infer<typeof Member>;

export const Invitation = z.object({
  id: z.string(),
  email: z.string(),
  role: RoleName,
  invitedBy: z.string().describe('Name of who invited'),
  createdAt: Instant,
  expiresAt: Instant,
  /** Where the invited person accepts; whoever is signed in with that address may. */
  url: z.string(),
});
export type Invitation = z.infer<typeof Invitation>;

/** An invitation as the invited person sees it. */
export const OwnInvitation = z.object({ id: z.string(), org: z.object({ slug: z.string(), name: z.string() }), role: RoleName, invitedBy: z.string(), expiresAt: Instant });
export type OwnInvitation = z.infer<typeof OwnInvitation>;

/** A place where one is signed in. */
export const SignInSession = z.object({
  id: z.string(),
  /** True for the session that asks. */
  current: z.boolean(),
  address: z.string().nullable(),
  userAgent: z.string().nullable(),
  createdAt: Instant,
  lastSeenAt: Instant,
  expiresAt: Instant,
});
export type SignInSession = z.infer<typeof SignInSession>;

/** One change: who, what, when, from where. */
export const AuditEntry = z.object({
  id: z.string(),
  at: Instant,
  actor: z.object({ kind: z.enum(['user', 'token', 'agent', 'system']), name: z.string() }),
  action: z.string().describe('<entity>.<verb>'),
  target: z.string(),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  address: z.string().nullable().describe('The address that the change came from, where it is known'),
});
export type AuditEntry = z.infer<typeof AuditEntry>;
export const AuditPage = z.object({
  entries: z.array(AuditEntry),
  /** Goes into `before` for the next page; null at the end. */
  next: z.string().nullable(),
});
export type AuditPage = z.infer<typeof AuditPage>;
