/** The benches' database and cloud: a folder of their own, the clock standing at the end of the data set. */
import { join, resolve } from 'node:path';
import { parseConfig } from '../../../cloud/config.ts';
import { migrate } from '../../../cloud/db/migrate.ts';
import { silentLog } from '../../../cloud/log.ts';
import { type RunningCloud, startCloud } from '../../../cloud/platform-node/cloud.ts';
import { Fault } from '../../fault.ts';
import { keptSecret, readKept } from '../../kept.ts';
import { type RunningPostgres, startPostgres } from '../../postgres/launch.ts';
import type { DataSet } from './dataset.ts';

/** What is noted when the data set is complete. */
export interface Built extends DataSet {
  readonly slug: string;
  readonly token: string;
  readonly seed: number;
}

export interface BenchPlace {
  readonly folder: string;
  /** Written last, so that its presence says that all is there. */
  readonly note: string;
}

export function benchPlace(data: string): BenchPlace {
  const folder = resolve(data);
  return { folder, note: join(folder, 'data-set.json') };
}

/** Fault `bench_data_missing`. */
export async function readBuilt(place: BenchPlace): Promise<Built> {
  const text = await readKept(place.note);
  if (text === undefined) throw new Fault('bench_data_missing', `There is no data set in ${place.folder}.`, 'Build it with `npm run bench:data`; it takes some minutes and 4 GB.');
  return JSON.parse(text) as Built;
}

export async function startDatabase(place: BenchPlace): Promise<RunningPostgres> {
  const running = await startPostgres({ dataDir: join(place.folder, 'postgres') });
  await migrate(running.ownerUrl);
  return running;
}

/** A login that row-level security does not hold, on the product's database: for COPY, and for looking at sizes. */
export function superuserUrl(database: RunningPostgres): string {
  const url = new URL(database.superuserUrl);
  url.pathname = new URL(database.ownerUrl).pathname;
  return url.href;
}

export async function startBenchCloud(place: BenchPlace, serverUrl: string, now: () => number): Promise<RunningCloud> {
  const parsed = parseConfig({ PORT: '0', DATABASE_URL: serverUrl, SIDELIGHT_SECRET: await keptSecret(join(place.folder, 'secret'), 32) });
  if (parsed.kind === 'faults') throw new Error(JSON.stringify(parsed.faults));
  return startCloud({ config: parsed.config, consoleDir: place.folder, log: silentLog, now });
}
