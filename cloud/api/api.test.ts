import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asOrg, caller, makeCluster, signUp, signUpWithOrg, testCloud } from '../testing.ts';
import type { Answer, Caller, TestCloud } from '../testing.ts';
import { calls } from '../wire/calls.ts';
import { ERROR_CODES, Problem } from '../wire/errors.ts';

let cloud: TestCloud;
let person: Caller & { readonly email: string; readonly password: string };

beforeAll(async () => {
  cloud = await testCloud();
  person = await signUpWithOrg(cloud.url, 'shop');
});
afterAll(async () => {
  await cloud.stop();
});

function code(answer: Answer): [number, string] {
  return [answer.status, Problem.parse(answer.body).code];
}

test('healthz and readyz answer 200 while the database answers', async () => {
  for (const path of ['/healthz', '/readyz']) expect((await fetch(cloud.url + path)).status).toBe(200);
});

test('a person signs up, signs out, signs in, and a wrong password is refused', async () => {
  const someone = await signUp(cloud.url);
  expect((await someone.call('GET', '/api/v1/me')).body).toMatchObject({ user: { email: someone.email }, orgs: [] });
  await someone.call('POST', '/api/auth/sign-out', {});
  expect((await someone.call('GET', '/api/v1/me')).status).toBe(401);
  const signIn = (password: string): Promise<Answer> => caller(cloud.url, { origin: cloud.url }).call('POST', '/api/auth/sign-in/email', { email: someone.email, password });
  expect((await signIn('wrong password')).status).toBe(401);
  const again = await signIn(someone.password);
  expect(again.status).toBe(200);
  expect(again.headers.getSetCookie().join()).toMatch(/sidelight\.session_token=.*HttpOnly.*SameSite=Lax/i);
});

test('a password is stored as an scrypt hash', async () => {
  const owner = postgres(cloud.database.ownerUrl, { max: 1 });
  const rows = await owner`select password from auth.account`;
  await owner.end();
  for (const row of rows) expect(row['password']).toMatch(/^scrypt:[\w-]+:[\w-]+$/);
});

test('guessing passwords is slowed down, and counted in the database', async () => {
  const guess = (): Promise<Answer> => caller(cloud.url, { origin: cloud.url }).call('POST', '/api/auth/sign-in/email', { email: 'no address', password: 'x' });
  const answers: number[] = [];
  for (let at = 0; at < 32 && answers.at(-1) !== 429; at++) answers.push((await guess()).status);
  expect(answers.at(-1)).toBe(429);
  const owner = postgres(cloud.database.ownerUrl, { max: 1 });
  const [row] = await owner`select count(*)::int as n from auth.rate_limit`;
  await owner.end();
  expect(row?.['n']).toBeGreaterThan(0);
});

test('an organization’s slug is unique; without one the name makes it', async () => {
  expect(code(await person.call('POST', '/api/v1/orgs', { name: 'Shop', slug: 'shop' }))).toEqual([409, 'name_taken']);
  const made = await (await signUp(cloud.url)).call('POST', '/api/v1/orgs', { name: 'Ümläut & Söhne' });
  expect(made.status).toBe(201);
  expect(made.body).toMatchObject({ role: 'owner', name: 'Ümläut & Söhne' });
  expect((made.body as { slug: string }).slug).toMatch(/^u-?mla-?ut-so-?hne-[0-9a-z]{5}$/);
});

test('every fault of the input is listed with its place', async () => {
  const answer = await person.call('POST', '/api/v1/orgs/shop/rules', { name: '', threshold: 2, windowSeconds: 'x' });
  expect(code(answer)).toEqual([400, 'invalid_request']);
  const paths = Problem.parse(answer.body).faults?.map((fault) => fault.path) ?? [];
  for (const path of ['body.name', 'body.threshold', 'body.windowSeconds', 'body.scope', 'body.channelIds']) expect(paths).toContain(path);
  const range = await person.call('GET', '/api/v1/orgs/shop/health?fromMs=5&windowSeconds=60');
  expect(Problem.parse(range.body).faults?.map((fault) => fault.path)).toEqual(['query.windowSeconds', 'query.toMs']);
});

test.each([
  ['no JSON', '{', 'application/json'],
  ['a form', 'name=x', 'application/x-www-form-urlencoded'],
  ['nothing', '', 'application/json'],
  ['too much', `{"name":"${'x'.repeat(70_000)}"}`, 'application/json'],
])('a body that is %s is refused with a problem', async (_, body, type) => {
  const response = await fetch(`${cloud.url}/api/v1/orgs/shop/clusters`, { method: 'POST', headers: { ...person.headers, 'content-type': type }, body });
  expect(response.status).toBe(400);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(Problem.parse(await response.json()).code).toBe('invalid_request');
});

test('a changing call with a session must come from our own origin, with a token it need not', async () => {
  const create = (headers: Record<string, string>): Promise<Answer> => person.call('POST', '/api/v1/orgs/shop/tokens', { name: 'x' }, headers);
  expect(code(await create({ origin: 'https://evil.example' }))).toEqual([403, 'forbidden']);
  expect(code(await create({ origin: 'null' }))).toEqual([403, 'forbidden']);
  expect((await create({ origin: cloud.url })).status).toBe(201);
  expect((await create({ origin: cloud.url.replace('127.0.0.1', 'localhost') })).status).toBe(201);
  const token = (await create({})).body as { token: string };
  const made = await caller(cloud.url, { authorization: `Bearer ${token.token}`, origin: 'https://elsewhere.example' }).call('POST', '/api/v1/orgs/shop/clusters', { name: 'from-elsewhere' });
  expect(made.status).toBe(201);
});

test('a token is shown once, stored as its hash, listed without it, and dead when revoked', async () => {
  const made = (await person.call('POST', '/api/v1/orgs/shop/tokens', { name: 'ci' })).body as { id: string; token: string; prefix: string };
  expect(made.token).toMatch(/^slo_[\w-]{48}$/);
  const holder = caller(cloud.url, { authorization: `Bearer ${made.token}` });
  expect((await holder.call('GET', '/api/v1/me')).body).toMatchObject({ user: null, actor: 'token', orgs: [{ slug: 'shop', role: 'editor' }] });
  expect((await holder.call('GET', '/api/v1/health')).status).toBe(200);
  expect(code(await holder.call('GET', '/api/v1/orgs/shop/tokens'))).toEqual([403, 'forbidden']);
  const listed = (await person.call('GET', '/api/v1/orgs/shop/tokens')).body as { tokens: { id: string; lastUsedAt: string | null }[] };
  expect(JSON.stringify(listed)).not.toContain(made.token);
  expect(listed.tokens.find((token) => token.id === made.id)?.lastUsedAt).not.toBeNull();
  const dump = await asOrg(cloud.database, 'shop', (tx) => tx`select to_jsonb(t)::text as row from tenant.token t union all select to_jsonb(a)::text from tenant.audit a`);
  expect(dump.length).toBeGreaterThan(1);
  expect(JSON.stringify(dump)).not.toContain(made.token.slice(16));
  await person.call('DELETE', `/api/v1/orgs/shop/tokens/${made.id}`);
  expect(code(await holder.call('GET', '/api/v1/me'))).toEqual([401, 'token_invalid']);
});

test('the use of a token is noted once a minute, not at every call', async () => {
  let now = Date.now();
  const clock = await testCloud({ beside: cloud, now: () => now });
  const made = (await person.call('POST', '/api/v1/orgs/shop/tokens', { name: 'clock' })).body as { id: string; token: string };
  const holder = caller(clock.url, { authorization: `Bearer ${made.token}` });
  const usedAt = async (): Promise<string | null | undefined> => {
    await holder.call('GET', '/api/v1/me');
    const { tokens } = (await person.call('GET', '/api/v1/orgs/shop/tokens')).body as { tokens: { id: string; lastUsedAt: string | null }[] };
    return tokens.find((token) => token.id === made.id)?.lastUsedAt;
  };
  const first = await usedAt();
  now += 59_000;
  expect(await usedAt()).toBe(first);
  now += 1_000;
  expect(await usedAt()).toBe(new Date(now).toISOString());
  await clock.stop();
});

test('an agent token opens no API', async () => {
  const { token } = await makeCluster(person, 'shop', 'no-api');
  expect(code(await caller(cloud.url, { authorization: `Bearer ${token}` }).call('GET', '/api/v1/me'))).toEqual([401, 'token_invalid']);
});

test('a cluster’s name is unique in its organization only', async () => {
  await makeCluster(person, 'shop', 'same');
  expect(code(await person.call('POST', '/api/v1/orgs/shop/clusters', { name: 'same' }))).toEqual([409, 'name_taken']);
  await makeCluster(await signUpWithOrg(cloud.url, 'other'), 'other', 'same');
});

test('the overview without a slug wants exactly one organization', async () => {
  const nobody = await signUp(cloud.url);
  expect(code(await nobody.call('GET', '/api/v1/health'))).toEqual([409, 'org_required']);
  for (const slug of ['first-of-two', 'second-of-two']) await nobody.call('POST', '/api/v1/orgs', { name: slug, slug });
  expect(code(await nobody.call('GET', '/api/v1/health'))).toEqual([409, 'org_required']);
});

test('every change leaves an audit row with its actor', async () => {
  const rows = await asOrg(cloud.database, 'shop', async (tx) => {
    await expect(tx.savepoint((inner) => inner`delete from tenant.audit`)).rejects.toThrow('permission denied');
    return tx`select distinct action, actor ->> 'kind' as kind from tenant.audit order by 1, 2`;
  });
  expect(rows.map((row) => `${String(row['action'])} by ${String(row['kind'])}`)).toEqual(expect.arrayContaining(['org.create by user', 'cluster.create by user', 'cluster.create by token', 'token.create by user', 'token.revoke by user']));
});

test('the OpenAPI document has every call, its errors and both security schemes, and every reference resolves', async () => {
  const document = (await (await fetch(`${cloud.url}/openapi.json`)).json()) as { openapi: string; paths: Record<string, Record<string, { operationId: string; responses: object; security: object[]; parameters?: { name: string; in: string }[] }>>; components: Record<string, object> };
  expect(document.openapi).toBe('3.1.0');
  for (const [name, call] of Object.entries(calls)) {
    const operation = document.paths[call.path]?.[call.method];
    expect(operation?.operationId, name).toBe(name);
    expect(Object.keys(operation?.responses ?? {}).sort(), name).toEqual([...new Set([call.status, ...call.errors.map((error) => ERROR_CODES[error].status)])].map(String).sort());
    expect(operation?.security, name).toEqual([{ session: [] }, { token: [] }]);
    const inPath = (operation?.parameters ?? []).filter((parameter) => parameter.in === 'path').map((parameter) => `{${parameter.name}}`);
    expect(inPath.sort(), name).toEqual((call.path.match(/\{\w+\}/g) ?? []).sort());
  }
  expect(Object.keys(document.components['securitySchemes'] ?? {})).toEqual(['session', 'token']);
  const text = JSON.stringify(document);
  for (const [, section, name] of text.matchAll(/"#\/components\/(\w+)\/([^"]+)"/g)) expect(document.components[section ?? ''], name).toHaveProperty([name ?? '']);
  for (const name of ['Cluster', 'Golden', 'Health', 'Topology', 'Problem']) expect(document.components['schemas']).toHaveProperty(name);
});

test('answers carry a request id and the security headers', async () => {
  const response = await fetch(`${cloud.url}/api/v1/me`, { headers: { 'x-request-id': 'from-the-caller-1' } });
  expect(response.headers.get('x-request-id')).toBe('from-the-caller-1');
  expect(Problem.parse(await response.json()).requestId).toBe('from-the-caller-1');
  expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  expect((await fetch(`${cloud.url}/healthz`, { headers: { 'x-request-id': '<script>' } })).headers.get('x-request-id')).toMatch(/^req_/);
});

test('each error code has a page, and an unknown path of the API is a problem', async () => {
  for (const known of Object.keys(ERROR_CODES)) {
    const page = await fetch(`${cloud.url}/docs/errors/${known}`);
    expect([page.status, (await page.text()).includes(known)]).toEqual([200, true]);
  }
  expect((await fetch(`${cloud.url}/docs/errors/nonsense`)).status).toBe(404);
  expect(code(await person.call('GET', '/api/v1/nonsense'))).toEqual([404, 'not_found']);
});
