/** The bed with traffic whose every number is known: real sidecars and their clients, and meters on the control link. */
import { setTimeout as sleep } from 'node:timers/promises';
import { histogramCount } from '../../proxy/wire/histogram.ts';
import { exchangeFile } from '../mesh/processes.ts';
import { openUnwinder } from '../unwind.ts';
import { edgesAsExchanges, exchangeDifferences, readExchanges } from './exchanges.ts';
import { apiTotals, closeHours, levelBars } from './levels.ts';
import { type MeshBed, openMeshBed } from './mesh-bed.ts';
import { type Meters, startMeters } from './meters.ts';
import { type Bar, type ChaosReport, none } from './scenario.ts';
import { untilSettled } from './settle.ts';
import { SHOP_PLANS, type Seen, type ShopTraffic, startShopTraffic } from './shop-traffic.ts';
import { readStored } from './stored.ts';
import type { Tally } from './tally.ts';

const METERED = ['load/meter-a', 'load/meter-b'] as const;
const METER_PLANS = METERED.map((service) => ({ name: service.slice('load/'.length), namespace: 'load', protocol: 'http1' as const, calls: [], plain: false }));
/** True for rows that only meters report. */
const isMetered = (row: string): boolean => METERED.some((service) => row.includes(`|${service}|`) || row.includes(`|${service.replace('/', '/host/')}|`));

export interface KnownTraffic {
  readonly bed: MeshBed;
  readonly meters: Meters;
  readonly traffic: ShopTraffic;
  readonly windowMs: number;
  readonly beganMs: number;
  close(): Promise<void>;
}

/** The bed with its traffic, up and running. */
export async function openKnownTraffic(name: string, windowMs: number, mischiefShare: number, random: () => number): Promise<KnownTraffic> {
  const started = openUnwinder();
  try {
    const bed = await openMeshBed({ name, windowMs, plans: [...SHOP_PLANS, ...METER_PLANS], withoutProxy: METERED, mischiefShare, random });
    started.add(() => bed.close());
    const beganMs = Date.now();
    const meters = await startMeters(bed.place, METERED.map((service) => bed.workload(service)), windowMs, random);
    started.add(() => meters.close());
    const traffic = await startShopTraffic(bed);
    started.add(() => traffic.close());
    return { bed, meters, traffic, windowMs, beganMs, close: () => started.unwind() };
  } catch (error) {
    await started.unwind();
    throw error;
  }
}

/** Sends no more; resolves when everything sent has arrived. */
export async function settle({ bed, meters, traffic, windowMs }: KnownTraffic, say: (line: string) => void): Promise<void> {
  meters.stop();
  await traffic.stop();
  // The last windows end first.
  await sleep(2 * windowMs);
  const beganMs = performance.now();
  await untilSettled(bed, SHOP_PLANS.map(({ name }) => bed.workload(`shop/${name}`)), meters);
  say(`  settled after ${((performance.now() - beganMs) / 1000).toFixed(1)} s`);
}

/** What is stored and what the API says equals what was sent, at every level; the app noticed nothing. Ends the agent. */
export async function knownBars(known: KnownTraffic, say: (line: string) => void): Promise<Pick<ChaosReport, 'bars' | 'facts'>> {
  const { bed, meters, traffic, beganMs } = known;
  const stored = await readStored(bed.postgres.superuserUrl, bed.clusterId);
  const shop = await shopBars(known, stored.windows, say);
  const levels = levelBars(meters.sent, await closeHours(bed), isMetered, say);
  const api = await apiBars(known, { fromMs: beganMs - 60_000, toMs: Date.now() + 60_000 });
  return {
    bars: [...levels, ...api, ...shop, none('requests of the app that broke, its own sidecars alive', traffic.front.broken)],
    facts: { uplink: bed.uplink.counts, gaps: stored.gaps, parts: stored.parts, reports: meters.reports, meteredRequests: meters.sent.total('requests'), front: counts(traffic.front), side: counts(traffic.side) },
  };
}

const counts = ({ sent, failuresApp, broken }: Seen): object => ({ sent, failuresApp, broken });

/** Front and back: their sidecars lived all the time, so every exchange of theirs is stored, and none twice. */
async function shopBars({ bed, traffic }: KnownTraffic, windows: Tally, say: (line: string) => void): Promise<Bar[]> {
  const isWanted = (row: string): boolean => !row.includes('shop/side') && row.includes('shop/');
  const sidecars = ['shop/front', 'shop/back'].map((service) => exchangeFile(bed.place, bed.workload(service)));
  const exchanges = await readExchanges(sidecars);
  const edges = windows.only((row) => row.startsWith('edge ') && row.includes('shop/'));
  const stored = edgesAsExchanges(edges, isWanted);
  const differences = exchangeDifferences(exchanges, stored, edges.rows);
  for (const line of differences.slice(0, 5)) say(`  exchanges: ${line}`);
  const inbound = stored.only((row) => row.startsWith('inbound') && row.endsWith('shop/host/front'));
  return [
    none(`differences from the ${exchanges.total('requests')} exchanges that the sidecars wrote down`, differences.length),
    none('requests stored but not sent, or sent but not stored', Math.abs(inbound.total('requests') - traffic.front.sent)),
    none('app failures stored but not sent, or sent but not stored', Math.abs(inbound.total('failuresApp') - traffic.front.failuresApp)),
  ];
}

/** What the public API says of the metered workloads, at each level. */
async function apiBars({ bed, meters }: KnownTraffic, range: { readonly fromMs: number; readonly toMs: number }): Promise<Bar[]> {
  const bars: Bar[] = [];
  for (const stepSeconds of [10, 60, 3_600]) {
    let off = 0;
    for (const service of METERED) {
      const key = service.replace('/', '/host/');
      const sent = meters.sent.only((row) => row.startsWith('edge inbound|') && row.includes(`|${key}|`));
      const told = await apiTotals(bed, `workload:${key}`, range, stepSeconds);
      const failures = sent.total('failuresApp') + sent.total('failuresMesh') + sent.total('failuresClient');
      off += Math.abs(told.requests - sent.total('requests')) + Math.abs(told.failures - failures) + Math.abs(told.latencies - histogramCount(sent.latency()));
    }
    bars.push(none(`requests, failures and latencies that the API has wrong at ${stepSeconds} s`, off));
  }
  return bars;
}
