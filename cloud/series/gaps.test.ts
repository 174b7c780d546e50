import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OrgContext } from '../context.ts';
import { DAY_MS, MINUTE_MS } from '../rollup/chunk.ts';
import { testStore } from '../rollup/testing.ts';
import type { TestStore } from '../rollup/testing.ts';
import { testWindow } from '../testing.ts';
import { readGaps } from './gaps.ts';
import { createEntityNames } from './names.ts';

const NOW = 20_480 * DAY_MS;
/** Names that the cluster may have; each row here is one. */
const NAMES_MAX = 3;

let store: TestStore;
beforeAll(async () => {
  store = await testStore(NOW, undefined, createEntityNames(1000, NAMES_MAX));
});
afterAll(() => store.close());

test('rows over a cluster’s cap of names are counted in a gap, one for a minute’s frames', async () => {
  const rows = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ direction: 'inbound' as const, source: `shop/deployment/${name}`, requests: 1 }));
  for (const ago of [130, 30, 20, 10]) await store.commit([testWindow(NOW - ago * 1000, rows)], NOW - ago * 1000 + 10_000);
  const context: OrgContext = { tenant: store.tenant, org: { slug: 'test', name: 'Test' }, actor: { kind: 'system', reason: 'test' }, role: 'owner', now: () => NOW };
  const { gaps } = await readGaps(context, store.names, store.clusterId, { fromMs: NOW - 10 * MINUTE_MS, toMs: NOW + MINUTE_MS });
  const full = gaps.filter((gap) => gap.reason === 'names_full');
  expect(full.map((gap) => [gap.count, NOW - gap.fromMs, NOW - gap.toMs])).toEqual([[2, 120_000, 120_000], [4, 20_000, 10_000], [2, 0, 0]]);
  expect(full[1]?.text).toBe('4 rows were counted as “other”: the cluster has had as many names of edges and routes as are kept');
});
