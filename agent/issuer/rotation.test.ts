import { expect, test } from 'vitest';
import { awaited, isDue } from './rotation.ts';
import type { ProxyTrust, RotationFacts } from './rotation.ts';

const DAY_MS = 24 * 3_600_000;
const FACTS: RotationFacts = { phase: 'distribute', sinceMs: 0, nowMs: 1_000, leafTtlMs: DAY_MS, bundleSha256: 'both', anchorSha256: 'new', proxies: [] };
const proxy = (key: string, bundleSha256: string | null, anchorSha256: string | null): ProxyTrust => ({ key, bundleSha256, anchorSha256 });

test.each<[string, Partial<RotationFacts>, string[]]>([
  ['nobody in steady', { phase: 'steady', proxies: [proxy('a', 'old', 'old')] }, []],
  ['nobody in a mesh without proxies', {}, []],
  ['who trusts the old one only', { proxies: [proxy('a', 'both', 'old'), proxy('b', 'old', 'old')] }, ['b']],
  ['who has not told', { proxies: [proxy('a', 'both', 'old'), proxy('b', null, null)] }, ['b']],
  ['who has not told, up to the last moment of his leaf', { nowMs: DAY_MS, proxies: [proxy('b', null, null)] }, ['b']],
  ['nobody who has not told once every older leaf has ended', { nowMs: DAY_MS + 1, proxies: [proxy('b', null, null)] }, []],
  ['who tells the wrong thing, however long it takes', { nowMs: 10 * DAY_MS, proxies: [proxy('a', 'old', 'old')] }, ['a']],
  ['who has the old one’s leaf', { phase: 'renew', proxies: [proxy('a', 'both', 'new'), proxy('b', 'both', 'old')] }, ['b']],
  ['nobody when all leaves are the new one’s', { phase: 'renew', proxies: [proxy('a', 'both', 'new'), proxy('b', 'both', 'new')] }, []],
])('the next phase waits for %s', (_what, over, keys) => {
  expect(awaited({ ...FACTS, ...over })).toEqual(keys);
});

test.each([
  [0.21, false],
  [0.19, true],
  [0, true],
  [-0.5, true],
])('an anchor with %d of its life left is due: %s', (share, due) => {
  const anchor = { notBeforeMs: 0, notAfterMs: 100 * DAY_MS };
  expect(isDue(anchor, anchor.notAfterMs - share * 100 * DAY_MS)).toBe(due);
});
