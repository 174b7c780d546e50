import { expect, test } from 'vitest';
import type { TopologySnapshot } from '../../agent/wire/topology.ts';
import { changesOf, versionsOf } from './topology.ts';

function snapshot(workloads: Readonly<Record<string, number>>): TopologySnapshot {
  return {
    takenAtMs: 0, services: [], proxies: [], trustDomain: 'test', trustAnchorNotAfter: null,
    workloads: Object.entries(workloads).map(([key, instances]) => ({ key, serviceAccount: 'default', identity: null, meshed: true, instances })),
  };
}

function changes(before: Readonly<Record<string, number>>, after: Readonly<Record<string, number>>): { ended: string[]; begun: string[] } {
  const { ended, begun } = changesOf(versionsOf(snapshot(before)), versionsOf(snapshot(after)));
  return { ended: ended.map((version) => version.key), begun: begun.map((version) => version.key) };
}

test.each([
  ['nothing changed', { a: 1, b: 2 }, { a: 1, b: 2 }, [], []],
  ['something came', { a: 1 }, { a: 1, b: 2 }, [], ['b']],
  ['something went', { a: 1, b: 2 }, { b: 2 }, ['a'], []],
  ['something became another', { a: 1, b: 2 }, { a: 1, b: 3 }, ['b'], ['b']],
  ['everything is new', {}, { a: 1 }, [], ['a']],
])('%s', (_, before, after, ended, begun) => {
  expect(changes(before as Record<string, number>, after as Record<string, number>)).toEqual({ ended, begun });
});

test('the order of fields, as a database gives them back, is no change', () => {
  const [version] = versionsOf(snapshot({ a: 1 }));
  if (!version) throw new Error('a version');
  const shuffled = { ...version, attributes: Object.fromEntries(Object.entries(version.attributes).reverse()) };
  expect(changesOf([shuffled], [version])).toEqual({ ended: [], begun: [] });
});

test('a thing named twice in one snapshot is one thing', () => {
  const twice = { ...snapshot({}), workloads: [...snapshot({ a: 1 }).workloads, ...snapshot({ a: 2 }).workloads] };
  expect(versionsOf(twice)).toMatchObject([{ key: 'a', attributes: { instances: 2 } }]);
});
