import { expect, test } from 'vitest';
import { Failfast } from './failfast.ts';

const MS = 1_000;

test('as long as an endpoint is ready every request goes on', () => {
  const failfast = new Failfast(3_000);
  for (let now = 0; now < 10_000 * MS; now += 500 * MS) expect(failfast.decide(now)).toBe('try');
  expect(failfast.entered).toBe(0);
});

test('while none is ready requests wait, one tries now and then, and after the limit all others fail at once', () => {
  const failfast = new Failfast(3_000);
  const decisions: string[] = [];
  failfast.unready(0, 0);
  for (let nowMs = 0; nowMs <= 4_000; nowMs += 50) {
    const decision = failfast.decide(nowMs * MS);
    decisions.push(decision);
    if (decision === 'try') failfast.unready(nowMs * MS, 0);
  }
  const within = decisions.slice(0, 60);
  const beyond = decisions.slice(60);
  expect(within).not.toContain('fail');
  expect(beyond).not.toContain('wait');
  expect(within.filter((one) => one === 'try').length).toBeGreaterThanOrEqual(5);
  expect(within.filter((one) => one === 'try').length).toBeLessThanOrEqual(8);
  expect(beyond.filter((one) => one === 'try').length).toBeGreaterThanOrEqual(1);
  expect(failfast.entered).toBe(1);
});

test('a try that nobody reports on blocks the next one no longer than the back-off', () => {
  const failfast = new Failfast(3_000);
  failfast.unready(0, 0);
  expect(failfast.decide(100 * MS)).toBe('try');
  expect(failfast.decide(101 * MS)).toBe('wait');
  expect(failfast.decide(310 * MS)).toBe('try');
});

test('one that is ready again ends it at once, and the next time begins anew', () => {
  const failfast = new Failfast(1_000);
  failfast.unready(0, 0);
  expect(failfast.active(1_000 * MS)).toBe(true);
  failfast.ready();
  expect(failfast.active(1_001 * MS)).toBe(false);
  expect(failfast.decide(1_001 * MS)).toBe('try');
  failfast.unready(1_002 * MS, 0);
  expect(failfast.active(1_900 * MS)).toBe(false);
  expect(failfast.decide(1_003 * MS)).toBe('wait');
});

test('nobody waits for a service that never had an endpoint', () => {
  const failfast = new Failfast(3_000);
  failfast.never();
  expect(failfast.active(0)).toBe(true);
  expect(failfast.decide(0)).toBe('try');
  failfast.unready(0, 0);
  expect(failfast.decide(1)).toBe('fail');
});
