import { expect, test } from 'vitest';
import { signUpWithOrg, testCloud } from '../testing.ts';
import type { Answer } from '../testing.ts';
import { createRateLimiter, rateHeaders } from './rate-limit.ts';

test('a burst is allowed, then as much as fills, for each caller apart', () => {
  const limiter = createRateLimiter({ burst: 3, perSecond: 2 });
  const at = (caller: string, nowMs: number): boolean => limiter.take(caller, nowMs).allowed;
  expect([at('a', 0), at('a', 0), at('a', 0), at('a', 0), at('b', 0)]).toEqual([true, true, true, false, true]);
  expect([at('a', 400), at('a', 600), at('a', 600)]).toEqual([false, true, false]);
  expect(Array.from({ length: 5 }, () => at('a', 60_000))).toEqual([true, true, true, false, false]);
  expect(limiter.counters.refused).toBe(5);
});

test('a clock that goes back gives nothing away', () => {
  const limiter = createRateLimiter({ burst: 1, perSecond: 1 });
  expect([limiter.take('a', 10_000).allowed, limiter.take('a', 0).allowed, limiter.take('a', 500).allowed, limiter.take('a', 1_500).allowed]).toEqual([true, false, false, true]);
});

test('the headers say the limit, what is left, when it is full and when to come back', () => {
  const limiter = createRateLimiter({ burst: 2, perSecond: 0.1 });
  expect(rateHeaders(limiter.limit, limiter.take('a', 0))).toEqual({ 'ratelimit-limit': '2', 'ratelimit-remaining': '1', 'ratelimit-reset': '10' });
  limiter.take('a', 0);
  expect(rateHeaders(limiter.limit, limiter.take('a', 0))).toEqual({ 'ratelimit-limit': '2', 'ratelimit-remaining': '0', 'ratelimit-reset': '20', 'retry-after': '10' });
});

test('no more callers are remembered than there is room for, the least recent go', () => {
  const limiter = createRateLimiter({ burst: 1, perSecond: 0.001 }, 2);
  for (const caller of ['a', 'b', 'a', 'c']) limiter.take(caller, 0);
  expect(limiter.counters.forgotten).toBe(1);
  expect([limiter.take('a', 0).allowed, limiter.take('b', 0).allowed]).toEqual([false, true]);
});

test('each answer says how much is left, and who asks too often gets 429 with a code and the time to wait', async () => {
  const cloud = await testCloud();
  try {
    const [eager, calm] = [await signUpWithOrg(cloud.url, 'eager'), await signUpWithOrg(cloud.url, 'calm')];
    const first = await eager.call('GET', '/api/v1/me');
    const limit = Number(first.headers.get('ratelimit-limit'));
    const left = Number(first.headers.get('ratelimit-remaining'));
    expect([limit > 100, left < limit]).toEqual([true, true]);
    // More than the burst, since it fills meanwhile.
    const answers: Answer[] = [];
    while (answers.length < 5 * limit && !answers.some(({ status }) => status === 429)) answers.push(...await Promise.all(Array.from({ length: 100 }, () => eager.call('GET', '/api/v1/me'))));
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(left);
    const refused = answers.find(({ status }) => status === 429);
    expect([(refused?.body as { code: string } | undefined)?.code, refused?.headers.get('retry-after'), refused?.headers.get('ratelimit-remaining')]).toEqual(['rate_limited', '1', '0']);
    expect((await calm.call('GET', '/api/v1/me')).status).toBe(200);
  } finally {
    await cloud.stop();
  }
});
