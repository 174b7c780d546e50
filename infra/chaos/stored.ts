/** What the database holds of a cluster, read from the stored rows themselves: windows as received, minutes and hours. */
import postgres from 'postgres';
import { latencyOf, unpackRows } from '../../cloud/ingest/packed.ts';
import { LEVELS, type Level, rowsOf } from '../../cloud/rollup/chunk.ts';
import { SUMS, type Sums, Tally } from './tally.ts';

export interface Stored {
  readonly windows: Tally;
  readonly minutes: Tally;
  readonly hours: Tally;
  /** Rows in `window_part`. */
  readonly parts: number;
  readonly gaps: Readonly<Record<string, number>>;
}

type Sql = ReturnType<typeof postgres>;

/** `superuserUrl`: row-level security shows a tenant's rows to no other login. */
export async function readStored(superuserUrl: string, clusterId: string): Promise<Stored> {
  const sql = postgres(superuserUrl, { max: 1, types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } } });
  try {
    const names = await readNames(sql, clusterId);
    const { tally, parts } = await readWindows(sql, clusterId, names);
    const [minutes, hours] = [await readChunks(sql, clusterId, names, 'minute'), await readChunks(sql, clusterId, names, 'hour')];
    const gaps = await sql<{ reason: string; count: number }[]>`select reason, sum(count)::bigint as count from tenant.uplink_gap where cluster_id = ${clusterId} group by reason`;
    return { windows: tally, minutes, hours, parts, gaps: Object.fromEntries(gaps.map(({ reason, count }) => [reason, count])) };
  } finally {
    await sql.end();
  }
}

/** Hours of the cluster that are not rolled up yet. */
export async function dirtyHours(superuserUrl: string, clusterId: string): Promise<number> {
  const sql = postgres(superuserUrl, { max: 1 });
  try {
    const [row] = await sql<{ count: number }[]>`select count(*)::int as count from tenant.rollup_hour where cluster_id = ${clusterId} and dirty_since is not null`;
    return row?.count ?? 0;
  } finally {
    await sql.end();
  }
}

/** `edge <key>` or `route <key>` by id. */
async function readNames(sql: Sql, clusterId: string): Promise<ReadonlyMap<number, string>> {
  const rows = await sql<{ id: number; kind: string; key: string }[]>`select id, kind, key from tenant.entity where cluster_id = ${clusterId}`;
  return new Map(rows.map(({ id, kind, key }) => [id, `${kind} ${key}`]));
}

const nameOf = (names: ReadonlyMap<number, string>, id: number): string => names.get(id) ?? `nameless ${id}`;

async function readWindows(sql: Sql, clusterId: string, names: ReadonlyMap<number, string>): Promise<{ tally: Tally; parts: number }> {
  const tally = new Tally();
  let parts = 0;
  const batches = sql<{ start_ms: number; data: Uint8Array }[]>`
    select start_ms, data from tenant.window_part where cluster_id = ${clusterId} and kind in ('edge', 'route')`.cursor(200);
  for await (const rows of batches) {
    parts += rows.length;
    for (const { start_ms: startMs, data } of rows) {
      const part = unpackRows(data, true);
      for (let row = 0; row < part.rows; row++) {
        const sums = Object.fromEntries(SUMS.map((name) => [name, part.counters[name][row] ?? 0])) as Sums;
        tally.add(nameOf(names, part.entity[row] ?? 0), startMs, { ...sums, latency: latencyOf(part, row) });
      }
    }
  }
  return { tally, parts };
}

/** The chunks of single edges and routes; what sums several of them is the API's to show. */
async function readChunks(sql: Sql, clusterId: string, names: ReadonlyMap<number, string>, level: Level): Promise<Tally> {
  const tally = new Tally();
  const { table, pointMs } = LEVELS[level];
  const rows = await sql<{ start_ms: number; subject: string; data: Uint8Array }[]>`
    select start_ms, subject, data from ${sql(`tenant.${table}`)} where cluster_id = ${clusterId} and subject ~ '^[er]:'`;
  for (const { start_ms: startMs, subject, data } of rows) {
    for (const row of rowsOf(data)) tally.add(nameOf(names, Number(subject.slice(2))), startMs + row.entity * pointMs, row);
  }
  return tally;
}

