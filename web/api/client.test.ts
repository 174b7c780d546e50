import { expect, test } from 'vitest';
import { addressOf, call } from './client.ts';
import { ApiError } from './problem.ts';

interface Seen { url: string; init: RequestInit }

function answering(status: number, body: string, headers: Record<string, string> = {}): { fetcher: typeof fetch; seen: Seen[] } {
  const seen: Seen[] = [];
  const fetcher = ((url: string, init: RequestInit) => {
    seen.push({ url, init });
    return Promise.resolve(new Response(status === 204 ? null : body, { status, headers }));
  }) as typeof fetch;
  return { fetcher, seen };
}

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(() => null, (thrown: unknown) => thrown);
  if (!(error instanceof ApiError)) throw new Error(`expected an ApiError, got ${String(error)}`);
  return error;
}

const ORG = { slug: 'acme', name: 'Acme', role: 'owner', createdAt: '2026-11-22T14:00:00.000Z' };

test('a path is filled with encoded parameters and the query leaves out what is not set', () => {
  expect(addressOf('/a/{slug}/w/{name}', { slug: 'ac/me', name: 'ü' }, { x: 1, y: undefined, z: 'a b' })).toBe('/a/ac%2Fme/w/%C3%BC?x=1&z=a+b');
  expect(() => addressOf('/a/{slug}', { slug: '' }, {})).toThrow(/needs slug/);
});

test('a call sends the method, path and JSON of the contract and answers its type', async () => {
  const { fetcher, seen } = answering(201, JSON.stringify(ORG));
  const org = await call('createOrg', { body: { name: 'Acme' } }, undefined, fetcher);
  expect(org).toEqual(ORG);
  expect(seen[0]).toMatchObject({ url: '/api/v1/orgs', init: { method: 'POST', body: '{"name":"Acme"}', credentials: 'same-origin' } });
});

test('an answer of 204 is null', async () => {
  const { fetcher } = answering(204, '');
  expect(await call('deleteRule', { params: { slug: 'acme', id: 'r1' } }, undefined, fetcher)).toBeNull();
});

test('a problem becomes an error with its sentence, code, faults and request id', async () => {
  const problem = { type: '/docs/errors/name_taken', code: 'name_taken', title: 'That name is in use', status: 409, detail: 'A cluster is called eu-west already.', faults: [{ path: 'name', message: 'taken' }], requestId: 'r-77' };
  const { fetcher } = answering(409, JSON.stringify(problem), { 'content-type': 'application/problem+json' });
  const error = await failure(call('createCluster', { params: { slug: 'acme' }, body: { name: 'eu-west' } }, undefined, fetcher));
  expect(error).toMatchObject({ code: 'name_taken', status: 409, message: 'A cluster is called eu-west already.', requestId: 'r-77', faults: [{ path: 'name', message: 'taken' }] });
});

test.each([[401, 'unauthenticated'], [404, 'not_found'], [500, 'internal'], [418, 'unexpected_answer'], [502, 'unreachable'], [504, 'unreachable']])('an answer of %s that is no problem document is %s', async (status, code) => {
  const { fetcher } = answering(status, '<h1>nginx</h1>', { 'x-request-id': 'r-9' });
  const error = await failure(call('getMe', {}, undefined, fetcher));
  expect(error).toMatchObject({ code, requestId: 'r-9' });
  expect(error.message.length).toBeGreaterThan(10);
});

test('no answer at all says so, and an abort stays an abort', async () => {
  const away = (() => Promise.reject(new TypeError('Failed to fetch'))) as typeof fetch;
  expect(await failure(call('getMe', {}, undefined, away))).toMatchObject({ code: 'unreachable', status: 0 });
  const aborted = ((_: string, init: RequestInit) => Promise.reject(init.signal?.reason as Error)) as typeof fetch;
  await expect(call('getMe', {}, AbortSignal.abort(new DOMException('gone', 'AbortError')), aborted)).rejects.toMatchObject({ name: 'AbortError' });
});

test('an answer against the contract is refused with the field that is wrong', async () => {
  const { fetcher } = answering(200, JSON.stringify({ ...ORG, slug: 7 }));
  const error = await failure(call('getOrg', { params: { slug: 'acme' } }, undefined, fetcher));
  expect(error.code).toBe('unexpected_answer');
  expect(error.message).toContain('slug');
  const html = answering(200, '<!doctype html>');
  expect((await failure(call('getOrg', { params: { slug: 'acme' } }, undefined, html.fetcher))).message).toContain('not JSON');
});
