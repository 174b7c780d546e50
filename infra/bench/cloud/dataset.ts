/** Builds the data set: 30 days of hours, 48 hours of minutes, an hour of windows, as the product would have stored them. */
import postgres from 'postgres';
import { packRows, PART_ROWS_MAX } from '../../../cloud/ingest/packed.ts';
import type { PackedRow } from '../../../cloud/ingest/packed.ts';
import { CLASSES, CLUSTER_SUBJECT, DAY_MS, edgeSubject, HOUR_MS, LEVELS, MINUTE_MS, routeSubject, serviceSubject, workloadSubject } from '../../../cloud/rollup/chunk.ts';
import type { Level } from '../../../cloud/rollup/chunk.ts';
import { stripOf } from '../../../cloud/rollup/write.ts';
import { type CopyValue, copyRows } from './copy.ts';
import { type BenchMesh, benchMesh, benchRandom, benchRow, meshKeys, serviceKey } from './mesh.ts';

/** The moment at which the data set ends: the hour before has not closed yet, so as much as can be is still windows. */
export const DATA_NOW_MS = 20_480 * DAY_MS + 13 * HOUR_MS + 110_000;
const OPEN_HOUR_MS = 20_480 * DAY_MS + 12 * HOUR_MS;
const HOURS_DAYS = 30;
const MINUTES_HOURS = 48;
const WINDOW_MS = 10_000;
/** Chunks and windows that are really made and packed; subjects share them, since no reader can tell. */
const POOL = { edge: 300, route: 40, sum: 200, cluster: 12, windows: 24 } as const;

export interface DataSet {
  readonly orgId: string;
  readonly clusterIds: readonly string[];
}

const text = (value: string): CopyValue => ({ kind: 'text', value });
const int8 = (value: number): CopyValue => ({ kind: 'int8', value });
const NULL: CopyValue = { kind: 'null' };

/** `url`: a login that row-level security does not hold, as COPY refuses it. `say` is told how far it is. */
export async function buildDataSet(url: string, set: DataSet, seed: number, say: (line: string) => void): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    const mesh = benchMesh();
    await sql`select tenant.ensure_chunk_partitions(${DATA_NOW_MS - (HOURS_DAYS + 1) * DAY_MS}, ${DATA_NOW_MS + DAY_MS})`;
    await sql`select tenant.ensure_window_partitions(${DATA_NOW_MS - 3 * DAY_MS}, ${DATA_NOW_MS + DAY_MS})`;
    const ids = await insertNames(sql, set, mesh);
    await insertVersions(sql, set, mesh, seed);
    await insertHours(sql, set);
    say(`hours: ${(await copyChunks(sql, set, mesh, ids, 'hour', seed)).toLocaleString('en-US')} chunks`);
    say(`minutes: ${(await copyChunks(sql, set, mesh, ids, 'minute', seed)).toLocaleString('en-US')} chunks`);
    say(`windows: ${(await copyWindows(sql, set, mesh, ids, seed)).toLocaleString('en-US')} parts`);
    await sql`update tenant.cluster set connected = true, last_seen_at = ${new Date(DATA_NOW_MS)}, window_ms = ${WINDOW_MS} where org_id = ${set.orgId}`;
    await sql`vacuum analyze`;
  } finally {
    await sql.end();
  }
}

/** First id of each cluster; ids of a cluster follow each other in the order of the mesh's keys. */
type FirstIds = ReadonlyMap<string, number>;

async function insertNames(sql: postgres.Sql, set: DataSet, mesh: BenchMesh): Promise<FirstIds> {
  const keys = meshKeys(mesh);
  const first = new Map(set.clusterIds.map((id, at) => [id, 1 + at * keys.length]));
  await sql`insert into tenant.entity_counter (org_id, last_id) values (${set.orgId}, ${set.clusterIds.length * keys.length})`;
  for (const [clusterId, begin] of first) {
    await sql`
      insert into tenant.entity (org_id, id, cluster_id, kind, key)
      select ${set.orgId}, ${begin - 1}::int + at::int, ${clusterId}, kind, key
      from unnest(${keys.map(([kind]) => kind)}::text[], ${keys.map(([, key]) => key)}::text[]) with ordinality as fresh (kind, key, at)`;
  }
  return first;
}

/** Workloads and services all along, and two proxies of each workload that start anew every three days. */
async function insertVersions(sql: postgres.Sql, set: DataSet, mesh: BenchMesh, seed: number): Promise<void> {
  const random = benchRandom(seed, 'versions');
  const begin = DATA_NOW_MS - HOURS_DAYS * DAY_MS;
  for (const clusterId of set.clusterIds) {
    const rows = mesh.workloads.flatMap((key, at) => {
      const row = (kind: string, name: string, from: number, to: number | null, attributes: object) => ({
        org_id: set.orgId, cluster_id: clusterId, kind, key: name, valid_from: new Date(from), valid_to: to === null ? null : new Date(to), attributes: sql.json(attributes as never),
      });
      const proxies = [0, 1].flatMap((replica) => Array.from({ length: 10 }, (_, start) => {
        const instance = Array.from({ length: 8 }, () => Math.floor(random() * 16).toString(16)).join('') + `${at}${replica}${start}`;
        const [from, to] = [begin + start * 3 * DAY_MS, start === 9 ? null : begin + (start + 1) * 3 * DAY_MS];
        return row('proxy', instance, from, to, { instance, name: `${key}-${replica}`, workload: key, version: `0.1.${start}`, identity: null, ready: true, connected: true, certificateNotAfter: new Date(DATA_NOW_MS + DAY_MS).toISOString() });
      }));
      return [
        row('workload', key, begin, null, { key, serviceAccount: 'default', identity: null, meshed: true, instances: 2 }),
        row('service', serviceKey(at), begin, null, { key: serviceKey(at), ports: [{ port: 80, protocol: 'http1' }], workloads: [key] }),
        ...proxies,
      ];
    });
    await sql`insert into tenant.entity_version ${sql(rows)}`;
  }
}

/** The hours before the open one are as an import leaves them, so that no reader looks for windows that are not there. */
async function insertHours(sql: postgres.Sql, set: DataSet): Promise<void> {
  const minutesFromMs = OPEN_HOUR_MS - MINUTES_HOURS * HOUR_MS;
  for (const clusterId of set.clusterIds) {
    await sql`
      insert into tenant.rollup_hour (org_id, cluster_id, hour_ms, origin, rolled_at, points, source, digest)
      select ${set.orgId}, ${clusterId}, hour, 'imported', now(), case when hour >= ${minutesFromMs} then 'minute' else 'hour' end, 'bench', ''
      from generate_series(${OPEN_HOUR_MS - HOURS_DAYS * DAY_MS}::bigint, ${OPEN_HOUR_MS - HOUR_MS}::bigint, ${HOUR_MS}::bigint) as hour`;
    await sql`
      insert into tenant.rollup_hour (org_id, cluster_id, hour_ms, dirty_since)
      values (${set.orgId}, ${clusterId}, ${OPEN_HOUR_MS}, now()), (${set.orgId}, ${clusterId}, ${OPEN_HOUR_MS + HOUR_MS}, now())`;
  }
}

/** One chunk's bytes, and for the cluster what stands beside them. */
interface Blob {
  readonly data: Uint8Array;
  readonly requests: readonly (number | null)[];
  readonly failures: readonly (number | null)[];
}

/** Really packed chunks of a level: `weight` edges in each, in `classes` of the four classes. */
function blobs(level: Level, count: number, weight: number, classes: number, random: () => number): Blob[] {
  const { points, pointMs } = LEVELS[level];
  return Array.from({ length: count }, () => {
    const rows: PackedRow[] = [];
    for (let point = 0; point < points; point++) {
      for (let kind = 0; kind < Math.max(1, classes); kind++) {
        rows.push(benchRow(classes === 0 ? point : point * CLASSES + kind, pointMs / 1000, kind === 0 ? weight : weight / 20, random));
      }
    }
    return { data: packRows(rows), ...stripOf({ subject: CLUSTER_SUBJECT, rows: classes === 0 ? [] : rows }, pointMs, new Array<number>(points).fill(pointMs / 1000)) };
  });
}

async function copyChunks(sql: postgres.Sql, set: DataSet, mesh: BenchMesh, ids: FirstIds, level: Level, seed: number): Promise<number> {
  const random = benchRandom(seed, level);
  const pools = {
    edge: blobs(level, POOL.edge, 1, 0, random), route: blobs(level, POOL.route, 2, 0, random),
    sum: blobs(level, POOL.sum, 5, 2, random), cluster: blobs(level, POOL.cluster, 500, 2, random),
  };
  const { points, pointMs } = LEVELS[level];
  const covered: CopyValue = { kind: 'int2s', value: new Array<number>(points).fill(pointMs / 1000) };
  function* rows(): Generator<CopyValue[]> {
    for (const startMs of chunkStarts(level)) {
      for (const clusterId of set.clusterIds) {
        const begin = ids.get(clusterId) ?? 0;
        const row = (subject: string, blob: Blob | undefined, isCluster = false): CopyValue[] => [
          text(set.orgId), text(clusterId), int8(startMs), text(subject), isCluster ? covered : NULL, { kind: 'bytes', value: blob?.data ?? new Uint8Array() },
          isCluster ? { kind: 'int8s', value: (blob?.requests ?? []).map(Number) } : NULL, isCluster ? { kind: 'int8s', value: (blob?.failures ?? []).map(Number) } : NULL,
        ];
        const pick = (pool: readonly Blob[]): Blob | undefined => pool[Math.floor(random() * pool.length)];
        yield row(CLUSTER_SUBJECT, pick(pools.cluster), true);
        for (const at of mesh.edges.keys()) yield row(edgeSubject(begin + at), pick(pools.edge));
        for (const at of mesh.routes.keys()) yield row(routeSubject(begin + mesh.edges.length + at), pick(pools.route));
        for (const [at, key] of mesh.workloads.entries()) {
          yield row(workloadSubject(key), pick(pools.sum));
          yield row(serviceSubject(serviceKey(at)), pick(pools.sum));
        }
      }
    }
  }
  return copyRows(sql, `tenant.${level}_chunk`, ['org_id', 'cluster_id', 'start_ms', 'subject', 'covered_s', 'data', 'requests', 'failures'], rows());
}

/** Minutes of the 48 hours before the open one; days of the 30 before, today's first hours with it. */
function chunkStarts(level: Level): number[] {
  if (level === 'minute') return Array.from({ length: MINUTES_HOURS }, (_, at) => OPEN_HOUR_MS - (MINUTES_HOURS - at) * HOUR_MS);
  const today = OPEN_HOUR_MS - (OPEN_HOUR_MS % DAY_MS);
  return Array.from({ length: HOURS_DAYS + 1 }, (_, at) => today - (HOURS_DAYS - at) * DAY_MS);
}

/** Windows from the begin of the open hour to now; some are really packed for each cluster, and taken in turn. */
async function copyWindows(sql: postgres.Sql, set: DataSet, mesh: BenchMesh, ids: FirstIds, seed: number): Promise<number> {
  const random = benchRandom(seed, 'windows');
  const columns = ['org_id', 'cluster_id', 'start_ms', 'epoch', 'sequence', 'frame_window', 'part', 'kind', 'length_ms', 'row_count', 'proxies', 'requests', 'failures', 'data'];
  function* rows(): Generator<CopyValue[]> {
    for (const clusterId of set.clusterIds) {
      const begin = ids.get(clusterId) ?? 0;
      const made = Array.from({ length: POOL.windows }, () => windowParts(mesh, begin, random));
      for (let startMs = OPEN_HOUR_MS, at = 0; startMs + WINDOW_MS <= DATA_NOW_MS; startMs += WINDOW_MS, at++) {
        for (const part of made[at % made.length] ?? []) {
          yield [
            text(set.orgId), text(clusterId), int8(startMs), int8(1), int8(at + 1), { kind: 'int2', value: 0 }, { kind: 'int2', value: part.part }, text(part.kind), { kind: 'int4', value: WINDOW_MS },
            { kind: 'int2', value: part.rows }, { kind: 'int4', value: 200 }, int8(part.requests), int8(part.failures), { kind: 'bytes', value: part.data },
          ];
        }
      }
    }
  }
  return copyRows(sql, 'tenant.window_part', columns, rows());
}

interface WindowPart {
  readonly kind: 'edge' | 'route' | 'sum';
  readonly part: number;
  readonly rows: number;
  readonly requests: number;
  readonly failures: number;
  readonly data: Uint8Array;
}

function windowParts(mesh: BenchMesh, begin: number, random: () => number): WindowPart[] {
  const seconds = WINDOW_MS / 1000;
  const edges = mesh.edges.map((labels, at) => ({ inbound: labels.direction === 'inbound', row: benchRow(begin + at, seconds, 1, random) }));
  const routes = mesh.routes.map((_, at) => ({ inbound: false, row: benchRow(begin + mesh.edges.length + at, seconds, 2, random) }));
  const sums = [0, 1].map((kind) => ({ inbound: false, row: benchRow(kind, seconds, kind === 0 ? 475 : 25, random) }));
  const packed = (kind: WindowPart['kind'], rows: readonly { inbound: boolean; row: PackedRow }[]): WindowPart[] => {
    const parts: WindowPart[] = [];
    for (let from = 0; from < rows.length; from += PART_ROWS_MAX) {
      const slice = rows.slice(from, from + PART_ROWS_MAX);
      const counted = slice.filter(({ inbound }) => inbound).map(({ row }) => row);
      parts.push({
        kind, part: parts.length, rows: slice.length, data: packRows(slice.map(({ row }) => row)),
        requests: counted.reduce((sum, row) => sum + row.requests, 0), failures: counted.reduce((sum, row) => sum + row.failuresApp + row.failuresMesh, 0),
      });
    }
    return parts;
  };
  return [...packed('edge', edges), ...packed('route', routes), ...packed('sum', sums)];
}

/** Minutes of a day, for the reader of figures. */
export const DATA_SPANS = { hoursDays: HOURS_DAYS, minutesHours: MINUTES_HOURS, windowsMs: DATA_NOW_MS - OPEN_HOUR_MS, minuteMs: MINUTE_MS } as const;
