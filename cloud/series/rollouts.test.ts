import { expect, test } from 'vitest';
import { rolloutMarks } from './rollouts.ts';
import type { Version } from './versions.ts';

const HOUR = 3_600_000;
const proxy = (workload: string, instance: string, fromMs: number, toMs: number | null, version = '0.1.0'): Version => ({
  kind: 'proxy', key: instance, fromMs, toMs, attributes: { instance, name: `${instance}-pod`, workload, version, identity: null, ready: true, connected: true, certificateNotAfter: null },
});
const workload = (key: string, fromMs: number, toMs: number | null, instances = 1): Version => ({ kind: 'workload', key, fromMs, toMs, attributes: { key, serviceAccount: 'x', identity: null, meshed: true, instances } });
const marks = (...versions: Version[]): [number, string, string][] =>
  rolloutMarks([...versions].sort((a, b) => a.fromMs - b.fromMs), 0, 100 * HOUR, (key) => `/w/${key}`).map((mark) => [mark.atMs, mark.kind, mark.text]);
const FIRST = workload('shop/host/first', 0, null);

test('what the first snapshot shows is nothing that happened', () => {
  expect(marks(FIRST, proxy('shop/host/cart', 'a', 0, null), workload('shop/host/cart', 0, null))).toEqual([]);
});

test('all proxies of a workload new is a rollout, one of three is one that started anew', () => {
  const old = ['a', 'b', 'c'].map((name) => proxy('shop/host/cart', name, 0, 5 * HOUR));
  const fresh = ['d', 'e', 'f'].map((name, at) => proxy('shop/host/cart', name, 5 * HOUR + at * 60_000, null));
  expect(marks(FIRST, ...old, ...fresh)).toEqual([[5 * HOUR, 'rollout', 'shop/cart rolled out']]);
  expect(marks(FIRST, ...old, proxy('shop/host/cart', 'd', 5 * HOUR, null))).toEqual([[5 * HOUR, 'rollout', 'shop/cart 1 of 3 proxies started anew']]);
});

test('a proxy that becomes ready or loses its link is the same one', () => {
  expect(marks(FIRST, proxy('shop/host/cart', 'a', 0, HOUR), proxy('shop/host/cart', 'a', HOUR, 2 * HOUR), proxy('shop/host/cart', 'a', 2 * HOUR, null))).toEqual([]);
});

test('another version is told with both, and for many workloads at once together', () => {
  const pair = (name: string, at: number): Version[] => [proxy(`shop/host/${name}`, `${name}1`, 0, at), proxy(`shop/host/${name}`, `${name}2`, at, null, '0.2.0')];
  expect(marks(FIRST, ...pair('cart', HOUR))).toEqual([[HOUR, 'version', 'shop/cart proxies 0.1.0 → 0.2.0']]);
  expect(marks(FIRST, ...['a', 'b', 'c', 'd'].flatMap((name, at) => pair(name, HOUR + at * 1000)))).toEqual([[HOUR, 'version', '4 workloads: proxies 0.1.0 → 0.2.0']]);
});

test('workloads join and leave, and one that only changes does neither', () => {
  expect(marks(FIRST, workload('shop/host/cart', HOUR, 2 * HOUR), workload('shop/host/cart', 2 * HOUR, 3 * HOUR, 2), workload('shop/host/cart', 4 * HOUR, null))).toEqual([
    [HOUR, 'workload', 'shop/cart joined'], [3 * HOUR, 'workload', 'shop/cart left'], [4 * HOUR, 'workload', 'shop/cart joined'],
  ]);
});

test('only what began in the range is marked, with a link to the workload', () => {
  const versions = [FIRST, workload('shop/host/cart', HOUR, null), workload('shop/host/later', 9 * HOUR, null)];
  expect(rolloutMarks(versions, 2 * HOUR, 8 * HOUR, () => '')).toEqual([]);
  expect(rolloutMarks(versions, HOUR, 8 * HOUR, (key) => `/w/${key}`)).toEqual([{ atMs: HOUR, endMs: null, kind: 'workload', text: 'shop/cart joined', link: '/w/shop/host/cart' }]);
});
