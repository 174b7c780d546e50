import { expect, test } from 'vitest';
import { paths } from '../paths.ts';
import { crumbsOf, showsRange } from './crumbs.ts';

test.each([
  [paths.fleet('acme'), ['Fleet']],
  [paths.topology('acme', 'c1'), ['Fleet', 'eu-west']],
  [paths.workload('acme', 'c1', 'shop/deployment/web'), ['Fleet', 'eu-west', 'Workloads', 'web']],
  [paths.connection('acme', 'c1'), ['Fleet', 'eu-west', 'Connection']],
  [paths.connect('acme'), ['Connect a cluster']],
  [paths.newRule('acme'), ['Alert rules', 'New rule']],
  [paths.rule('acme', 'r1'), ['Alert rules', 'Rule']],
  [paths.incident('acme', 'i1'), ['Incidents', 'Why']],
  [paths.channels('acme'), ['Channels']],
  [paths.tokens('acme'), ['API tokens']],
  [paths.members('acme'), ['Members']],
  [paths.audit('acme'), ['Audit log']],
  [paths.sessions('acme'), ['Your sessions']],
])('the way to %s is %o', (path, texts) => {
  const crumbs = crumbsOf(path, 'acme', () => 'eu-west');
  expect(crumbs.map((crumb) => crumb.text)).toEqual(texts);
  expect(crumbs.at(-1)?.to).toBe(path);
});

test('pages without a range have no time control', () => {
  expect([paths.fleet('a'), paths.topology('a', 'c'), paths.workloads('a', 'c'), paths.workload('a', 'c', 'x/y/z'), paths.newRule('a'), paths.rule('a', 'r')].every(showsRange)).toBe(true);
  expect([paths.connect('a'), paths.connection('a', 'c'), paths.rules('a'), paths.incidents('a'), paths.incident('a', 'i'), paths.channels('a'), paths.tokens('a'), paths.members('a'), paths.audit('a'), paths.sessions('a')].some(showsRange)).toBe(false);
});
