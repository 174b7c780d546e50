import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { seededRandom } from '../test/random.ts';
import type { CertifyResult } from './certify.ts';
import { Issuance } from './issuance.ts';
import { LeafHolder } from './leaf-holder.ts';
import { renewAfterMs } from './renewal.ts';
import type { LeafMaterial } from './verify.ts';

const DAY_MS = 24 * 3_600_000;

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

function setUp(lifeMs: number, fails: (attempt: number) => boolean = () => false) {
  const attemptsMs: number[] = [];
  const kept: LeafMaterial[] = [];
  const holder = new LeafHolder(Date.now);
  const issuance = new Issuance({
    certify: (): Promise<CertifyResult> => {
      const attempt = attemptsMs.push(Date.now());
      if (fails(attempt)) return Promise.resolve({ kind: 'failed', reason: 'nobody there' });
      const material = { certificateChain: `chain ${attempt}`, privateKey: 'key', trustBundle: 'anchors' };
      const leaf = { kind: 'valid', identity: 'web.shop', notBeforeMs: 0, notAfterMs: Date.now() + lifeMs } as const;
      return Promise.resolve({ kind: 'certified', material, leaf });
    },
    holder,
    keep: (material) => void kept.push(material),
    nowMs: Date.now,
    random: seededRandom(4),
    log: () => undefined,
  });
  return { attemptsMs, kept, holder, issuance };
}

test('renewal comes at 65 to 70 % of the life that is left', () => {
  for (const random of [0, 0.5, 0.999]) {
    expect(renewAfterMs(1_000_000 + DAY_MS, 1_000_000, () => random) / DAY_MS).toBeGreaterThan(0.65 - 1e-9);
    expect(renewAfterMs(1_000_000 + DAY_MS, 1_000_000, () => random) / DAY_MS).toBeLessThanOrEqual(0.7);
  }
  expect(renewAfterMs(5, 10, () => 0)).toBe(0);
});

test('leaves are renewed for ever, each before the last one ends, and kept', async () => {
  const { attemptsMs, kept, holder, issuance } = setUp(DAY_MS);
  issuance.start();
  for (let hour = 0; hour < 24 * 10; hour++) {
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(holder.current()).not.toBeNull();
  }
  expect(attemptsMs.length).toBeGreaterThanOrEqual(14);
  expect(attemptsMs.length).toBeLessThanOrEqual(17);
  expect(kept).toHaveLength(attemptsMs.length);
  expect(issuance.ok).toBe(attemptsMs.length);
  issuance.stop();
});

test('a renewal that fails is tried again with back-off while the old leaf serves on', async () => {
  const { attemptsMs, holder, issuance } = setUp(DAY_MS, (attempt) => attempt > 1 && attempt < 12);
  issuance.start();
  await vi.advanceTimersByTimeAsync(DAY_MS * 0.8);
  expect(attemptsMs).toHaveLength(12);
  expect(issuance.error).toBe(10);
  expect(holder.current()).toMatchObject({ certificateChain: 'chain 12' });
  const gaps = attemptsMs.slice(2).map((at, before) => at - (attemptsMs[before + 1] ?? 0));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(30_000);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(100);
  issuance.stop();
});

test('without any leaf it asks until there is one', async () => {
  const { holder, issuance } = setUp(DAY_MS, (attempt) => attempt < 5);
  issuance.start();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(holder.current()).toMatchObject({ certificateChain: 'chain 5' });
  issuance.stop();
});

test('a leaf that is still good from the last start is renewed when due, not at once', async () => {
  const { attemptsMs, holder, issuance } = setUp(DAY_MS);
  holder.put({ certificateChain: 'kept', privateKey: 'key', trustBundle: 'anchors' }, 'web.shop', Date.now() + 10_000);
  issuance.start();
  await vi.advanceTimersByTimeAsync(6_000);
  expect(attemptsMs).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(1_500);
  expect(holder.current()).toMatchObject({ certificateChain: 'chain 1' });
  issuance.stop();
});

test('a renewal that is asked for comes within its time, once, and the next one when that leaf is due', async () => {
  const { attemptsMs, issuance } = setUp(DAY_MS);
  issuance.start();
  await vi.advanceTimersByTimeAsync(1_000);
  for (let asked = 0; asked < 5; asked++) issuance.renewWithin(10_000);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(attemptsMs).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(DAY_MS * 0.6);
  expect(attemptsMs).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(DAY_MS * 0.1);
  expect(attemptsMs).toHaveLength(3);
  issuance.stop();
});

test('a renewal that is due anyway is not put off by being asked for', async () => {
  const { attemptsMs, issuance } = setUp(DAY_MS);
  issuance.start();
  await vi.advanceTimersByTimeAsync(DAY_MS * 0.64);
  for (let asked = 0; asked < 50; asked++) issuance.renewWithin(DAY_MS);
  await vi.advanceTimersByTimeAsync(DAY_MS * 0.061);
  expect(attemptsMs).toHaveLength(2);
  issuance.stop();
  issuance.renewWithin(0);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(attemptsMs).toHaveLength(2);
});

test('after the stop nothing is asked any more', async () => {
  const { attemptsMs, issuance } = setUp(DAY_MS, () => true);
  issuance.start();
  await vi.advanceTimersByTimeAsync(1_000);
  issuance.stop();
  const known = attemptsMs.length;
  await vi.advanceTimersByTimeAsync(DAY_MS);
  expect(attemptsMs).toHaveLength(known);
});
