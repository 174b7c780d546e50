import { afterAll, beforeAll, expect, test } from 'vitest';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../rollup/chunk.ts';
import { CLOSED_AFTER_MS } from '../rollup/roll.ts';
import { randomWindows, seeded, testStore } from '../rollup/testing.ts';
import type { TestStore } from '../rollup/testing.ts';
import type { HealthCluster } from '../wire/entities.ts';
import { readHoursOf } from './hours.ts';
import { hoursSpan, readStrips } from './strip.ts';

const START = 20_480 * DAY_MS + 9 * HOUR_MS;
const NOW = START + 4 * HOUR_MS;

let store: TestStore;
beforeAll(async () => {
  store = await testStore(NOW);
  const random = seeded(11);
  await store.commit(randomWindows(START, START + 20 * MINUTE_MS, random), NOW);
  await store.commit(randomWindows(START + HOUR_MS + 40 * MINUTE_MS, START + 2 * HOUR_MS + 31 * MINUTE_MS, random), NOW);
  await store.commit(randomWindows(START + 3 * HOUR_MS + 20 * MINUTE_MS, NOW, random), NOW);
});
afterAll(() => store.close());

async function stripAt(nowMs: number): Promise<HealthCluster['strip']> {
  const strips = await store.tenant.snapshot(async (tx) => {
    const hours = await readHoursOf(tx, store.tenant.orgId, [store.clusterId], hoursSpan({ fromMs: NOW - MINUTE_MS, toMs: NOW }));
    return readStrips(tx, store.tenant.orgId, [store.clusterId], hours, NOW, nowMs);
  });
  const strip = strips.get(store.clusterId);
  if (!strip) throw new Error('there is no strip');
  return strip;
}

test('a strip with gaps is the same from windows, from slices and from chunks', async () => {
  const windows = await stripAt(NOW);
  const known = windows.points.flatMap((point, at) => (point.gap ? [] : [(windows.startMs + at * windows.stepMs - START) / (15 * MINUTE_MS)]));
  expect(known).toEqual([0, 1, 6, 7, 8, 9, 10, 13, 14, 15]);
  await store.roll(NOW);
  expect(store.counters.slices).toBeGreaterThan(0);
  expect(await stripAt(NOW)).toEqual(windows);
  await store.roll(NOW + CLOSED_AFTER_MS);
  expect(store.counters.hours).toBe(4);
  expect(await stripAt(NOW + CLOSED_AFTER_MS)).toEqual(windows);
});
