/** Builders for tests of the roll-up and of what reads it: a cluster in a database of its own, frames at chosen times. */
import type { ClusterWindow } from '../../agent/wire/rollup.ts';
import type { TopologySnapshot } from '../../agent/wire/topology.ts';
import { connectDatabase } from '../db/client.ts';
import type { Sql } from '../db/client.ts';
import { tenant } from '../db/tenant.ts';
import type { OrgId, Tenant } from '../db/tenant.ts';
import { testDatabase } from '../db/testing.ts';
import type { TestDatabase } from '../db/testing.ts';
import { commitFrame } from '../ingest/commit.ts';
import { commitTopology } from '../ingest/topology.ts';
import { keepPartitions } from '../jobs/partitions.ts';
import { createRollupCounters, rollUpDue } from '../jobs/rollup.ts';
import type { RollupCounters } from '../jobs/rollup.ts';
import { silentLog } from '../log.ts';
import { createEntityNames } from '../series/names.ts';
import type { EntityNames } from '../series/names.ts';
import { testFrame, testWindow } from '../testing.ts';
import type { TestRow } from '../testing.ts';
import { rowsOf } from './chunk.ts';

export interface TestStore {
  readonly sql: Sql;
  readonly tenant: Tenant;
  readonly clusterId: string;
  readonly names: EntityNames;
  readonly counters: RollupCounters;
  /** Commits windows in one frame, as an agent would at that time. */
  commit(windows: readonly ClusterWindow[], nowMs: number): Promise<void>;
  /** Stores a snapshot of what exists, as an agent would send it at that time. */
  snapshot(snapshot: TopologySnapshot, nowMs: number): Promise<void>;
  /** Rolls up all that is due at that time. */
  roll(nowMs: number): Promise<void>;
  /** Every stored point of a level: subject, begin, entity and its counters as text, sorted. */
  dump(level: 'minute_chunk' | 'hour_chunk'): Promise<string[]>;
  close(): Promise<void>;
}

/** `nowMs`: partitions exist around it. Without a database of its own it takes a fresh one, which works inside vitest only. */
export async function testStore(nowMs: number, given?: Pick<TestDatabase, 'serverUrl' | 'drop'>, names: EntityNames = createEntityNames()): Promise<TestStore> {
  const database = given ?? (await testDatabase());
  const sql = connectDatabase(database.serverUrl, 4);
  const orgId = 'org-test' as OrgId;
  const clusterId = 'clu-test';
  const handle = tenant(sql, orgId);
  const counters = createRollupCounters();
  await keepPartitions(sql, nowMs);
  await handle.transaction((tx) => tx`
    insert into tenant.cluster (org_id, id, name, created_by, session_id) values (${orgId}, ${clusterId}, 'test', 'test', 'session')`);
  const link = { tenant: handle, clusterId, tokenId: 'token', epoch: 1, sessionId: 'session' };
  let sequence = 0;
  return {
    sql, tenant: handle, clusterId, names, counters,
    commit: async (windows, atMs) => {
      sequence += 1;
      const commit = await commitFrame(link, names, testFrame(sequence, windows), atMs);
      if (commit.kind !== 'committed') throw new Error(`the frame was not committed: ${commit.kind}`);
    },
    snapshot: async (snapshot, atMs) => {
      const stored = await commitTopology(link, snapshot, atMs);
      if (stored !== 'stored') throw new Error(`the snapshot was not stored: ${stored}`);
    },
    roll: (atMs) => rollUpDue({ sql, names, now: () => atMs, log: silentLog, counters }),
    dump: (level) => handle.transaction(async (tx) => {
      const rows = await tx<{ start_ms: number; subject: string; data: Uint8Array }[]>`
        select start_ms, subject, data from ${tx(`tenant.${level}`)} where org_id = ${orgId} and cluster_id = ${clusterId}`;
      return rows.flatMap((row) => rowsOf(row.data).map((point) => `${row.subject} ${row.start_ms} ${JSON.stringify(point)}`)).sort();
    }),
    close: async () => {
      await sql.end();
      await database.drop();
    },
  };
}

/** A pseudo-random number source for tests. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

/** Both views of a small mesh: a caller from outside, two hops, an opaque store, and a request without an endpoint. */
export const MESH: readonly TestRow[] = [
  { direction: 'inbound', source: '', service: 'shop/web', destination: 'shop/deployment/web', tls: 'plain', requests: 0 },
  { direction: 'outbound', source: 'shop/deployment/web', service: 'shop/cart', destination: 'shop/deployment/cart', requests: 0 },
  { direction: 'inbound', source: 'shop/deployment/web', service: 'shop/cart', destination: 'shop/deployment/cart', requests: 0 },
  { direction: 'outbound', source: 'shop/deployment/cart', service: 'bank/ledger', destination: 'bank/deployment/ledger', requests: 0 },
  { direction: 'inbound', source: 'shop/deployment/cart', service: 'bank/ledger', destination: 'bank/deployment/ledger', requests: 0 },
  { direction: 'outbound', source: 'shop/deployment/web', service: 'shop/store', destination: 'shop/statefulset/store', protocol: 'opaque', requests: 0 },
  { direction: 'inbound', source: 'shop/deployment/web', service: 'shop/store', destination: 'shop/statefulset/store', protocol: 'opaque', requests: 0 },
  { direction: 'outbound', source: 'shop/deployment/web', service: 'shop/gone', destination: '', tls: 'plain', requests: 0 },
];

/** A window of some of the mesh's edges, with a route row for the cart. */
export function randomWindow(startMs: number, random: () => number): ClusterWindow {
  const rows = MESH.filter(() => random() < 0.8).map((row) => {
    const requests = 1 + Math.floor(random() * 40);
    return { ...row, requests, failuresApp: Math.floor(random() * random() * requests), failuresMesh: random() < 0.1 ? 1 : 0, latencyMs: 1 + Math.floor(random() * 400) };
  });
  const window = testWindow(startMs, rows);
  const calls = 1 + Math.floor(random() * 9);
  const strings = [...window.strings, 'shop/cart', '/carts/:id'];
  const routes = {
    direction: [0], service: [strings.length - 2], route: [strings.length - 1], requests: [calls], failuresApp: [0], failuresMesh: [0], failuresClient: [0], retries: [0],
    bytesIn: [calls], bytesOut: [calls], latency: [[1, 80, calls]], durationSumUs: [calls * 1000], appSumUs: [calls * 900], queueSumUs: [0],
  };
  return { ...window, strings, routes };
}

/** Windows of a range in which some are missing. */
export function randomWindows(fromMs: number, toMs: number, random: () => number): ClusterWindow[] {
  const windows: ClusterWindow[] = [];
  for (let startMs = fromMs; startMs < toMs; startMs += 10_000) if (random() < 0.9) windows.push(randomWindow(startMs, random));
  return windows;
}
