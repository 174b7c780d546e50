/** The cloud is gone for three hours in scaled time; when it is back, everything arrives that was counted meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from '../seeded.ts';
import { type KnownTraffic, knownBars, openKnownTraffic, settle } from './known-traffic.ts';
import { type Bar, type ChaosOptions, type ChaosReport, type Scenario, atLeast, none } from './scenario.ts';
import { metric } from './settle.ts';

/** Three hours of windows of 10 s. */
const COUNT_DEFAULT = 1_080;
const WINDOW_MS = 200;
const MISCHIEF_SHARE = 0.1;
const BEFORE_MS = 3_000;
const TOLD_WINDOWS = 200;

/** What an outage left behind. */
export interface Outage {
  readonly windows: number;
  /** In the spool when the cloud came back. */
  readonly frames: number;
  readonly bytes: number;
  readonly dropped: number;
}

async function runOutage(options: ChaosOptions): Promise<ChaosReport> {
  const random = seeded(options.seed);
  const known = await openKnownTraffic('outage', WINDOW_MS, MISCHIEF_SHARE, random);
  try {
    await sleep(BEFORE_MS);
    const outage = await cloudAway(known, options.count ?? COUNT_DEFAULT, options.say);
    const backMs = performance.now();
    await settle(known, options.say);
    const caughtUpS = (performance.now() - backMs) / 1_000;
    const { bars, facts } = await knownBars(known, options.say);
    return {
      columns: ['windows', 'frames in the spool', 'spool KiB', 's until all had arrived'],
      rows: [[outage.windows, outage.frames, Math.round(outage.bytes / 1024), Math.round(caughtUpS)]],
      bars: [...outageBars(outage), ...bars],
      facts: { ...facts, ...outage, caughtUpS },
    };
  } finally {
    await known.close();
  }
}

/** The cloud is killed, stays away for so many windows, and is back when this resolves. */
export async function cloudAway({ bed, windowMs }: KnownTraffic, windows: number, say: (line: string) => void): Promise<Outage> {
  const admin = bed.place.layout.agentAdmin;
  await bed.cloud.kill();
  for (let passed = 0; passed < windows; passed += TOLD_WINDOWS) {
    await sleep(Math.min(TOLD_WINDOWS, windows - passed) * windowMs);
    say(`  ${Math.min(windows, passed + TOLD_WINDOWS)} of ${windows} windows without the cloud; ${await metric(admin, 'sidelight_agent_spool_frames')} frames in the spool`);
  }
  const [frames, bytes, dropped] = await Promise.all(['spool_frames', 'spool_bytes', 'spool_dropped_frames'].map((name) => metric(admin, `sidelight_agent_${name}`)));
  await bed.cloud.start();
  return { windows, frames: frames ?? 0, bytes: bytes ?? 0, dropped: dropped ?? 0 };
}

/** A frame has a window or, when windows came late, a few. */
export function outageBars({ windows, frames, dropped }: Outage): Bar[] {
  return [atLeast('frames that waited in the spool', Math.floor(windows / 2), frames), none('frames dropped from the spool', dropped)];
}

export const outage: Scenario = { about: 'the cloud gone for 3 hours in scaled time, then back (--count windows)', run: runOutage };
