/** The database of a start: the embedded Postgres, or yours by DATABASE_URL; migrated, with the server's own login. */
import { join } from 'node:path';
import postgres from 'postgres';
import { migrate } from '../cloud/db/migrate.ts';
import { Fault } from './fault.ts';
import { keptSecret } from './kept.ts';
import { keepPostgres } from './postgres/keeper.ts';
import { PLAIN, SERVER } from './postgres/roles.ts';

export interface Database {
  /** Login `sidelight_server`, for the cloud process. */
  readonly serverUrl: string;
  stop(): Promise<void>;
}

/** Starts the embedded Postgres below `data`, migrates it, and keeps it running. */
export async function embeddedDatabase(data: string, log: (line: string) => void): Promise<Database> {
  const running = await keepPostgres({ dataDir: join(data, 'postgres'), log });
  try {
    await migrate(running.ownerUrl);
    return { serverUrl: running.serverUrl, stop: running.stop };
  } catch (error) {
    await running.stop();
    throw error;
  }
}

/** Migrates your database and sets the password of the server's login, random per data folder. Fault: `database_refused`. */
export async function ownDatabase(ownerUrl: string, data: string): Promise<Database> {
  const password = await keptSecret(join(data, 'server-login-password'));
  try {
    await migrate(ownerUrl);
    await prepareServerLogin(ownerUrl, password);
  } catch (error) {
    const url = new URL(ownerUrl);
    throw new Fault(
      'database_refused',
      `The database ${url.host}${url.pathname} could not be prepared: ${error instanceof Error ? error.message : String(error)}.`,
      'DATABASE_URL must name a login that owns the database and may create roles (Postgres 16 or later).',
    );
  }
  const url = new URL(ownerUrl);
  url.username = SERVER;
  url.password = password;
  return { serverUrl: url.href, stop: async () => undefined };
}

async function prepareServerLogin(ownerUrl: string, password: string): Promise<void> {
  const sql = postgres(ownerUrl, { ...PLAIN, max: 1 });
  try {
    // The password is ours and base64url; ALTER ROLE takes no parameters.
    await sql.unsafe(`alter role ${SERVER} login noinherit password '${password}'`);
    const [row] = await sql<{ name: string; may: boolean }[]>`select current_database() as name, has_database_privilege(${SERVER}, current_database(), 'connect') as may`;
    if (row !== undefined && !row.may) await sql`grant connect on database ${sql(row.name)} to ${sql(SERVER)}`;
  } finally {
    await sql.end({ timeout: 5 });
  }
}
