import { createMemoryHistory } from '@tanstack/react-router';
import { expect, test } from 'vitest';
import { paths, safeReturn, shortName, workloadParts } from './paths.ts';
import { makeRouter } from './router.tsx';

const router = makeRouter(createMemoryHistory({ initialEntries: ['/'] }));
const KEY = 'shop/deployment/web.v2';

function routeOf(path: string): { route: string; params: Record<string, string> } {
  const [, rawParams, found] = router.getMatchedRoutes(path);
  return { route: found?.fullPath ?? 'none', params: rawParams };
}

const ROUTES = {
  home: [paths.home(), '/'], signIn: [paths.signIn(), '/sign-in'], signUp: [paths.signUp(), '/sign-up'], newOrg: [paths.newOrg(), '/new-organization'],
  forgot: [paths.forgot(), '/forgot-password'], resetPassword: [paths.resetPassword(), '/reset-password'], invitation: [paths.invitation('inv_1'), '/invitations/$id'],
  fleet: [paths.fleet('acme'), '/o/$slug/'], connect: [paths.connect('acme'), '/o/$slug/connect'], topology: [paths.topology('acme', 'c1'), '/o/$slug/c/$clusterId'],
  connection: [paths.connection('acme', 'c1'), '/o/$slug/c/$clusterId/connect'], workloads: [paths.workloads('acme', 'c1'), '/o/$slug/c/$clusterId/workloads'],
  workload: [paths.workload('acme', 'c1', KEY), '/o/$slug/c/$clusterId/w/$namespace/$kind/$name'], edge: [paths.edge('acme', 'c1'), '/o/$slug/c/$clusterId/e'], tap: [paths.tap('acme', 'c1'), '/o/$slug/c/$clusterId/tap'], rules: [paths.rules('acme'), '/o/$slug/rules'],
  newRule: [paths.newRule('acme'), '/o/$slug/rules/new'], rule: [paths.rule('acme', 'r1'), '/o/$slug/rules/$id'], incidents: [paths.incidents('acme'), '/o/$slug/incidents'],
  incident: [paths.incident('acme', 'i1'), '/o/$slug/incidents/$id'], channels: [paths.channels('acme'), '/o/$slug/settings/channels'], tokens: [paths.tokens('acme'), '/o/$slug/settings/tokens'],
  members: [paths.members('acme'), '/o/$slug/settings/members'], audit: [paths.audit('acme'), '/o/$slug/settings/audit'], sessions: [paths.sessions('acme'), '/o/$slug/settings/sessions'],
} as const satisfies Record<keyof typeof paths, readonly [string, string]>;

test.each(Object.entries(ROUTES))('the link %s opens its page', (_, [path, route]) => {
  expect(routeOf(path).route).toBe(route);
});

test('odd names survive the way through the address', () => {
  const odd = 'ns/deployment/a b%/ü?x#y';
  expect(routeOf(paths.workload('acme', 'c 1', odd)).params).toMatchObject({ slug: 'acme', clusterId: 'c 1', namespace: 'ns', kind: 'deployment', name: 'a b%/ü?x#y' });
});

test('a key has parts and a short name', () => {
  expect(workloadParts('shop/deployment/web')).toEqual({ namespace: 'shop', kind: 'deployment', name: 'web' });
  expect(workloadParts('odd')).toEqual({ namespace: '-', kind: '-', name: 'odd' });
  expect([shortName('shop/deployment/web'), shortName('shop/web'), shortName('web')]).toEqual(['web', 'web', 'web']);
});

test.each([['/o/acme?t=1h', '/o/acme?t=1h'], ['//evil.example', '/'], ['/\\evil.example', '/'], ['https://evil.example', '/'], ['javascript:alert(1)', '/'], [undefined, '/']])('after signing in, %s leads to %s', (next, path) => {
  expect(safeReturn(next)).toBe(path);
});
