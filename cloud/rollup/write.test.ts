import { readFile } from 'node:fs/promises';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { testDatabase } from '../db/testing.ts';
import type { PackedRow } from '../ingest/packed.ts';
import { CLASSES, CLUSTER_SUBJECT, DAY_MS, HOUR_MS, MINUTE_MS } from './chunk.ts';
import { randomWindows, seeded, testStore } from './testing.ts';
import { stripOf } from './write.ts';

const START = 20_480 * DAY_MS + 9 * HOUR_MS;
const CONNECTIONS = 2;

function row(entity: number, requests: number, failuresApp: number, failuresMesh = 0): PackedRow {
  return { entity, requests, failuresApp, failuresMesh, failuresClient: 3, retries: 0, bytesIn: 0, bytesOut: 0, durationSumUs: 0, appSumUs: 0, queueSumUs: 0, latency: [1] };
}

function covered(points: number, minutes: readonly number[]): number[] {
  return Array.from({ length: points }, (_, at) => (minutes.includes(at) ? 60 : 0));
}

test('a strip is by quarter of an hour: requests of both classes, failures of app and mesh, no connections', () => {
  const rows = [row(0, 10, 1), row(14 * CLASSES + 1, 5, 0, 2), row(15 * CLASSES, 7, 0), row(15 * CLASSES + CONNECTIONS, 100, 100)];
  const strip = stripOf({ subject: CLUSTER_SUBJECT, rows }, MINUTE_MS, covered(60, [0, 14, 15, 50]));
  expect(strip).toEqual({ requests: [15, 7, null, 0], failures: [3, 0, null, 0] });
});

test('a slice has its one quarter, and a day its hours', () => {
  expect(stripOf({ subject: CLUSTER_SUBJECT, rows: [row(2 * CLASSES, 4, 1)] }, MINUTE_MS, covered(5, [2]))).toEqual({ requests: [4], failures: [1] });
  const day = stripOf({ subject: CLUSTER_SUBJECT, rows: [row(23 * CLASSES, 4, 1)] }, HOUR_MS, covered(24, [0, 23]));
  expect(day.requests).toEqual([0, ...new Array<null>(22).fill(null), 4]);
});

test('columns that an older release stored by point are made into what is stored now', async () => {
  const database = await testDatabase();
  const store = await testStore(START + 3 * HOUR_MS, database);
  const owner = postgres(database.ownerUrl, { max: 1 });
  const strips = () => store.tenant.transaction((tx) => tx`
    select 'minute' as level, start_ms, requests::text, failures::text from tenant.minute_chunk where org_id = ${'org-test'} and subject = 'c'
    union all select 'hour', start_ms, requests::text, failures::text from tenant.hour_chunk where org_id = ${'org-test'} and subject = 'c' order by 1, 2`);
  try {
    const random = seeded(7);
    await store.commit(randomWindows(START, START + 20 * MINUTE_MS, random), START + HOUR_MS);
    await store.commit(randomWindows(START + HOUR_MS + 40 * MINUTE_MS, START + 2 * HOUR_MS, random), START + 2 * HOUR_MS);
    await store.roll(START + 2 * HOUR_MS + 10 * MINUTE_MS);
    const now = await strips();
    expect(now).toHaveLength(3);
    await asOlderRelease(owner);
    expect(await strips()).not.toEqual(now);
    await owner.unsafe(await readFile(new URL('../../migrations/0007_strip_columns.sql', import.meta.url), 'utf8'));
    expect(await strips()).toEqual(now);
  } finally {
    await owner.end();
    await store.close();
  }
}, 30_000);

/** Columns by point, as the packed points say them, with zeros in gaps. */
async function asOlderRelease(owner: postgres.Sql): Promise<void> {
  for (const level of ['minute', 'hour']) {
    const table = owner(`tenant.${level}_chunk`);
    const merged = level === 'minute' ? 15 : 1;
    await owner`alter table ${table} no force row level security`;
    // The whole of a quarter at its last covered point: what the quarter sums to is all that can be told from outside.
    await owner`
      update ${table} chunk set (requests, failures) = (
        select array_agg(case when last then coalesce(chunk.requests[(at - 1) / ${merged}::int + 1], 0) else 0 end order by at),
          array_agg(case when last then coalesce(chunk.failures[(at - 1) / ${merged}::int + 1], 0) else 0 end order by at)
        from (
          select at, at = max(at) filter (where covered > 0) over (partition by (at - 1) / ${merged}::int) as last
          from unnest(chunk.covered_s) with ordinality as point (covered, at)
        ) as point
      ) where subject = 'c'`;
    await owner`alter table ${table} force row level security`;
  }
}
