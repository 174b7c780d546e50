import { afterAll, beforeAll, expect, test } from 'vitest';
import postgres from 'postgres';
import { type TestDatabase, testDatabase } from './testing.ts';

let first: TestDatabase;
let second: TestDatabase;

beforeAll(async () => {
  [first, second] = await Promise.all([testDatabase(), testDatabase()]);
});
afterAll(async () => {
  await Promise.all([first.drop(), second.drop()]);
});

test('each database is migrated and apart from the others', async () => {
  const sql = postgres(first.ownerUrl, { max: 1 });
  const other = postgres(second.ownerUrl, { max: 1 });
  try {
    const migrated = await sql`select from public.migration`;
    expect(migrated.length).toBeGreaterThan(0);
    await sql`create table public.only_here (x int)`;
    const [row] = await other`select to_regclass('public.only_here') as found`;
    expect(row?.['found']).toBeNull();
  } finally {
    await Promise.all([sql.end(), other.end()]);
  }
});

test("the server's login owns nothing and is no superuser", async () => {
  const sql = postgres(first.serverUrl, { max: 1 });
  try {
    const [role] = await sql`select rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolinherit from pg_roles where rolname = current_user`;
    expect(role).toEqual({ rolsuper: false, rolcreaterole: false, rolcreatedb: false, rolbypassrls: false, rolinherit: false });
    const [owned] = await sql`select count(*)::int as n from pg_class where relowner = (select oid from pg_roles where rolname = current_user)`;
    expect(owned?.['n']).toBe(0);
    await expect(sql`create table public.mine (x int)`).rejects.toThrow(/permission denied/);
  } finally {
    await sql.end();
  }
});
