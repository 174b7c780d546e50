import { expect, test } from 'vitest';
import { paths } from '../paths.ts';
import { crumbsOf } from './crumbs.ts';

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
])('the way to %s is %o', (path, texts) => {
  const crumbs = crumbsOf(path, 'acme', () => 'eu-west');
  expect(crumbs.map((crumb) => crumb.text)).toEqual(texts);
  expect(crumbs.at(-1)?.to).toBe(path);
});
