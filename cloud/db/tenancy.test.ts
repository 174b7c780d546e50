import { getAuthTables } from 'better-auth/db';
import { organization } from 'better-auth/plugins';
import { getTableConfig } from 'drizzle-orm/pg-core';
import type { PgTable } from 'drizzle-orm/pg-core';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asAuth, asWorker, connectDatabase } from './client.ts';
import type { Sql, Transaction } from './client.ts';
import { migrate } from './migrate.ts';
import * as schema from './schema/identity.ts';
import { tenant } from './tenant.ts';
import type { OrgId } from './tenant.ts';
import { testDatabase } from './testing.ts';
import type { TestDatabase } from './testing.ts';

/** Tenant tables that another role than the app's may see something of, with the reason; any other such policy fails the test. */
const EXEMPT: Readonly<Record<string, string>> = {
  'tap active_heads': 'the worker sees which clusters have a tap',
  'token token_lookup': 'a token is looked up by its hash before its organization is known',
  'alert_rule due_heads': 'the worker sees which organization has a rule that is due',
  'alert_rule due_claims': 'the worker claims a due rule by moving its time',
  'outbox due_heads': 'the worker sees which organization has something to send',
  'outbox due_claims': 'the worker claims what is to be sent',
  'cluster stale_heads': 'the worker sees which clusters are silent',
  'uplink_mark old_marks': 'the worker removes marks of proxies that are gone',
  'rollup_hour dirty_heads': 'the worker sees which hours are to be rolled up',
  'rollup_hour dirty_claims': 'the worker claims an hour that is to be rolled up',
  'rollup_hour old_hours': 'the worker removes what is past its retention',
  'uplink_gap old_gaps': 'the worker removes what is past its retention',
  'incident old_incidents': 'the worker removes what is past its retention',
  'entity_version old_versions': 'the worker removes what is past its retention',
};
const A = 'org_a' as OrgId;
const B = 'org_b' as OrgId;

let database: TestDatabase;
let owner: postgres.Sql;
let server: Sql;
let tables: string[];

beforeAll(async () => {
  database = await testDatabase();
  owner = postgres(database.ownerUrl, { max: 1, onnotice: () => undefined });
  server = connectDatabase(database.serverUrl, 2);
  tables = (await owner<{ name: string }[]>`
    select c.relname as name from pg_class c where c.relnamespace = 'tenant'::regnamespace and c.relkind in ('r', 'p') order by 1`).map((row) => row.name);
});
afterAll(async () => {
  await Promise.all([owner.end(), server.end()]);
  await database.drop();
});

describe('row-level security', () => {
  test('is forced on every table of the tenants, and each carries its organization', async () => {
    expect(tables).toContain('cluster');
    const rows = await owner`
      select c.relname, c.relrowsecurity and c.relforcerowsecurity as forced,
        exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id' and a.attnotnull) as has_org
      from pg_class c where c.relnamespace = 'tenant'::regnamespace and c.relkind in ('r', 'p')`;
    for (const row of rows) expect(row, String(row['relname'])).toMatchObject({ forced: true, has_org: true });
  });

  test('gives the app role one organization on each table, and other roles only what is listed with a reason', async () => {
    const policies = await owner<{ tablename: string; policyname: string; roles: string; qual: string; with_check: string }[]>`
      select tablename, policyname, array_to_string(roles, ',') as roles, qual, with_check from pg_policies where schemaname = 'tenant'`;
    const same = "(org_id = current_setting('sidelight.org_id'::text, true))";
    for (const policy of policies) {
      if (policy.policyname === 'one_organization') expect(policy, policy.tablename).toMatchObject({ roles: 'sidelight_app', qual: same, with_check: same });
      else expect(EXEMPT, `${policy.tablename} ${policy.policyname}`).toHaveProperty([`${policy.tablename} ${policy.policyname}`]);
    }
    // Partitions have no grants of their own: they are reached through their parent only.
    const guarded = new Set(policies.filter((policy) => policy.policyname === 'one_organization').map((policy) => policy.tablename));
    const granted = await owner<{ name: string }[]>`select distinct table_name as name from information_schema.role_table_grants where table_schema = 'tenant' and grantee like 'sidelight%' and grantee <> 'sidelight_owner'`;
    for (const { name } of granted) expect([...guarded]).toContain(name);
    for (const name of tables.filter((table) => !/_\d{8,}$/.test(table))) expect([...guarded]).toContain(name);
  });

  test('hides B’s rows from A and refuses to write them', async () => {
    const insert = (tx: Transaction, org: OrgId): postgres.PendingQuery<postgres.Row[]> => tx`insert into tenant.cluster (org_id, id, name, created_by) values (${org}, 'same-id', 'same-name', 'test')`;
    await tenant(server, A).transaction((tx) => insert(tx, A));
    await tenant(server, B).transaction((tx) => insert(tx, B));
    await tenant(server, A).transaction(async (tx) => {
      expect(await tx`select org_id from tenant.cluster`).toMatchObject([{ org_id: A }]);
      expect((await tx`update tenant.cluster set name = 'stolen' where org_id = ${B}`).count).toBe(0);
      expect((await tx`delete from tenant.cluster where org_id = ${B}`).count).toBe(0);
      await expect(tx.savepoint((inner) => inner`insert into tenant.cluster (org_id, id, name, created_by) values (${B}, 'x', 'x', 'x')`)).rejects.toThrow(/row-level security/);
      await expect(tx.savepoint((inner) => inner`update tenant.cluster set org_id = ${B}`)).rejects.toThrow(/row-level security/);
    });
    await expect(tenant(server, A).transaction((tx) => tx`select * from auth."user"`)).rejects.toThrow(/permission denied/);
  });

  test('does not leak from one transaction into the next on the same connection', async () => {
    const one = connectDatabase(database.serverUrl, 1);
    await tenant(one, A).transaction((tx) => tx`select 1`);
    await expect(one`select * from tenant.cluster`).rejects.toThrow(/permission denied/);
    await one.begin(async (tx) => {
      await tx`set local role sidelight_app`;
      expect(await tx`select * from tenant.cluster`).toHaveLength(0);
    });
    await one.end();
  });
});

describe('the server’s login', () => {
  test('sees nothing without a role', async () => {
    for (const table of [...tables.map((name) => `tenant.${name}`), 'auth."user"', 'auth.session', 'auth.account']) {
      await expect(server.unsafe(`select * from ${table} limit 1`), table).rejects.toThrow(/permission denied/);
    }
  });
  test('as auth sees identities and tokens’ heads only, as worker the heads of queues only', async () => {
    const heads = new Set(Object.keys(EXEMPT).map((name) => name.split(' ')[0]));
    for (const [role, as] of [['auth', asAuth], ['worker', asWorker]] as const) {
      for (const table of tables) {
        if (table === 'token' ? role === 'auth' : heads.has(table) && role === 'worker') continue;
        await expect(as(server, (tx) => tx.unsafe(`select count(org_id) from tenant.${table}`)), `${role} ${table}`).rejects.toThrow(/permission denied/);
      }
    }
    expect(await asAuth(server, (tx) => tx`select org_id, id, hash from tenant.token`)).toHaveLength(0);
    expect(await asWorker(server, (tx) => tx`select org_id, id, last_seen_at from tenant.cluster order by org_id`)).toHaveLength(2);
    await expect(asWorker(server, (tx) => tx`select instance from tenant.uplink_mark`)).rejects.toThrow(/permission denied/);
    await expect(asWorker(server, (tx) => tx`select name from tenant.cluster`)).rejects.toThrow(/permission denied/);
    await expect(asAuth(server, (tx) => tx`update tenant.token set revoked_at = null`)).rejects.toThrow(/permission denied/);
  });
});

describe('the identity tables', () => {
  const wanted = getAuthTables({ plugins: [organization()], rateLimit: { storage: 'database' } });
  const drizzle: Readonly<Record<string, PgTable>> = schema;

  test('have every field that better-auth needs, and no field that it would leave empty', () => {
    expect(Object.keys(drizzle).sort()).toEqual(Object.keys(wanted).sort());
    for (const [name, { fields }] of Object.entries(wanted)) {
      const columns = Object.entries(drizzle[name] ?? {}).filter(([, column]) => typeof column === 'object' && column !== null && 'notNull' in column).map(([key]) => key);
      expect(columns.sort(), name).toEqual(['id', ...Object.keys(fields)].sort());
      for (const [field, { required }] of Object.entries(fields)) {
        const column = (drizzle[name] as unknown as Record<string, { notNull: boolean }>)[field];
        if (required === false) expect(column?.notNull, `${name}.${field}`).toBe(false);
      }
    }
  });

  test('are the same in Drizzle and in the database', async () => {
    for (const table of Object.values(drizzle)) {
      const config = getTableConfig(table);
      const rows = await owner<{ name: string; type: string; not_null: boolean }[]>`
        select a.attname as name, format_type(a.atttypid, null) as type, a.attnotnull as not_null from pg_attribute a
        where a.attrelid = ${`auth.${config.name}`}::regclass and a.attnum > 0 and not a.attisdropped`;
      const columns = config.columns.map((column) => ({ name: column.name, type: column.getSQLType(), not_null: column.notNull || column.primary }));
      const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
      expect([...rows].sort(byName), config.name).toEqual(columns.sort(byName));
    }
  });
});

describe('migrations', () => {
  test('run once: a second start changes nothing', async () => {
    const before = await owner`select name, sha256, applied_at from public.migration order by name`;
    await Promise.all([migrate(database.ownerUrl), migrate(database.ownerUrl)]);
    expect(await owner`select name, sha256, applied_at from public.migration order by name`).toEqual(before);
  });
  test('refuse a file that was changed after it was applied', async () => {
    await owner`update public.migration set sha256 = 'other' where name = '0001_identity_and_roles.sql'`;
    await expect(migrate(database.ownerUrl)).rejects.toThrow('0001_identity_and_roles.sql was changed after it was applied');
  });
});

describe('partitions of windows', () => {
  test('are made ahead, reached through their parent only, and dropped when they are old', async () => {
    const day = 86_400_000;
    const today = Math.floor(Date.now() / day) * day;
    const names = async (): Promise<string[]> => (await owner<{ name: string }[]>`select inhrelid::regclass::text as name from pg_inherits where inhparent = 'tenant.window_part'::regclass order by 1`).map((row) => row.name);
    const dropped = await asWorker(server, async (tx) => {
      await tx`select tenant.ensure_window_partitions(${today - 2 * day}, ${today + 2 * day})`;
      await tx`select tenant.ensure_window_partitions(${today - 2 * day}, ${today + 2 * day})`;
      return tx<{ n: number }[]>`select tenant.drop_window_partitions(${today}) as n`;
    });
    expect(dropped[0]?.n).toBe(2);
    expect(await names()).toHaveLength(2);
    for (const name of await names()) await expect(tenant(server, A).transaction((tx) => tx.unsafe(`select * from ${name}`))).rejects.toThrow(/permission denied/);
    await expect(server`select tenant.ensure_window_partitions(0, 1)`).rejects.toThrow(/permission denied/);
  });
});
