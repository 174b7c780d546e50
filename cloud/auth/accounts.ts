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
import { hashPassword, verifyPassword } from './password.ts';

/** Where the entry puts the peer's address; an incoming header of this name is removed first. */
export const CLIENT_ADDRESS_HEADER = 'x-sidelight-client-address';

/** Sign-ins and sign-ups a minute and address, before 429: room for an office behind one address, not for guessing. */
const SIGN_INS_PER_MINUTE = 30;
const CONNECTIONS_MAX = 4;

export interface SignedIn {
  readonly id: string;
  readonly email: string;
  readonly name: string;
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
    handle: (request) => auth.handler(request),
    signedIn: async (headers) => {
      const session = await auth.api.getSession({ headers }).catch((cause: unknown) => {
        throw new ApiError('unavailable', 'The session could not be read from the database.', { cause });
      });
      return session ? { id: session.user.id, email: session.user.email, name: session.user.name } : null;
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
    emailAndPassword: { enabled: true, password: { hash: hashPassword, verify: verifyPassword } },
    rateLimit: {
      enabled: true,
      storage: 'database',
      customRules: {
        '/sign-in/*': { window: 60, max: SIGN_INS_PER_MINUTE },
        '/sign-up/*': { window: 60, max: SIGN_INS_PER_MINUTE },
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
