import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { caller, connectAgent, invited, makeCluster, signUpWithOrg, testCloud, testFrame, testHello, testWindow } from '../testing.ts';
import type { Answer, Caller, TestCloud } from '../testing.ts';
import { calls } from '../wire/calls.ts';
import type { Call, CallName } from '../wire/calls.ts';
import { Problem } from '../wire/errors.ts';

/** A valid body for each call that takes one: a new call without an entry fails here by 400. */
const RULE = { name: 'r', scope: { clusterId: null, namespace: null, workload: null, service: null }, threshold: 0.9, windowSeconds: 60, minRequests: 1, severity: 'info', enabled: true, channelIds: [] };
const BODIES: Partial<Record<CallName, unknown>> = {
  startTap: { statusClass: 5 },
  createOrg: { name: 'Another' }, createCluster: { name: 'new' }, createToken: { name: 'new' }, createInvitation: { email: 'someone@example.test', role: 'viewer' }, updateMember: { role: 'editor' }, createRule: RULE, updateRule: RULE,
  createChannel: { kind: 'webhook', name: 'hook', url: 'https://example.com/hook' },
  importHistory: { source: 'a test', windows: [], entities: [] },
};
/** A valid query for each call that needs one. */
const QUERIES: Partial<Record<CallName, string>> = { getTopologyChanges: '?fromMs=3600000&toMs=7200000', exportHistory: '?fromMs=3600000&toMs=7200000' };
const NAMES = Object.keys(calls) as CallName[];
const IN_ORG = NAMES.filter((name) => calls[name].action !== 'session');

let cloud: TestCloud;
let alice: Caller;
let bob: Caller;
let viewer: Caller;
let editor: Caller;
/** Ids of Alice's things by the entity that a path names. */
let hers: { cluster: string; token: string; rule: string; channel: string };

beforeAll(async () => {
  cloud = await testCloud();
  alice = await signUpWithOrg(cloud.url, 'alice');
  bob = await signUpWithOrg(cloud.url, 'bob');
  [viewer, editor] = await Promise.all([invited(cloud.url, alice, 'alice', 'viewer'), invited(cloud.url, alice, 'alice', 'editor')]);
  const cluster = await makeCluster(alice, 'alice');
  const made = async (path: string, body: unknown): Promise<string> => ((await alice.call('POST', `/api/v1/orgs/alice/${path}`, body)).body as { id: string }).id;
  hers = { cluster: cluster.id, token: cluster.tokenId, rule: await made('rules', RULE), channel: await made('channels', BODIES.createChannel) };
  const agent = await connectAgent(cloud.url, cluster.token);
  await agent.ask(testHello());
  await agent.ask(testFrame(1, [testWindow(Math.floor(Date.now() / 10_000) * 10_000 - 20_000, [{ requests: 50, destination: 'secret/deployment/vault', service: 'secret/vault' }])]));
  agent.cut();
});
afterAll(async () => {
  await cloud.stop();
});

function idFor(path: string): string {
  if (path.includes('/rules/')) return hers.rule;
  if (path.includes('/channels/')) return hers.channel;
  return hers.token;
}

/** Every refusal has a code that the call documents. */
async function send(who: Caller, name: CallName, slug: string): Promise<Answer> {
  const call: Call = calls[name];
  const path = call.path.replace('{slug}', slug).replace('{clusterId}', hers.cluster).replace('{id}', idFor(call.path)).replace('{namespace}/{kind}/{name}', 'secret/deployment/vault');
  const answer = await who.call(call.method.toUpperCase(), path + (QUERIES[name] ?? ''), BODIES[name]);
  if (answer.status >= 400) expect(call.errors, `${name} documents its codes`).toContain(codeOf(answer));
  return answer;
}

function codeOf(answer: Answer): string {
  return Problem.parse(answer.body).code;
}

describe.each(NAMES)('%s', (name) => {
  test('without a session answers 401', async () => {
    const answer = await send(caller(cloud.url, {}), name, 'alice');
    expect([answer.status, codeOf(answer)]).toEqual([401, 'unauthenticated']);
  });
  test('with an unknown token answers 401', async () => {
    const answer = await send(caller(cloud.url, { authorization: 'Bearer slo_nonsense' }), name, 'alice');
    expect([answer.status, codeOf(answer)]).toEqual([401, 'token_invalid']);
  });
});

describe.each(IN_ORG)('%s', (name) => {
  test('of another tenant answers 404, whether the organization exists or not', async () => {
    for (const slug of ['alice', 'nobody']) {
      const answer = await send(bob, name, slug);
      expect([answer.status, codeOf(answer)]).toEqual([404, 'not_found']);
    }
  });
  test('with a token of another tenant answers 404', async () => {
    const token = (await bob.call('POST', '/api/v1/orgs/bob/tokens', { name })).body as { token: string; id: string };
    const answer = await send(caller(cloud.url, { authorization: `Bearer ${token.token}` }), name, 'alice');
    expect([answer.status, codeOf(answer)]).toEqual([404, 'not_found']);
    await bob.call('DELETE', `/api/v1/orgs/bob/tokens/${token.id}`);
  });
  test('under one’s own organization finds nothing of another tenant’s', async () => {
    const answer = await send(bob, name, 'bob');
    if (name === 'leaveOrg') expect([answer.status, codeOf(answer)]).toEqual([409, 'conflict']);
    else if (/\{(?:clusterId|id)\}/.test(calls[name].path)) expect([answer.status, codeOf(answer)]).toEqual([404, 'not_found']);
    else {
      expect(answer.status).toBeLessThan(300);
      expect(JSON.stringify(answer.body)).not.toMatch(new RegExp(`alice|vault|${hers.cluster}|${hers.token}|${hers.rule}|${hers.channel}`));
    }
  });
  test('answers 403 to a role that does not allow it', async () => {
    const { action } = calls[name];
    const lower = action === 'admin' || action === 'own' ? [viewer, editor] : action === 'write' ? [viewer] : [];
    for (const who of lower) {
      const answer = await send(who, name, 'alice');
      expect([answer.status, codeOf(answer)]).toEqual([403, 'forbidden']);
    }
    // Whoever leaves is gone for the other tests.
    if (action === 'read' && name !== 'leaveOrg') expect((await send(viewer, name, 'alice')).status).not.toBe(403);
  });
});

test('every call answers a token of the organization, be it with a refusal that it documents', async () => {
  const { token } = (await alice.call('POST', '/api/v1/orgs/alice/tokens', { name: 'all calls' })).body as { token: string };
  const holder = caller(cloud.url, { authorization: `Bearer ${token}` });
  for (const name of NAMES.filter((each) => calls[each].method === 'get' || calls[each].action !== 'write')) await send(holder, name, 'alice');
  const made = await send(holder, 'createOrg', 'alice');
  expect([made.status, codeOf(made)]).toEqual([403, 'forbidden']);
});

test('the calls without an organization answer only what is one’s own', async () => {
  const me = await bob.call('GET', '/api/v1/me');
  expect(me.body).toMatchObject({ actor: 'user', orgs: [{ slug: 'bob', role: 'owner' }] });
  const health = await bob.call('GET', '/api/v1/health');
  expect(JSON.stringify(health.body)).not.toContain(hers.cluster);
});

test('accounts’ own calls know no organization: members and invitations have calls that write the audit log', async () => {
  for (const path of ['get-full-organization?organizationSlug=alice', 'list', 'list-members', 'list-invitations']) {
    expect((await alice.call('GET', `/api/auth/organization/${path}`)).status).toBe(404);
  }
  for (const path of ['create', 'delete', 'invite-member', 'accept-invitation', 'remove-member', 'update-member-role', 'leave']) {
    const answer = await alice.call('POST', `/api/auth/organization/${path}`, {});
    expect([answer.status, codeOf(answer)]).toEqual([404, 'not_found']);
  }
});
