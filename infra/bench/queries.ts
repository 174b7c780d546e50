/** `npm run bench -- queries`: the console's pages on the data set, warm and cold, through the public API. */
import { writeFile } from 'node:fs/promises';
import { type ApiClient, openApi } from '../api.ts';
import { faultText } from '../fault.ts';
import { seeded } from '../seeded.ts';
import { openUnwinder } from '../unwind.ts';
import { benchArguments } from './cloud/arguments.ts';
import { ownCpuSeconds, serverCpuSeconds } from './cloud/cpu.ts';
import { DATA_NOW_MS, DATA_SPANS } from './cloud/dataset.ts';
import { type Figure, holds, quantile, table } from './cloud/figures.ts';
import { workloadKey } from './cloud/mesh.ts';
import { type BenchPlace, type Built, benchPlace, readBuilt, startBenchCloud, startDatabase } from './cloud/place.ts';

const HELP = `npm run bench -- queries: p95 of the console's pages on the data set of \`npm run bench:data\`.
warm: after one round over all clusters; cold: each cluster's first, after a restart of cloud and Postgres.

  --data FOLDER  default .sidelight/bench
  --json FILE    figures as JSON
  --count N      samples of each page (default 60)
  --seed N       which clusters, workloads and moments (default 1)
`;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

interface Page {
  readonly name: string;
  readonly limitMs: number;
  /** Everything that the page asks at once. */
  open(api: ApiClient, built: Built, clusterId: string, random: () => number): Promise<unknown>;
}

function workloadPage(name: string, windowSeconds: number): Page {
  return {
    name: `workload page, ${name}`, limitMs: 200,
    open: (api, { slug }, clusterId, random) => {
      const key = workloadKey(Math.floor(random() * 100));
      const [namespace = '', kind = '', workload = ''] = key.split('/');
      return Promise.all([
        api.call('getWorkload', { params: { slug, clusterId, namespace, kind, name: workload }, query: { windowSeconds } }),
        api.call('getSeries', { params: { slug, clusterId }, query: { windowSeconds, subject: `workload:${key}` } }),
      ]);
    },
  };
}

function pastTopology(name: string, oldestMs: number, youngestMs: number): Page {
  return {
    name: `topology at a past moment, ${name}`, limitMs: 300,
    open: (api, { slug }, clusterId, random) => {
      const toMs = DATA_NOW_MS - Math.floor(youngestMs + random() * (oldestMs - youngestMs));
      return api.call('getTopology', { params: { slug, clusterId }, query: { fromMs: toMs - 300_000, toMs } });
    },
  };
}

const PAGES: readonly Page[] = [
  { name: 'overview with its 24-hour strip', limitMs: 100, open: (api, { slug }) => api.call('getHealth', { params: { slug } }) },
  workloadPage('1 h', 3_600), workloadPage('24 h', 86_400), workloadPage('30 d', 30 * 86_400),
  pastTopology('within 48 h', DATA_SPANS.minutesHours * HOUR_MS, 2 * HOUR_MS), pastTopology('within 30 d', DATA_SPANS.hoursDays * DAY_MS, 3 * DAY_MS),
];

interface Running {
  readonly api: ApiClient;
  /** CPU seconds so far of this process, which is cloud and client, and of Postgres. */
  cpuSeconds(): Promise<number>;
  stop(): Promise<void>;
}

async function start(place: BenchPlace, built: Built): Promise<Running> {
  const started = openUnwinder();
  try {
    const database = await startDatabase(place);
    started.add(() => database.stop());
    const cloud = await startBenchCloud(place, database.serverUrl, () => DATA_NOW_MS);
    started.add(() => cloud.stop());
    return {
      api: openApi(cloud.url, { kind: 'token', token: built.token }),
      cpuSeconds: async () => ownCpuSeconds() + (await serverCpuSeconds(database.pid)),
      stop: () => started.unwind(),
    };
  } catch (error) {
    await started.unwind();
    throw error;
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

/** The first opening of a page on each of some clusters, after a restart. */
async function cold(place: BenchPlace, built: Built, page: Page, random: () => number): Promise<number[]> {
  const running = await start(place, built);
  try {
    const samples: number[] = [];
    for (const clusterId of built.clusterIds) samples.push(await timed(() => page.open(running.api, built, clusterId, random)));
    // The overview is the same for all clusters: only its first is cold.
    return page.name.startsWith('overview') ? samples.slice(0, 1) : samples;
  } finally {
    await running.stop();
  }
}

interface Warm {
  readonly samples: readonly number[];
  /** Mean CPU time of a page, which other work on the machine changes less than its wall time. */
  readonly cpuMs: number;
}

async function warm(running: Running, built: Built, page: Page, count: number, random: () => number): Promise<Warm> {
  for (const clusterId of built.clusterIds) await page.open(running.api, built, clusterId, random);
  const samples: number[] = [];
  const before = await running.cpuSeconds();
  for (let at = 0; at < count; at++) {
    const clusterId = built.clusterIds[Math.floor(random() * built.clusterIds.length)] ?? '';
    samples.push(await timed(() => page.open(running.api, built, clusterId, random)));
  }
  return { samples, cpuMs: (((await running.cpuSeconds()) - before) / count) * 1000 };
}

async function measure(place: BenchPlace, count: number, seed: number): Promise<Figure[]> {
  const built = await readBuilt(place);
  const random = seeded(seed);
  const colds = new Map<string, number[]>();
  for (const page of PAGES) colds.set(page.name, await cold(place, built, page, random));
  const running = await start(place, built);
  try {
    const figures: Figure[] = [];
    for (const page of PAGES) {
      const { samples, cpuMs } = await warm(running, built, page, count, random);
      const first = colds.get(page.name) ?? [];
      figures.push({
        name: page.name, unit: 'ms', bar: { column: 'p95', limit: page.limitMs, sense: 'at most' },
        values: { p50: quantile(samples, 0.5), p95: quantile(samples, 0.95), 'cold p95': quantile(first, 0.95), 'mean CPU': cpuMs },
      });
    }
    return figures;
  } finally {
    await running.stop();
  }
}

async function main(): Promise<number> {
  const options = benchArguments(process.argv.slice(2).filter((arg) => arg !== 'queries'), 60);
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const figures = await measure(benchPlace(options.data), options.count, options.seed);
  process.stdout.write(`${table(figures)}\n`);
  if (options.json !== null) await writeFile(options.json, JSON.stringify({ bench: 'queries', seed: options.seed, count: options.count, figures }, null, 2));
  return figures.every((figure) => holds(figure) !== false) ? 0 : 1;
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${faultText(error)}\n`);
  return 1;
});
