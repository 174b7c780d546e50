import { expect, test } from 'vitest';
import { Metrics } from '../../admin/metrics.ts';
import { BundleKeeper, REAPPLY_MS } from './bundle-maps.ts';

function makeKeeper() {
  const state = { namespaces: new Set(['shop']), bundle: 'first', nowMs: 0, refuse: 0, written: [] as string[] };
  const metrics = new Metrics();
  const keeper = new BundleKeeper({
    apply: async (namespace, bundle) => {
      state.written.push(`${namespace} ${bundle}`);
      if (state.refuse-- > 0) throw new Error('the API is away');
      return true;
    },
    namespaces: () => state.namespaces, trustBundle: () => state.bundle, monotonicMs: () => state.nowMs, metrics, log: () => {},
  });
  const look = async (): Promise<string[]> => {
    keeper.look();
    await keeper.stop();
    return state.written.splice(0);
  };
  return { state, metrics, look };
}

test('a namespace gets the bundle when it becomes meshed, and each its change, once', async () => {
  const { state, look } = makeKeeper();
  expect(await look()).toEqual(['shop first']);
  expect(await look()).toEqual([]);
  state.namespaces.add('bank');
  expect(await look()).toEqual(['bank first']);
  state.bundle = 'both';
  expect(await look()).toEqual(['shop both', 'bank both']);
});

test('what could not be written is counted and written with the next look', async () => {
  const { state, metrics, look } = makeKeeper();
  state.refuse = 1;
  expect(await look()).toEqual(['shop first']);
  expect(metrics.get('trust_bundle_errors_total')).toBe(1);
  expect(await look()).toEqual(['shop first']);
  expect(await look()).toEqual([]);
});

test('each is written anew after a while, since somebody may have changed it', async () => {
  const { state, look } = makeKeeper();
  await look();
  state.nowMs = REAPPLY_MS;
  expect(await look()).toEqual(['shop first']);
});

test('a namespace that was left and is meshed again gets it again', async () => {
  const { state, look } = makeKeeper();
  await look();
  state.namespaces.delete('shop');
  expect(await look()).toEqual([]);
  state.namespaces.add('shop');
  expect(await look()).toEqual(['shop first']);
});
