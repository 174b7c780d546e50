/** Accounts, sessions and memberships by better-auth, on its own connections that have the auth role from their start. */
import { createHmac } from 'node:crypto';
import { betterAuth } from 'better-auth';
import { drizzleAdapter } from 'better-auth/adapters/drizzle';
import { organization } from 'better-auth/plugins';
import { adminAc, memberAc, ownerAc } from 'better-auth/plugins/organization/access';
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { ApiError } from '../context.ts';
import { CONNECT_TIMEOUT_S, reconnectSeconds } from '../db/client.ts';
import * as schema from '../db/schema/identity.ts';
import type { Log } from '../log.ts';
import type { Mailer } from '../mail/mail.ts';
import { resetMail, verificationMail } from '../mail/texts.ts';
import { hashPassword, verifyPassword } from './password.ts';

/** Where the entry puts the peer's address; an incoming header of this name is removed first. */
export const CLIENT_ADDRESS_HEADER = 'x-sidelight-client-address';

/** Sign-ins and sign-ups a minute and address, before 429: room for an office behind one address, not for guessing. */
const SIGN_INS_PER_MINUTE = 30;
/** Mails that one address may cause a minute. */
const MAILS_PER_MINUTE = 5;
/** Life of links in mails. */
const LINK_SECONDS = 3_600;
const CONNECTIONS_MAX = 4;

/** Members and invitations have calls of their own, which write the audit log. */
const ORGANIZATION_PATH = /^\/api\/auth\/organization(?:\/|$)/;

export interface SignedIn {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly emailVerified: boolean;
  readonly sessionId: string;
}

export interface Accounts {
  /** Everything under /api/auth. */
  handle(request: Request): Promise<Response>;
  /** The user of a request's session cookie, or null. Throws `ApiError('unavailable')` when the database is away. */
  signedIn(headers: Headers): Promise<SignedIn | null>;
  close(): Promise<void>;
}

export interface AccountsOptions {
  readonly databaseUrl: string;
  readonly secret: string;
  readonly publicUrl: string;
  readonly log: Log;
  readonly mail: Pick<Mailer, 'send'>;
  /** True: who has not confirmed their address can't sign in. */
  readonly confirmedOnly: boolean;
}

export function createAccounts(options: AccountsOptions): Accounts {
  const client = postgres(options.databaseUrl, {
    max: CONNECTIONS_MAX,
    connect_timeout: CONNECT_TIMEOUT_S,
    backoff: reconnectSeconds,
    onnotice: () => undefined,
    connection: { application_name: 'sidelight-auth', role: 'sidelight_auth', search_path: 'pg_catalog' },
  });
  const auth = createAuth(client, options);
  return {
    handle: async (request) => {
      if (ORGANIZATION_PATH.test(new URL(request.url).pathname)) throw new ApiError('not_found', 'Organizations, members and invitations are under /api/v1.');
      return auth.handler(request);
    },
    signedIn: async (headers) => {
      const session = await auth.api.getSession({ headers }).catch((cause: unknown) => {
        throw new ApiError('unavailable', 'The session could not be read from the database.', { cause });
      });
      return session ? { id: session.user.id, email: session.user.email, name: session.user.name, emailVerified: session.user.emailVerified, sessionId: session.session.id } : null;
    },
    close: () => client.end({ timeout: 5 }),
  };
}

function createAuth(client: postgres.Sql, options: AccountsOptions) {
  return betterAuth({
    appName: 'Sidelight',
    baseURL: options.publicUrl,
    basePath: '/api/auth',
    secret: authSecret(options.secret),
    trustedOrigins: trustedOrigins(options.publicUrl),
    telemetry: { enabled: false },
    database: drizzleAdapter(drizzle(client), { provider: 'pg', schema, transaction: true }),
    emailAndPassword: {
      enabled: true,
      password: { hash: hashPassword, verify: verifyPassword },
      requireEmailVerification: options.confirmedOnly,
      resetPasswordTokenExpiresIn: LINK_SECONDS,
      revokeSessionsOnPasswordReset: true,
      sendResetPassword: async ({ user, token }) => options.mail.send(resetMail({ to: user.email, url: `${options.publicUrl}/reset-password?token=${encodeURIComponent(token)}` })),
      onPasswordReset: async ({ user }) => options.log.info({ user: user.id }, 'a password was reset'),
    },
    emailVerification: {
      sendOnSignUp: true,
      sendOnSignIn: options.confirmedOnly,
      autoSignInAfterVerification: true,
      expiresIn: LINK_SECONDS,
      sendVerificationEmail: async ({ user, token }) => options.mail.send(verificationMail({ to: user.email, url: `${options.publicUrl}/api/auth/verify-email?token=${encodeURIComponent(token)}&callbackURL=%2F` })),
    },
    rateLimit: {
      enabled: true,
      storage: 'database',
      customRules: {
        '/sign-in/*': { window: 60, max: SIGN_INS_PER_MINUTE },
        '/sign-up/*': { window: 60, max: SIGN_INS_PER_MINUTE },
        '/request-password-reset': { window: 60, max: MAILS_PER_MINUTE },
        '/send-verification-email': { window: 60, max: MAILS_PER_MINUTE },
        '/get-session': false,
      },
    },
    advanced: {
      cookiePrefix: 'sidelight',
      useSecureCookies: options.publicUrl.startsWith('https:'),
      ipAddress: { ipAddressHeaders: [CLIENT_ADDRESS_HEADER] },
    },
    logger: { log: (level, message) => logOf(options.log, level)({ from: 'better-auth' }, message) },
    plugins: [
      organization({
        roles: { owner: ownerAc, admin: adminAc, editor: memberAc, viewer: memberAc },
        // Organizations are made by POST /api/v1/orgs, which writes the audit row; their deletion must take their data along.
        allowUserToCreateOrganization: false,
        disableOrganizationDeletion: true,
      }),
    ],
  });
}

function logOf(log: Log, level: string): Log['info'] {
  if (level === 'error') return (fields, message) => log.error(fields, message);
  if (level === 'warn') return (fields, message) => log.warn(fields, message);
  return (fields, message) => log.info(fields, message);
}

/** A key of its own for cookies, so that no other use of the server's secret can forge one. */
function authSecret(secret: string): string {
  return createHmac('sha256', secret).update('sidelight accounts').digest('base64url');
}

/** The public origin; on a loopback address its other spellings too, since people type either. */
export function trustedOrigins(publicUrl: string): string[] {
  const url = new URL(publicUrl);
  const loopback = ['127.0.0.1', 'localhost', '[::1]'];
  if (!loopback.includes(url.hostname)) return [url.origin];
  const port = url.port === '' ? '' : `:${url.port}`;
  return loopback.map((host) => `${url.protocol}//${host}${port}`);
}
