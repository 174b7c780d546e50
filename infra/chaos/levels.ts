/** Holds what is stored at each level, and what the public API says of it, against what was sent. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MeshBed } from './mesh-bed.ts';
import { type Bar, none } from './scenario.ts';
import { type Stored, dirtyHours, readStored } from './stored.ts';
import type { Tally } from './tally.ts';

/** Beyond the end of the hour and the delay after which it counts as closed. */
const CLOCK_AHEAD_MS = 2 * 3_600_000;
const ROLLED_MS_MAX = 90_000;
const POLL_MS = 250;

/** Ends the agent, lets the hours close by a clock that is ahead, and waits until the cloud's own job has rolled them up. */
export async function closeHours(bed: MeshBed): Promise<Stored> {
  await bed.agent.kill();
  await bed.cloud.kill();
  bed.setCloudClock(CLOCK_AHEAD_MS);
  await bed.cloud.start();
  const deadline = performance.now() + ROLLED_MS_MAX;
  while ((await dirtyHours(bed.postgres.superuserUrl, bed.clusterId)) > 0) {
    if (performance.now() > deadline) throw new Error(`the hours were not rolled up within ${ROLLED_MS_MAX / 1000} s`);
    await sleep(POLL_MS);
  }
  return readStored(bed.postgres.superuserUrl, bed.clusterId);
}

/** Bars for the rows of `sent`, at the three levels. `say` gets the first few differences. */
export function levelBars(sent: Tally, stored: Stored, isSent: (row: string) => boolean, say: (line: string) => void): Bar[] {
  const levels = [
    { name: 'as received', stored: stored.windows, sent },
    { name: 'by the minute', stored: stored.minutes, sent: sent.folded(60_000) },
    { name: 'by the hour', stored: stored.hours, sent: sent.folded(3_600_000) },
  ];
  return levels.map((level) => {
    const differences = level.sent.differences(level.stored.only(isSent));
    for (const line of differences.slice(0, 5)) say(`  ${level.name}: ${line}`);
    return none(`rows ${level.name} that differ, of ${level.sent.rows}`, differences.length);
  });
}

export interface ApiTotals {
  readonly requests: number;
  readonly failures: number;
  /** Latencies in the heatmap. */
  readonly latencies: number;
}

/** What the API's series and heatmap of a subject add up to with points of this length. */
export async function apiTotals(bed: MeshBed, subject: string, range: { readonly fromMs: number; readonly toMs: number }, stepSeconds: number): Promise<ApiTotals> {
  const asked = { params: { slug: bed.slug, clusterId: bed.clusterId }, query: { ...range, subject, stepSeconds } };
  const [{ points }, { counts }] = [await bed.api.call('getSeries', asked), await bed.api.call('getHeatmap', asked)];
  return {
    requests: points.reduce((sum, point) => sum + point.requests, 0),
    failures: points.reduce((sum, point) => sum + point.failuresApp + point.failuresMesh + point.failuresClient, 0),
    latencies: counts.flat().reduce((sum, count) => sum + count, 0),
  };
}

/** Windows of proxies that the API tells as lost. */
export async function toldAsLost(bed: MeshBed, range: { readonly fromMs: number; readonly toMs: number }): Promise<number> {
  const { gaps } = await bed.api.call('listGaps', { params: { slug: bed.slug, clusterId: bed.clusterId }, query: range });
  return gaps.filter(({ reason }) => reason === 'proxy_windows').reduce((sum, { count }) => sum + (count ?? 0), 0);
}
