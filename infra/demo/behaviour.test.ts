import { expect, test } from 'vitest';
import { seeded } from '../seeded.ts';
import { chooseCalls, fails, fillPath, sampleLatencyMs } from './behaviour.ts';

test('half of the times lie below the median, and none above two seconds', () => {
  const random = seeded(1);
  const samples = Array.from({ length: 20_000 }, () => sampleLatencyMs({ medianMs: 12, sigma: 0.5 }, random)).sort((a, b) => a - b);
  expect(samples[10_000]).toBeGreaterThan(11.5);
  expect(samples[10_000]).toBeLessThan(12.5);
  expect(samples[19_800]).toBeGreaterThan(12 * Math.exp(0.5 * 2.1));
  expect(samples[19_999]).toBeLessThanOrEqual(2_000);
  expect(samples[0]).toBeGreaterThan(0);
});

test('a break raises the share of failures until its end, and never lowers it', () => {
  const share = (broken: { share: number; untilMs: number } | undefined, nowMs: number): number => {
    const random = seeded(2);
    return Array.from({ length: 20_000 }, () => fails({ errorShare: 0.01 }, broken, nowMs, random)).filter(Boolean).length / 20_000;
  };
  expect(share(undefined, 0)).toBeCloseTo(0.01, 2);
  expect(share({ share: 0.4, untilMs: 10 }, 9)).toBeCloseTo(0.4, 1);
  expect(share({ share: 0.4, untilMs: 10 }, 10)).toBeCloseTo(0.01, 2);
  expect(share({ share: 0, untilMs: 10 }, 9)).toBeCloseTo(0.01, 2);
});

test('calls are made as often as their share says, and ids fill the path', () => {
  const random = seeded(3);
  const calls = [0, 0.25, 1].map((share) => ({ service: `a/${share}`, protocol: 'http1', address: '', share, method: 'GET', path: '/' }) as const);
  const made = Array.from({ length: 8_000 }, () => chooseCalls(calls, random).map((call) => call.share)).flat();
  expect(made.filter((share) => share === 0).length).toBe(0);
  expect(made.filter((share) => share === 1).length).toBe(8_000);
  expect(made.filter((share) => share === 0.25).length / 8_000).toBeCloseTo(0.25, 1);
  expect(fillPath('/carts/{id}/items/{id}', random)).toMatch(/^\/carts\/\d+\/items\/\d+$/);
});
