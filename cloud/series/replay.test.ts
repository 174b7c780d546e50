import { expect, test } from 'vitest';
import { DAY_MS, HOUR_MS } from '../rollup/chunk.ts';
import { CLOSED_AFTER_MS } from '../rollup/roll.ts';
import { testStore } from '../rollup/testing.ts';
import { checkMoments, recordUplink } from './replay.ts';

const FROM = 20_000 * DAY_MS + 20 * HOUR_MS;

test('the topology of any past moment is what a replay of the uplink gives', async () => {
  const store = await testStore(FROM + HOUR_MS);
  try {
    const recording = await recordUplink(store, 1, FROM);
    expect(recording.snapshots.length).toBeGreaterThan(10);
    // Before the last hours are rolled up, and after.
    expect(await checkMoments(store, recording, 2, 40)).toEqual([]);
    await store.roll(recording.toMs + HOUR_MS + CLOSED_AFTER_MS);
    expect(await checkMoments(store, recording, 3, 60)).toEqual([]);
    expect(store.counters.hours).toBeGreaterThanOrEqual(6);
  } finally {
    await store.close();
  }
});
