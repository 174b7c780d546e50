/** `npm run bench:data`: builds the data set that `npm run bench -- queries` reads, unless it is there. */
import { rm } from 'node:fs/promises';
import postgres from 'postgres';
import { connectDatabase } from '../../cloud/db/client.ts';
import { createRollupCounters, rollUpDue } from '../../cloud/jobs/rollup.ts';
import { silentLog } from '../../cloud/log.ts';
import { createEntityNames } from '../../cloud/series/names.ts';
import { openApi, signUp } from '../api.ts';
import { faultText } from '../fault.ts';
import { keep, keptSecret, readKept } from '../kept.ts';
import { openUnwinder } from '../unwind.ts';
import { benchArguments } from './cloud/arguments.ts';
import { buildDataSet, DATA_NOW_MS, type DataSet } from './cloud/dataset.ts';
import { CLUSTERS } from './cloud/mesh.ts';
import { type BenchPlace, type Built, benchPlace, startBenchCloud, startDatabase, superuserUrl } from './cloud/place.ts';

const HELP = `npm run bench:data: builds the data set of the query bench: 20 clusters × 500 edges × 2 views;
30 days of hours, 48 hours of minutes, the open hour of 10-second windows. Some minutes, 4 GB.

  --data FOLDER  default .sidelight/bench
  --seed N       default 1
`;
const SLUG = 'bench';

const say = (line: string): void => { process.stdout.write(`${line}\n`); };

async function build(place: BenchPlace, seed: number): Promise<void> {
  await rm(place.folder, { recursive: true, force: true });
  const started = openUnwinder();
  try {
    const database = await startDatabase(place);
    started.add(() => database.stop());
    const { token, set } = await makeAccount(place, database.serverUrl);
    await buildDataSet(superuserUrl(database), set, seed, say);
    await slice(database.serverUrl);
    await settle(superuserUrl(database));
    const built: Built = { ...set, slug: SLUG, token, seed };
    await keep(place.note, JSON.stringify(built));
  } finally {
    await started.unwind();
  }
}

/** An organization with its clusters and a token, through the API. */
async function makeAccount(place: BenchPlace, serverUrl: string): Promise<{ token: string; set: DataSet }> {
  const cloud = await startBenchCloud(place, serverUrl, () => DATA_NOW_MS);
  try {
    const account = { email: 'bench@sidelight.example', name: 'Bench', password: await keptSecret(`${place.folder}/password`, 12) };
    const session = await signUp(openApi(cloud.url), account);
    await session.call('createOrg', { body: { name: 'Bench', slug: SLUG } });
    const params = { slug: SLUG };
    const clusterIds: string[] = [];
    for (let at = 0; at < CLUSTERS; at++) clusterIds.push((await session.call('createCluster', { params, body: { name: `cluster-${at}` } })).cluster.id);
    const { token } = await session.call('createToken', { params, body: { name: 'bench' } });
    return { token, set: { orgId: await orgIdOf(serverUrl), clusterIds } };
  } finally {
    await cloud.stop();
  }
}

async function orgIdOf(serverUrl: string): Promise<string> {
  const sql = postgres(serverUrl, { max: 1 });
  try {
    const rows = await sql.begin(async (tx) => {
      await tx`set local role sidelight_auth`;
      return tx<{ id: string }[]>`select id from auth.organization where slug = ${SLUG}`;
    });
    return rows[0]?.id ?? '';
  } finally {
    await sql.end();
  }
}

/** The open hour's slices, made by the product's own roll-up. */
async function slice(serverUrl: string): Promise<void> {
  const sql = connectDatabase(serverUrl, 2);
  const counters = createRollupCounters();
  try {
    await rollUpDue({ sql, names: createEntityNames(), now: () => DATA_NOW_MS, log: silentLog, counters });
  } finally {
    await sql.end();
  }
  say(`open hour: ${counters.chunks.toLocaleString('en-US')} slices in ${counters.slices} clusters`);
}

/** What autovacuum and the checkpointer would have done long ago. */
async function settle(url: string): Promise<void> {
  const sql = postgres(url, { max: 1 });
  await sql`vacuum analyze`;
  await sql`checkpoint`;
  await sql.end();
}

async function main(): Promise<number> {
  const options = benchArguments(process.argv.slice(2), 1);
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const place = benchPlace(options.data);
  const note = await readKept(place.note);
  if (note !== undefined && (JSON.parse(note) as Built).seed === options.seed) {
    say(`the data set of seed ${options.seed} is there: ${place.folder}`);
    return 0;
  }
  const from = performance.now();
  await build(place, options.seed);
  say(`built in ${Math.round((performance.now() - from) / 1000)} s: ${place.folder}`);
  return 0;
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${faultText(error)}\n`);
  return 1;
});
