import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEntityNames } from '../series/names.ts';
import { createEdgeReads } from './edge-reads.ts';
import { createWorld, EPOCH_MS, WINDOW_MS } from './testing.ts';
import type { World } from './testing.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
  for (let n = 0; n < 3; n += 1) {
    await world.addWindow(EPOCH_MS + n * WINDOW_MS, [1, 2].map((edge) => ({ service: 'shop/web', destination: `shop/host/web-${String(edge)}`, requests: 10 + n })));
  }
});
afterAll(() => world.drop());

function range(n: number) {
  return { fromMs: EPOCH_MS + n * WINDOW_MS, toMs: EPOCH_MS + (n + 1) * WINDOW_MS };
}

test('a window is read once for all rules of a run, at the same time or after', async () => {
  const reads = createEdgeReads(createEntityNames());
  const read = (n: number) => world.tenant.transaction((tx) => reads.edges(tx, world.orgId, world.clusterId, range(n)));
  const [first, second] = await Promise.all([read(0), read(0)]);
  const third = await read(0);
  expect(first.map((edge) => edge.requests)).toEqual([10, 10]);
  expect(second).toBe(first);
  expect(third).toBe(first);
  expect((await read(1)).map((edge) => edge.requests)).toEqual([11, 11]);
  expect(reads.counters).toEqual({ reads: 2, shared: 2 });
});

test('a read that fails is not kept', async () => {
  const reads = createEdgeReads(createEntityNames());
  const failing = world.tenant.transaction(async (tx) => {
    await tx`select 1 / 0`.catch(() => undefined);
    return reads.edges(tx, world.orgId, world.clusterId, range(0));
  });
  await expect(failing).rejects.toThrow();
  expect(await world.tenant.transaction((tx) => reads.edges(tx, world.orgId, world.clusterId, range(0)))).toHaveLength(2);
});

test('beyond the bound of rows the oldest windows are read again', async () => {
  const reads = createEdgeReads(createEntityNames(), 4);
  const read = (n: number) => world.tenant.transaction((tx) => reads.edges(tx, world.orgId, world.clusterId, range(n)));
  for (const n of [0, 1, 2, 2, 1, 0]) await read(n);
  expect(reads.counters).toEqual({ reads: 4, shared: 2 });
});
