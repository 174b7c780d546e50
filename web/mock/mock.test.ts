import { expect, test } from 'vitest';
import { calls, type Call, type CallName } from '../../cloud/wire/calls.ts';
import { addressOf } from '../api/client.ts';
import { problemOf } from '../api/problem.ts';
import { answer } from './install.ts';
import { makeState } from './state.ts';

const NOW = Date.parse('2026-11-22T14:00:00Z');
const RULE = { name: 'x', scope: { clusterId: null, namespace: null, workload: null, service: null }, threshold: 0.99, windowSeconds: 300, minRequests: 20, severity: 'critical', enabled: true, channelIds: [] };
const PARAMS = { slug: 'acme', clusterId: 'c-eu', namespace: 'bank', kind: 'deployment', name: 'ledger' };
const IDS: Partial<Record<CallName, string>> = { revokeToken: 'tk-1', updateMember: 'u2', removeMember: 'u2', revokeInvitation: 'inv-1', getInvitation: 'inv-1', acceptInvitation: 'inv-1', revokeSession: 'ses-2', getRule: 'r-1', updateRule: 'r-1', deleteRule: 'r-3', deleteChannel: 'ch-1', testChannel: 'ch-1', listDeliveries: 'ch-1', getIncident: 'i-2', readTap: 'tap-1', stopTap: 'tap-1' };
const BODIES: Partial<Record<CallName, unknown>> = { createOrg: { name: 'New', slug: 'new' }, startTap: { statusClass: 5 }, createCluster: { name: 'new' }, createToken: { name: 'ci' }, createInvitation: { email: 'new@acme.example', role: 'viewer' }, updateMember: { role: 'admin' }, createRule: RULE, updateRule: RULE, createChannel: { kind: 'webhook', name: 'x', url: 'https://example.com' } };
const names = Object.keys(calls) as CallName[];

function asked(name: CallName, body: unknown = BODIES[name]): Response {
  const spec: Call = calls[name];
  const url = new URL(addressOf(spec.path, { ...PARAMS, id: IDS[name] ?? '-' }, {}), 'http://mock');
  return answer(makeState(NOW, true), url, spec.method.toUpperCase(), body, NOW);
}

test.each(names)('the pretended %s answers as the contract says', async (name) => {
  const spec: Call = calls[name];
  const response = asked(name);
  expect(response.status).toBe(spec.status);
  if (spec.response !== null) expect(spec.response.safeParse(await response.json()).error).toBeUndefined();
});

test('a name that begins with fail- is refused with that code, in the form of the contract', async () => {
  const response = asked('createCluster', { name: 'fail-limit-reached' });
  expect(problemOf(response.status, await response.text(), null)).toMatchObject({ code: 'limit_reached', status: 422 });
});

test('an unknown cluster is not found and a signed-out reader unauthenticated', () => {
  const state = makeState(NOW, true);
  const url = new URL('http://mock/api/v1/orgs/acme/clusters/none/topology');
  expect(answer(state, url, 'GET', undefined, NOW).status).toBe(404);
  state.signedIn = false;
  expect(answer(state, url, 'GET', undefined, NOW).status).toBe(401);
});
