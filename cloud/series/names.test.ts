import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { connectDatabase } from '../db/client.ts';
import type { Sql, Transaction } from '../db/client.ts';
import { tenant } from '../db/tenant.ts';
import type { OrgId } from '../db/tenant.ts';
import { testDatabase } from '../db/testing.ts';
import type { TestDatabase } from '../db/testing.ts';
import { edgeKey, routeKey } from './edge.ts';
import { createEntityNames } from './names.ts';
import type { EntityNames } from './names.ts';

const ORG = 'org_names' as OrgId;
let database: TestDatabase;
let sql: Sql;
let cluster = '';

beforeAll(async () => {
  database = await testDatabase();
  sql = connectDatabase(database.serverUrl, 3);
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});
beforeEach(async ({ task }) => {
  cluster = task.id;
  await inOrg((tx) => tx`insert into tenant.cluster (org_id, id, name, created_by) values (${ORG}, ${cluster}, ${cluster}, 'test')`);
});

function inOrg<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
  return tenant(sql, ORG).transaction(work);
}

function key(name: string, tls: 'mtls' | 'plain' = 'mtls'): string {
  return edgeKey({ direction: 'inbound', source: `n/d/${name}`, service: 'n/s', destination: 'n/d/s', protocol: 'http1', tls });
}

/** Makes names as an ingest does: they are learned after the commit. */
async function make(names: EntityNames, keys: readonly string[]): Promise<Map<string, number>> {
  const ids = await inOrg((tx) => names.idsOf(tx, ORG, cluster, 'edge', keys));
  names.learn(ORG, cluster, 'edge', ids);
  return ids;
}

test('a key has one id for ever, from the cache or from the database', async () => {
  const names = createEntityNames();
  const first = await make(names, [key('a'), key('b')]);
  expect(first.size).toBe(2);
  expect(await make(names, [key('b'), key('a')])).toEqual(first);
  expect(names.counters.hits).toBe(2);
  expect(await make(createEntityNames(), [key('a'), key('b')])).toEqual(first);
});

test('names of a transaction that was rolled back are forgotten', async () => {
  const names = createEntityNames();
  await expect(inOrg(async (tx) => {
    await names.idsOf(tx, ORG, cluster, 'edge', [key('a')]);
    throw new Error('no');
  })).rejects.toThrow('no');
  const ids = await make(names, [key('b'), key('a')]);
  const stored = await inOrg((tx) => tx<{ id: number; key: string }[]>`select id, key from tenant.entity where cluster_id = ${cluster}`);
  expect(new Map(stored.map((row) => [row.key, row.id]))).toEqual(ids);
});

test('all edges are read once, then only what is new', async () => {
  const [writer, reader] = [createEntityNames(), createEntityNames()];
  await make(writer, [key('a')]);
  const read = (): Promise<number> => tenant(sql, ORG).snapshot(async (tx) => (await reader.allEdges(tx, ORG, cluster)).size);
  expect(await read()).toBe(1);
  await make(writer, [key('b'), key('c')]);
  expect(await read()).toBe(3);
});

test('ids of another cluster have no name here', async () => {
  const names = createEntityNames();
  const ids = await make(names, [key('a')]);
  await inOrg((tx) => tx`insert into tenant.cluster (org_id, id, name, created_by) values (${ORG}, 'elsewhere', 'elsewhere', 'test')`);
  expect((await inOrg((tx) => names.edges(tx, ORG, 'elsewhere', ids.values()))).size).toBe(0);
});

test('a cluster over its cap has its new names folded into other, per direction, protocol and TLS', async () => {
  const names = createEntityNames(1000, 3);
  await make(names, [key('a'), key('b')]);
  const ids = await make(names, [key('a'), key('c'), key('d'), key('e'), key('f', 'plain')]);
  const [d, e, f] = [ids.get(key('d')), ids.get(key('e')), ids.get(key('f', 'plain'))];
  expect(d).toBe(e);
  expect(f).not.toBe(d);
  expect(names.counters.folded).toBe(3);
  const labels = await inOrg((tx) => names.edges(tx, ORG, cluster, [d ?? 0, f ?? 0, ids.get(key('c')) ?? 0]));
  expect(labels.get(d ?? 0)).toEqual({ direction: 'inbound', source: 'other', service: 'other', destination: 'other', protocol: 'http1', tls: 'mtls' });
  expect(labels.get(f ?? 0)?.tls).toBe('plain');
  expect(labels.get(ids.get(key('c')) ?? 0)?.source).toBe('n/d/c');
  // Again, from a cache and without one: the same ids.
  expect((await make(names, [key('e')])).get(key('e'))).toBe(d);
  expect((await make(createEntityNames(1000, 3), [key('z')])).get(key('z'))).toBe(d);
  const route = await inOrg((tx) => names.idsOf(tx, ORG, cluster, 'route', [routeKey({ direction: 'inbound', service: 's', route: 'GET /x' })]));
  expect(route.size).toBe(2);
});

test('an organization over its cap has new names of every cluster folded', async () => {
  await inOrg((tx) => tx`insert into tenant.cluster (org_id, id, name, created_by) values (${ORG}, 'second', 'second', 'test') on conflict do nothing`);
  const [counter] = await inOrg((tx) => tx<{ last_id: number }[]>`select last_id from tenant.entity_counter where org_id = ${ORG}`);
  const names = createEntityNames(1000, 1000, (counter?.last_id ?? 0) + 1);
  await make(names, [key('first-of-all')]);
  const ids = await inOrg((tx) => names.idsOf(tx, ORG, 'second', 'edge', [key('x'), key('y')]));
  expect(ids.get(key('x'))).toBe(ids.get(key('y')));
  expect(names.counters.folded).toBe(2);
});

test('the cache stays within its bound and goes on answering', async () => {
  const names = createEntityNames(3);
  const ids = await make(names, [key('a'), key('b'), key('c'), key('d')]);
  expect(names.counters.evictions).toBeGreaterThan(0);
  expect((await inOrg((tx) => names.edges(tx, ORG, cluster, ids.values()))).size).toBe(4);
  expect(await make(names, [key('d')])).toEqual(new Map([[key('d'), ids.get(key('d'))]]));
});
