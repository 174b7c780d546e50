/** What every handler of the API can reach, made once by the entry: no globals, no environment below it. */
import type { Accounts } from './auth/accounts.ts';
import type { Sql } from './db/client.ts';
import type { RandomBytes } from './ids.ts';
import type { Log } from './log.ts';
import type { Mailer } from './mail/mail.ts';
import type { EntityNames } from './series/names.ts';

export interface Services {
  readonly sql: Sql;
  readonly accounts: Accounts;
  readonly mail: Pick<Mailer, 'send'>;
  readonly names: EntityNames;
  readonly now: () => number;
  readonly randomBytes: RandomBytes;
  readonly log: Log;
  /** Seals secrets at rest; never leaves the server. */
  readonly secret: string;
  /** Where people reach the console and the API: an origin without a path. */
  readonly publicUrl: string;
  /** `host:port` entries that webhooks may reach although they are private. */
  readonly outboundAllow: readonly string[];
}
