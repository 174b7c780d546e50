/**
 * Cloud, Postgres and agent are killed at random, uplink and control links are cut, frames come twice and out of order; sidecars are
 * killed as well. What is stored in the end equals what was sent, and what a killed sidecar took with it is told as a gap.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { exchangeFile } from '../mesh/processes.ts';
import { seeded } from '../seeded.ts';
import { edgesAsExchanges, readExchanges } from './exchanges.ts';
import { type KnownTraffic, knownBars, openKnownTraffic, settle } from './known-traffic.ts';
import { toldAsLost } from './levels.ts';
import type { MeshBed } from './mesh-bed.ts';
import { type Bar, type ChaosOptions, type ChaosReport, type Scenario, atLeast, none } from './scenario.ts';
import { metric } from './settle.ts';
import { readStored } from './stored.ts';
import type { Tally } from './tally.ts';

const COUNT_DEFAULT = 300;
const WINDOW_MS = 500;
const MISCHIEF_SHARE = 0.1;
/** One sidecar is killed for so many other kills. */
const KILLS_PER_PROXY = 15;
const PAUSE_MS_MAX = 700;
/** Back-off may keep the agent away for half a minute; nobody waits for that each time. */
const CONNECTED_MS_MAX = 8_000;
const ANSWER_MS = 250;
/** How long a killed process stays away at most before it is started again. */
const AWAY_MS_MAX = 1_500;

const TARGETS = ['cloud', 'agent', 'postgres', 'uplink', 'links'] as const;
type Target = (typeof TARGETS)[number];
const WEIGHTS: Readonly<Record<Target, number>> = { cloud: 0.25, agent: 0.25, postgres: 0.15, uplink: 0.15, links: 0.2 };

/** What a killed sidecar may have taken with it. */
interface ProxyKill {
  /** What it had counted before this was safe just before, ms since 1970. */
  readonly safeToMs: number;
  readonly killedMs: number;
}

export interface Deaths {
  readonly asked: number;
  readonly kills: Record<Target, number>;
  readonly proxies: ProxyKill[];
}

async function runKills(options: ChaosOptions): Promise<ChaosReport> {
  const random = seeded(options.seed);
  const known = await openKnownTraffic('kills', WINDOW_MS, MISCHIEF_SHARE, random);
  try {
    const deaths = await killAll(known, options.count ?? COUNT_DEFAULT, random, options.say);
    await settle(known, options.say);
    const own = await deathBars(known, deaths);
    const { bars, facts } = await knownBars(known, options.say);
    return {
      columns: ['killed', 'times'],
      rows: [...Object.entries(deaths.kills), ['sidecar', deaths.proxies.length]],
      bars: [...own, ...bars],
      facts: { ...facts, kills: deaths.kills, proxyKills: deaths.proxies },
    };
  } finally {
    await known.close();
  }
}

/** Everything that was killed runs again when this resolves. */
export async function killAll(known: KnownTraffic, count: number, random: () => number, say: (line: string) => void): Promise<Deaths> {
  const deaths: Deaths = { asked: count, kills: { cloud: 0, agent: 0, postgres: 0, uplink: 0, links: 0 }, proxies: [] };
  const restarts: Promise<void>[] = [];
  for (let done = 0; done < count; done += 1) {
    await sleep(random() * PAUSE_MS_MAX);
    const target = await killOne(known.bed, random, restarts);
    deaths.kills[target] += 1;
    if (done % KILLS_PER_PROXY === Math.min(count, KILLS_PER_PROXY) - 1) deaths.proxies.push(await killProxy(known, random, restarts));
    // Half of the deaths fall into recoveries, the other half into a system that works again.
    if (random() < 0.5) await untilConnected(known.bed);
    if ((done + 1) % 20 === 0) say(`  ${done + 1} of ${count} kills; ${known.meters.reports} reports, ${known.traffic.front.sent + known.traffic.side.sent} requests, ${known.meters.waiting()} windows wait`);
  }
  await Promise.all(restarts);
  return deaths;
}

/** Kills something that is up; what it started again is added to `restarts`. */
async function killOne(bed: MeshBed, random: () => number, restarts: Promise<void>[]): Promise<Target> {
  for (;;) {
    const target = drawTarget(random());
    if (target === 'uplink') {
      if (bed.uplink.cut() > 0) return target;
    } else if (target === 'links') {
      if (bed.links.drop() > 0) return target;
    } else if (bed[target].isUp()) {
      await bed[target].kill();
      restarts.push(sleep(random() * AWAY_MS_MAX).then(() => bed[target].start()));
      return target;
    }
    await sleep(50);
  }
}

async function untilConnected({ uplink }: MeshBed): Promise<void> {
  const deadline = performance.now() + CONNECTED_MS_MAX;
  while (uplink.open() === 0 && performance.now() < deadline) await sleep(50);
}

function drawTarget(drawn: number): Target {
  let left = drawn;
  for (const target of TARGETS) {
    left -= WEIGHTS[target];
    if (left < 0) return target;
  }
  return 'links';
}

async function killProxy({ bed }: KnownTraffic, random: () => number, restarts: Promise<void>[]): Promise<ProxyKill> {
  const proxy = bed.proxy('shop/side');
  while (!proxy.isUp()) await sleep(50);
  // Before the question: on a busy machine its answer takes as long as some requests.
  const askedMs = Date.now();
  const unacknowledgedS = await metric(bed.workload('shop/side').admin, 'sidelight_windows_unacknowledged_seconds');
  const killedMs = Date.now();
  await proxy.kill();
  restarts.push(sleep(random() * AWAY_MS_MAX).then(() => proxy.start()));
  return { safeToMs: askedMs - unacknowledgedS * 1_000, killedMs };
}

/** What the deaths themselves promise, read before the hours are closed. */
export async function deathBars(known: KnownTraffic, deaths: Deaths): Promise<Bar[]> {
  const { bed } = known;
  const stored = await readStored(bed.postgres.superuserUrl, bed.clusterId);
  const total = Object.values(deaths.kills).reduce((sum, kills) => sum + kills, 0);
  return [
    atLeast('kills', deaths.asked, total),
    atLeast('frames sent twice', 1, bed.uplink.counts.duplicated),
    atLeast('frames sent out of order', 1, bed.uplink.counts.reordered),
    ...(await sideBars(known, stored.windows, deaths.proxies)),
  ];
}

/** The killed sidecar: at most what its unacknowledged windows held is missing, and nothing is twice. */
async function sideBars({ bed, traffic, beganMs }: KnownTraffic, windows: Tally, kills: readonly ProxyKill[]): Promise<Bar[]> {
  const exchanges = await readExchanges([exchangeFile(bed.place, bed.workload('shop/side'))]);
  const stored = edgesAsExchanges(windows, (row) => row.includes('shop/side'));
  const missing = exchanges.total('requests') - stored.total('requests');
  // An answer reaches its client a little after it is counted.
  const unacknowledged = kills.map(({ safeToMs, killedMs }) => traffic.side.answeredMs.filter((atMs) => atMs >= safeToMs && atMs <= killedMs + ANSWER_MS).length);
  const allowed = unacknowledged.reduce((sum, answered) => sum + answered, 0);
  return [
    none('requests of the killed sidecar stored twice', Math.max(0, -missing)),
    none(`of its ${missing} missing requests beyond its unacknowledged windows (${allowed})`, Math.max(0, missing - allowed)),
    atLeast('windows that the API tells as lost with it', kills.length, await toldAsLost(bed, { fromMs: beganMs - 60_000, toMs: Date.now() + 60_000 })),
  ];
}

export const kills: Scenario = { about: 'kill -9 of cloud, Postgres, agent and sidecars, cut connections, frames twice and out of order (--count kills)', run: runKills };
