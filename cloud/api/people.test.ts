import { afterAll, beforeAll, expect, test } from 'vitest';
import { asAuth, connectDatabase } from '../db/client.ts';
import { asOrg, caller, invited, signUp, signUpWithOrg, testCloud } from '../testing.ts';
import type { Answer, Caller, TestCloud } from '../testing.ts';
import { AuditPage, Invitation, Member, OwnInvitation, SignInSession } from '../wire/people.ts';
import { ROLE_ACTIONS, ROLES } from '../wire/roles.ts';
import type { Role } from '../wire/roles.ts';

let cloud: TestCloud;
let owner: Caller & { readonly email: string; readonly password: string };
beforeAll(async () => {
  cloud = await testCloud();
  owner = await signUpWithOrg(cloud.url, 'team');
});
afterAll(() => cloud.stop());

const path = (rest: string): string => `/api/v1/orgs/team/${rest}`;
const refusal = (answer: Answer): [number, string] => [answer.status, (answer.body as { code: string } | null)?.code ?? ''];
const members = async (who: Caller = owner): Promise<Member[]> => ((await who.call('GET', path('members'))).body as { members: unknown[] }).members.map((each) => Member.parse(each));
const idOf = async (email: string): Promise<string> => (await members()).find((member) => member.email === email)?.id ?? '';
const auditOf = async (action: string): Promise<AuditPage['entries']> => AuditPage.parse((await owner.call('GET', path(`audit?action=${action}`))).body).entries;
const roleTo = (who: Caller, id: string, role: Role): Promise<Answer> => who.call('PATCH', path(`members/${id}`), { role });

test('each role may do what the one above it may not, and the owner all', () => {
  const sizes = ROLES.map((role) => ROLE_ACTIONS[role].length);
  expect(sizes).toEqual([1, 2, 3, 4]);
  for (let at = 1; at < ROLES.length; at++) for (const action of ROLE_ACTIONS[ROLES[at - 1] ?? 'viewer']) expect(ROLE_ACTIONS[ROLES[at] ?? 'owner']).toContain(action);
});

test('an invited person accepts with the invited address, once, and is in the audit log with who invited', async () => {
  const [guest, stranger] = [await signUp(cloud.url, 'guest'), await signUp(cloud.url, 'stranger')];
  const made = Invitation.parse((await owner.call('POST', path('invitations'), { email: guest.email.toUpperCase(), role: 'editor' })).body);
  expect(made).toMatchObject({ email: guest.email, role: 'editor', invitedBy: 'team', url: `${cloud.url}/invitations/${made.id}` });
  const mine = `/api/v1/invitations/${made.id}`;
  expect(refusal(await stranger.call('GET', mine))).toEqual([404, 'not_found']);
  expect(refusal(await stranger.call('POST', `${mine}/accept`))).toEqual([404, 'not_found']);
  expect(OwnInvitation.parse((await guest.call('GET', mine)).body)).toMatchObject({ org: { slug: 'team' }, role: 'editor', invitedBy: 'team' });
  expect((await guest.call('POST', `${mine}/accept`)).body).toMatchObject({ slug: 'team', role: 'editor' });
  expect(refusal(await guest.call('POST', `${mine}/accept`))).toEqual([404, 'not_found']);
  expect((await guest.call('GET', '/api/v1/me')).body).toMatchObject({ orgs: [{ slug: 'team', role: 'editor' }] });
  expect(refusal(await owner.call('POST', path('invitations'), { email: guest.email, role: 'viewer' }))).toEqual([409, 'conflict']);
  expect(await auditOf('invitation.create')).toMatchObject([{ actor: { kind: 'user', name: owner.email }, target: made.id, details: { email: guest.email, role: 'editor' }, address: '127.0.0.1' }]);
  expect(await auditOf('invitation.accept')).toMatchObject([{ actor: { kind: 'user', name: guest.email }, details: { role: 'editor' } }]);
});

test('of two accepts at once one joins', async () => {
  const guest = await signUp(cloud.url, 'hasty');
  const made = Invitation.parse((await owner.call('POST', path('invitations'), { email: guest.email, role: 'viewer' })).body);
  const answers = await Promise.all([1, 2, 3].map(() => guest.call('POST', `/api/v1/invitations/${made.id}/accept`)));
  expect(answers.map((answer) => answer.status).sort()).toEqual([200, 404, 404]);
});

test('an invitation that was taken back, replaced or has expired opens nothing', async () => {
  const guest = await signUp(cloud.url, 'late');
  const invite = async (): Promise<string> => Invitation.parse((await owner.call('POST', path('invitations'), { email: guest.email, role: 'viewer' })).body).id;
  const accept = async (id: string): Promise<[number, string]> => refusal(await guest.call('POST', `/api/v1/invitations/${id}/accept`));
  const first = await invite();
  const second = await invite();
  expect(await accept(first)).toEqual([404, 'not_found']);
  expect((await owner.call('DELETE', path(`invitations/${second}`))).status).toBe(204);
  expect(await accept(second)).toEqual([404, 'not_found']);
  const third = await invite();
  const sql = connectDatabase(cloud.database.serverUrl, 1);
  await asAuth(sql, (tx) => tx`update auth.invitation set expires_at = now() - interval '1 second' where id = ${third}`);
  await sql.end();
  expect(await accept(third)).toEqual([404, 'not_found']);
  expect((await owner.call('GET', path('invitations'))).body).toEqual({ invitations: [] });
});

test('an admin changes roles but makes and unmakes no owner, and invites none', async () => {
  const [admin, editor] = [await invited(cloud.url, owner, 'team', 'admin'), await invited(cloud.url, owner, 'team', 'editor')];
  const [ownerId, editorId] = [await idOf(owner.email), await idOf(editor.email)];
  expect((await roleTo(admin, editorId, 'viewer')).body).toMatchObject({ id: editorId, role: 'viewer', you: false });
  expect(refusal(await editor.call('POST', path('rules'), {}))[0]).toBe(403);
  for (const answer of [
    await roleTo(admin, editorId, 'owner'), await roleTo(admin, ownerId, 'viewer'), await admin.call('DELETE', path(`members/${ownerId}`)),
    await admin.call('POST', path('invitations'), { email: 'x@example.test', role: 'owner' }),
  ]) expect(refusal(answer)).toEqual([403, 'forbidden']);
  expect((await auditOf('member.update'))[0]).toMatchObject({ actor: { name: admin.email }, target: editorId, details: { before: 'editor', after: 'viewer' } });
});

test('the only owner neither leaves nor steps down; with a second one either may', async () => {
  const ownerId = await idOf(owner.email);
  expect(refusal(await owner.call('POST', path('leave')))).toEqual([409, 'conflict']);
  expect(refusal(await roleTo(owner, ownerId, 'admin'))).toEqual([409, 'conflict']);
  const second = await invited(cloud.url, owner, 'team', 'owner');
  const both = await Promise.all([owner.call('POST', path('leave')), second.call('POST', path('leave'))]);
  expect(both.map((answer) => answer.status).sort()).toEqual([204, 409]);
  const [gone, left] = both[0]?.status === 204 ? [owner, second] : [second, owner];
  expect(refusal(await gone.call('GET', path('members')))).toEqual([404, 'not_found']);
  const invitation = Invitation.parse((await left.call('POST', path('invitations'), { email: gone === owner ? owner.email : second.email, role: 'owner' })).body);
  expect((await gone.call('POST', `/api/v1/invitations/${invitation.id}/accept`)).status).toBe(200);
});

test('a removed member’s session no longer opens the organization', async () => {
  const guest = await invited(cloud.url, owner, 'team', 'editor');
  expect((await guest.call('GET', path('clusters'))).status).toBe(200);
  expect((await owner.call('DELETE', path(`members/${await idOf(guest.email)}`))).status).toBe(204);
  expect(refusal(await guest.call('GET', path('clusters')))).toEqual([404, 'not_found']);
  expect((await auditOf('member.remove'))[0]).toMatchObject({ details: { email: guest.email } });
});

test('sessions are listed with where they are, and one that was revoked opens nothing', async () => {
  const person = await signUp(cloud.url, 'sessions');
  const again = async (): Promise<Caller> => {
    const response = await fetch(`${cloud.url}/api/auth/sign-in/email`, {
      method: 'POST', headers: { 'content-type': 'application/json', origin: cloud.url, 'user-agent': 'another browser' }, body: JSON.stringify({ email: person.email, password: person.password }),
    });
    return caller(cloud.url, { cookie: response.headers.getSetCookie().map((line) => line.split(';')[0]).join('; '), origin: cloud.url });
  };
  const [second, third] = [await again(), await again()];
  const list = async (who: Caller): Promise<SignInSession[]> => ((await who.call('GET', '/api/v1/me/sessions')).body as { sessions: unknown[] }).sessions.map((each) => SignInSession.parse(each));
  const held = await list(person);
  expect(held.map(({ current }) => current).sort()).toEqual([false, false, true]);
  expect(held.filter(({ userAgent }) => userAgent === 'another browser')).toHaveLength(2);
  const secondId = (await list(second)).find(({ current }) => current)?.id ?? '';
  expect(refusal(await owner.call('DELETE', `/api/v1/me/sessions/${secondId}`))).toEqual([404, 'not_found']);
  expect((await person.call('DELETE', `/api/v1/me/sessions/${secondId}`)).status).toBe(204);
  expect(refusal(await second.call('GET', '/api/v1/me'))).toEqual([401, 'unauthenticated']);
  expect((await person.call('DELETE', '/api/v1/me/sessions')).status).toBe(204);
  expect(refusal(await third.call('GET', '/api/v1/me'))).toEqual([401, 'unauthenticated']);
  expect((await person.call('GET', '/api/v1/me')).status).toBe(200);
});

test('the audit log is read page by page, by admins only, and nobody changes it', async () => {
  const seen: string[] = [];
  for (let before: string | null = ''; before !== null;) {
    const page: AuditPage = AuditPage.parse((await owner.call('GET', path(`audit?limit=3${before === '' ? '' : `&before=${before}`}`))).body);
    seen.push(...page.entries.map((entry) => entry.id));
    before = page.next;
  }
  const stored = await asOrg(cloud.database, 'team', (tx) => tx<{ id: number }[]>`select id from tenant.audit order by id desc`);
  expect(seen).toEqual(stored.map((row) => String(row.id)));
  expect(seen.length).toBeGreaterThan(10);
  await expect(asOrg(cloud.database, 'team', (tx) => tx`delete from tenant.audit`)).rejects.toThrow(/permission denied/);
  await expect(asOrg(cloud.database, 'team', (tx) => tx`update tenant.audit set action = 'x.y'`)).rejects.toThrow(/permission denied/);
});
