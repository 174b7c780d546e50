/** A database of its own for each test that asks: a clone of one that was migrated once per test run. */

export interface TestDatabase {
  /** Login that owns the database: migrations and looking past row-level security by `set role`. */
  readonly ownerUrl: string;
  /** Login of the cloud process: owns nothing. */
  readonly serverUrl: string;
  /** Removes the database, open connections included. The run's end removes what is left. */
  drop(): Promise<void>;
}

/** Starts the run's Postgres at the first call (a second or two), then clones in some 50 ms. Only inside vitest. */
export async function testDatabase(): Promise<TestDatabase> {
  const { name, ownerUrl, serverUrl } = await ask('');
  return {
    ownerUrl: String(ownerUrl),
    serverUrl: String(serverUrl),
    drop: async () => { await ask(`?drop=${String(name)}`); },
  };
}

async function ask(query: string): Promise<Record<string, unknown>> {
  const address = process.env['SIDELIGHT_TEST_POSTGRES'];
  if (address === undefined) throw new Error('testDatabase() works inside vitest with the global set-up infra/checks/postgres-setup.ts');
  const url = new URL(address);
  const word = url.username;
  url.username = '';
  const response = await fetch(new URL(query, url), { headers: { authorization: `Bearer ${word}` } });
  if (!response.ok) throw new Error(`the test Postgres: ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}
