/** Applies migrations/*.sql in order of their names, once each, and refuses a file that was changed after it was applied. */
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import postgres from 'postgres';

const FOLDER = new URL('../../migrations/', import.meta.url);
/** Key of the advisory lock under which starts of several instances take turns. */
const LOCK_KEY = 7_400_001;
/** A migration that waits longer than this for a table gives up and may be started again: it would hold up everyone behind it. */
const LOCK_TIMEOUT_MS = 10_000;

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

/** `ownerUrl`: a login that owns the database. Each file runs in a transaction of its own. */
export async function migrate(ownerUrl: string): Promise<void> {
  // Without array types: the client would ask for them by itself, and nobody handles it when the server ends just then.
  const sql = postgres(ownerUrl, { max: 1, fetch_types: false, onnotice: () => undefined });
  try {
    await sql`select pg_advisory_lock(${LOCK_KEY})`;
    await sql`create table if not exists public.migration (name text primary key, sha256 text not null, applied_at timestamptz not null default now())`;
    const rows = await sql<{ name: string; sha256: string }[]>`select name, sha256 from public.migration`;
    const applied = new Map(rows.map((row) => [row.name, row.sha256]));
    for (const migration of await readMigrations()) {
      const before = applied.get(migration.name);
      if (before === undefined) await apply(sql, migration);
      else if (before !== migration.sha256) throw new Error(`migrations/${migration.name} was changed after it was applied; add a new file instead`);
    }
  } finally {
    await sql.end({ timeout: 5 });
  }
}

async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(FOLDER)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(names.map(async (name) => {
    const text = await readFile(new URL(name, FOLDER), 'utf8');
    return { name, sql: text, sha256: createHash('sha256').update(text).digest('hex') };
  }));
}

async function apply(sql: postgres.Sql, migration: Migration): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`select set_config('lock_timeout', ${`${LOCK_TIMEOUT_MS}ms`}, true)`;
    await tx.unsafe(migration.sql);
    await tx`insert into public.migration (name, sha256) values (${migration.name}, ${migration.sha256})`;
  });
}

if (import.meta.main) {
  const url = process.env['DATABASE_OWNER_URL'];
  if (url === undefined) {
    process.stderr.write('error [config_invalid] DATABASE_OWNER_URL is missing; give postgres://OWNER:PASSWORD@HOST:PORT/DATABASE of the login that owns the database\n');
    process.exitCode = 2;
  } else {
    await migrate(url);
  }
}
