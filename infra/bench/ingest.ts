/** `npm run bench -- ingest`: frames through a socket into the database, beside a plain upsert of the same rows; bytes stored after a day. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import postgres from 'postgres';
import { openApi, signUp } from '../api.ts';
import { faultText } from '../fault.ts';
import type { RunningPostgres } from '../postgres/launch.ts';
import { openUnwinder, type Unwinder } from '../unwind.ts';
import { benchArguments } from './cloud/arguments.ts';
import { ownCpuSeconds, serverCpuSeconds } from './cloud/cpu.ts';
import { type Figure, holds, table } from './cloud/figures.ts';
import { benchRandom, EDGES } from './cloud/mesh.ts';
import { benchPlace, startBenchCloud, startDatabase, superuserUrl } from './cloud/place.ts';
import { benchWindow } from './cloud/window.ts';

const HELP = `npm run bench -- ingest: windows of ${EDGES} edge rows, each some 20 buckets.
First an hour through a socket into the database beside a plain upsert of the same rows one by one, in CPU time of
cloud and Postgres together; then on to --count windows, rolled up as they close, and the bytes that they take.

  --json FILE    figures as JSON
  --count N      windows in all (default 8640, a day)
  --seed N       default 1
`;
const WINDOW_MS = 10_000;
const HOUR_MS = 3_600_000;
const HOUR_WINDOWS = HOUR_MS / WINDOW_MS;
/** Rows that the plain upsert is measured on: it is slow. */
const PLAIN_WINDOWS = 20;
/** A day in the past of no time zone's concern. */
const DAY_START_MS = 20_480 * 86_400_000;
/** After the last window's hour has closed. */
const CLOSING_MS = HOUR_MS + 180_000;
const ROLLUP_POLL_MS = 200;

interface Measured {
  readonly rows: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
}

/** Work with the CPU time that this process and the server took for it. */
async function measured(database: RunningPostgres, rows: number, work: () => Promise<void>): Promise<Measured> {
  const [wall, own, server] = [performance.now(), ownCpuSeconds(), await serverCpuSeconds(database.pid)];
  await work();
  return { rows, wallSeconds: (performance.now() - wall) / 1000, cpuSeconds: ownCpuSeconds() - own + (await serverCpuSeconds(database.pid)) - server };
}

interface Bench {
  readonly database: RunningPostgres;
  readonly url: string;
  readonly token: string;
  readonly clock: { nowMs: number };
  readonly seed: number;
}

async function startBench(seed: number, started: Unwinder): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'sidelight-bench-'));
  started.add(() => rm(folder, { recursive: true, force: true }));
  const place = benchPlace(folder);
  const database = await startDatabase(place);
  started.add(() => database.stop());
  // The open hour, so far from its first slice that nothing is rolled up meanwhile.
  const clock = { nowMs: DAY_START_MS + 300_000 };
  const cloud = await startBenchCloud(place, database.serverUrl, () => clock.nowMs);
  started.add(() => cloud.stop());
  const session = await signUp(openApi(cloud.url), { email: 'bench@sidelight.example', name: 'Bench', password: 'only for this bench' });
  await session.call('createOrg', { body: { name: 'Bench', slug: 'bench' } });
  const { token } = await session.call('createCluster', { params: { slug: 'bench' }, body: { name: 'bench' } });
  return { database, url: cloud.url, token: token.token, clock, seed };
}

/** An agent that has made its frames and waits. */
async function openAgent({ url, token, seed }: Bench, fromWindow: number, count: number): Promise<{ send(): Promise<void> }> {
  const program = join(import.meta.dirname, 'cloud/agent-program.ts');
  const args = [program, url, String(seed), String(DAY_START_MS + fromWindow * WINDOW_MS), String(count), String(fromWindow + 1)];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, BENCH_TOKEN: token } });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await expectLine(lines, 'ready', child);
  return {
    send: async () => {
      child.stdin.write('go\n');
      await expectLine(lines, 'done', child);
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

async function expectLine(lines: AsyncIterator<string>, wanted: string, child: ChildProcess): Promise<void> {
  const line = await lines.next();
  if (line.value !== wanted) throw new Error(`the agent of the bench ended with ${String(child.exitCode)} before it was ${wanted}`);
}

/** A row per edge and window, upserted one after the other: what one would write first. */
async function plainUpsert(bench: Bench): Promise<Measured> {
  const sql = postgres(superuserUrl(bench.database), { max: 1, onnotice: () => undefined });
  try {
    await sql`create table public.plain_row (cluster_id text, start_ms bigint, edge integer, requests bigint, failures_app bigint, failures_mesh bigint, failures_client bigint, retries bigint,
      bytes_in bigint, bytes_out bigint, duration_us bigint, app_us bigint, queue_us bigint, latency bytea, primary key (cluster_id, start_ms, edge))`;
    const random = benchRandom(bench.seed, 'agent');
    const windows = Array.from({ length: PLAIN_WINDOWS }, (_, at) => benchWindow(DAY_START_MS + at * WINDOW_MS, WINDOW_MS, random));
    return await measured(bench.database, PLAIN_WINDOWS * EDGES, async () => {
      for (const { startMs, edges } of windows) {
        await sql.begin(async (tx) => {
          for (let row = 0; row < edges.requests.length; row++) {
            const latency = Buffer.from(Uint32Array.from(edges.latency[row] ?? []).buffer);
            const n = (column: readonly number[]): number => column[row] ?? 0;
            await tx`insert into public.plain_row values ('bench', ${startMs}, ${row}, ${n(edges.requests)}, ${n(edges.failuresApp)}, ${n(edges.failuresMesh)}, ${n(edges.failuresClient)}, ${n(edges.retries)},
              ${n(edges.bytesIn)}, ${n(edges.bytesOut)}, ${n(edges.durationSumUs)}, ${n(edges.appSumUs)}, ${n(edges.queueSumUs)}, ${latency})
              on conflict (cluster_id, start_ms, edge) do update set requests = excluded.requests, latency = excluded.latency`;
          }
        });
      }
    });
  } finally {
    await sql.end();
  }
}

async function ingestHour(bench: Bench, windows: number): Promise<Measured> {
  const agent = await openAgent(bench, 0, windows);
  return measured(bench.database, windows * EDGES, () => agent.send());
}

/** The rest of the day, hour by hour, each rolled up when it has closed. */
async function ingestRest(bench: Bench, windows: number): Promise<Measured> {
  return measured(bench.database, windows * EDGES, async () => {
    for (let from = HOUR_WINDOWS; from < windows; from += HOUR_WINDOWS) {
      bench.clock.nowMs = DAY_START_MS + from * WINDOW_MS;
      await (await openAgent(bench, from, Math.min(HOUR_WINDOWS, windows - from))).send();
    }
    bench.clock.nowMs = DAY_START_MS + windows * WINDOW_MS + CLOSING_MS;
    await untilRolledUp(bench);
  });
}

async function untilRolledUp(bench: Bench): Promise<void> {
  const sql = postgres(superuserUrl(bench.database), { max: 1 });
  for (;;) {
    const [row] = await sql`select count(*)::int as n from tenant.rollup_hour where dirty_since is not null`;
    if (row?.['n'] === 0) break;
    await new Promise((resolve) => { setTimeout(resolve, ROLLUP_POLL_MS); });
  }
  await sql.end();
}

/** Tables of the levels: the first holds each edge row of each window, the others what is rolled up of them. Chunks of an open hour's slices are deleted in `minute_chunk` when the hour has closed. */
const TABLES = ['window_part', 'minute_chunk', 'hour_chunk'] as const;

/**
 * Bytes of the levels' tables with indexes and TOAST. `vacuum`: as they lie on the disk, with the room that dead rows have
 * left; `vacuum full`: of what is alive.
 */
async function storedBytes(bench: Bench, how: 'vacuum' | 'vacuum full'): Promise<Record<string, number>> {
  const sql = postgres(superuserUrl(bench.database), { max: 1, onnotice: () => undefined });
  try {
    const sizes: Record<string, number> = {};
    for (const name of TABLES) {
      await sql.unsafe(`${how} tenant.${name}`);
      const [row] = await sql<{ bytes: string }[]>`select sum(pg_total_relation_size(inhrelid)) as bytes from pg_inherits where inhparent = ${`tenant.${name}`}::regclass`;
      sizes[name] = Number(row?.bytes ?? 0);
    }
    return sizes;
  } finally {
    await sql.end();
  }
}

async function run(count: number, seed: number): Promise<Figure[]> {
  const started = openUnwinder();
  try {
    const bench = await startBench(seed, started);
    const plain = await plainUpsert(bench);
    const ours = await ingestHour(bench, Math.min(count, HOUR_WINDOWS));
    const rest = await ingestRest(bench, count);
    const lying = await storedBytes(bench, 'vacuum');
    const alive = await storedBytes(bench, 'vacuum full');
    const perRow = (bytes: Record<string, number>): Record<string, number> => {
      const each = Object.fromEntries(Object.entries(bytes).map(([name, size]) => [name, size / (count * EDGES)]));
      return { ...each, all: Object.values(each).reduce((sum, size) => sum + size, 0) };
    };
    const perCore = (what: Measured): number => what.rows / what.cpuSeconds;
    return [
      { name: 'plain upsert, row by row', unit: 'edge windows/s', values: { 'per core': perCore(plain), wall: plain.rows / plain.wallSeconds } },
      { name: 'frame on the socket → committed', unit: 'edge windows/s', values: { 'per core': perCore(ours), wall: ours.rows / ours.wallSeconds, ratio: perCore(ours) / perCore(plain) }, bar: { column: 'ratio', limit: 1, sense: 'at least' } },
      { name: 'the same with its roll-up', unit: 'edge windows/s', values: { 'per core': perCore(rest), wall: rest.rows / rest.wallSeconds } },
      { name: 'stored of an edge row and window, alive', unit: 'bytes', values: perRow(alive), bar: { column: 'window_part', limit: 40, sense: 'at most' } },
      { name: 'stored of an edge row and window, on disk', unit: 'bytes', values: perRow(lying), bar: { column: 'window_part', limit: 40, sense: 'at most' } },
    ];
  } finally {
    await started.unwind();
  }
}

async function main(): Promise<number> {
  const options = benchArguments(process.argv.slice(2).filter((arg) => arg !== 'ingest'), 8640);
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const figures = await run(options.count, options.seed);
  process.stdout.write(`${table(figures)}\n`);
  if (options.json !== null) await writeFile(options.json, JSON.stringify({ bench: 'ingest', seed: options.seed, count: options.count, figures }, null, 2));
  return figures.every((figure) => holds(figure) !== false) ? 0 : 1;
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${faultText(error)}\n`);
  return 1;
});
