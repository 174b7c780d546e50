/** A small share of `npm run chaos -- kills` and `outage`, one after the other on one bed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { MeshBed } from '../chaos/mesh-bed.ts';
import { seeded } from '../seeded.ts';
import { deathBars, killAll } from '../chaos/kills.ts';
import { knownBars, openKnownTraffic, settle } from '../chaos/known-traffic.ts';
import { cloudAway, outageBars } from '../chaos/outage.ts';

const SEED = 20_261_122;
const KILLS = 5;
const WINDOWS_AWAY = 12;
const LINK_CUTS = 8;

/** Windows come again after each cut, those too that wait for their seal: without the agent's marks they would count twice. */
async function cutLinks({ links }: MeshBed, random: () => number): Promise<void> {
  for (let cut = 0; cut < LINK_CUTS; cut += 1) {
    await sleep(200 + random() * 500);
    links.drop();
  }
}

test('after kills, cut sockets, repeated frames and an outage every count, sum and bucket is stored once, at every level', async () => {
  const random = seeded(SEED);
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const known = await openKnownTraffic('chaos-share', 500, 0.25, random);
  try {
    const deaths = await killAll(known, KILLS, random, say);
    await cutLinks(known.bed, random);
    const outage = await cloudAway(known, WINDOWS_AWAY, say);
    await settle(known, say);
    const bars = [...(await deathBars(known, deaths)), ...outageBars(outage), ...(await knownBars(known, say)).bars];
    expect(bars.filter(({ met }) => !met), `seed ${SEED}\n${lines.join('\n')}`).toEqual([]);
    expect(deaths.proxies).toHaveLength(1);
  } finally {
    await known.close();
  }
}, 180_000);
