/** Waits until nothing is under way any more between proxies and cloud. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlacedWorkload } from '../mesh/layout.ts';
import type { MeshBed } from './mesh-bed.ts';
import type { Meters } from './meters.ts';

/** Back-off of the uplink reaches half a minute, and a spool of hours takes a while. */
const SETTLE_MS_MAX = 180_000;
const POLL_MS = 200;

/** One number of a page of metrics; NaN when it isn't there. */
export async function metric(address: string, name: string): Promise<number> {
  const response = await fetch(`http://${address}/metrics`, { signal: AbortSignal.timeout(2_000) });
  const line = (await response.text()).split('\n').find((text) => text.startsWith(`${name} `));
  return Number(line?.split(' ')[1]);
}

/** Resolves when every ring and the spool are empty; rejects with what still waits. */
export async function untilSettled(bed: MeshBed, proxies: readonly PlacedWorkload[], meters: Meters): Promise<void> {
  const deadline = performance.now() + SETTLE_MS_MAX;
  for (;;) {
    const waiting = await stillWaiting(bed, proxies, meters).catch((error: unknown) => [String(error)]);
    if (waiting.length === 0) return;
    if (performance.now() > deadline) throw new Error(`after ${SETTLE_MS_MAX / 1000} s there still wait: ${waiting.join(', ')}`);
    await sleep(POLL_MS);
  }
}

async function stillWaiting(bed: MeshBed, proxies: readonly PlacedWorkload[], meters: Meters): Promise<string[]> {
  const agent = bed.place.layout.agentAdmin;
  const rings = await Promise.all(proxies.map(async ({ service, admin }) => ({ name: `windows of ${service}`, count: await metric(admin, 'sidelight_windows_waiting') })));
  const all = [
    { name: 'windows of the meters', count: meters.waiting() },
    ...rings,
    { name: 'frames in the spool', count: await metric(agent, 'sidelight_agent_spool_frames') },
    { name: 'the uplink', count: 1 - (await metric(agent, 'sidelight_agent_uplink_connected')) },
  ];
  return all.filter(({ count }) => count !== 0).map(({ name, count }) => `${name} (${count})`);
}
