import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LeafHolder } from './leaf-holder.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

const MATERIAL = { certificateChain: 'chain', privateKey: 'key', trustBundle: 'anchors' };

function setUp() {
  const holder = new LeafHolder(Date.now);
  let changes = 0;
  const unsubscribe = holder.subscribe(() => void (changes += 1));
  return { holder, unsubscribe, changes: () => changes };
}

test('there is no leaf before the first and none after it expired, and both changes are told', () => {
  const { holder, changes } = setUp();
  expect(holder.current()).toBeNull();
  holder.put(MATERIAL, 'web.shop', Date.now() + 10_000);
  expect(holder.current()).toMatchObject({ ...MATERIAL, identity: 'web.shop', generation: 1 });
  expect(changes()).toBe(1);
  vi.advanceTimersByTime(9_999);
  expect(holder.current()).not.toBeNull();
  vi.advanceTimersByTime(2);
  expect(holder.current()).toBeNull();
  expect(changes()).toBe(2);
});

test('a renewal in time is told once, with a higher generation', () => {
  const { holder, changes } = setUp();
  holder.put(MATERIAL, 'web.shop', Date.now() + 10_000);
  vi.advanceTimersByTime(7_000);
  holder.put({ ...MATERIAL, certificateChain: 'newer' }, 'web.shop', Date.now() + 10_000);
  vi.advanceTimersByTime(5_000);
  expect(holder.current()).toMatchObject({ certificateChain: 'newer', generation: 2 });
  expect(changes()).toBe(2);
});

test('other anchors are a change, the same ones are none', () => {
  const { holder, changes } = setUp();
  holder.putBundle('too early');
  holder.put(MATERIAL, 'web.shop', Date.now() + 10_000);
  holder.putBundle('anchors');
  expect(changes()).toBe(1);
  holder.putBundle('others');
  expect(holder.current()).toMatchObject({ trustBundle: 'others', certificateChain: 'chain', generation: 2 });
  expect(changes()).toBe(2);
});

test('a life longer than a timer can wait is no early end', () => {
  const { holder, changes } = setUp();
  holder.put(MATERIAL, 'web.shop', Date.now() + 2 ** 32);
  vi.advanceTimersByTime(2 ** 31 + 1_000);
  expect(holder.current()).not.toBeNull();
  expect(changes()).toBe(1);
  vi.advanceTimersByTime(2 ** 31 + 1_000);
  expect(changes()).toBe(2);
});

test('who left is told nothing more', () => {
  const { holder, unsubscribe, changes } = setUp();
  unsubscribe();
  holder.put(MATERIAL, 'web.shop', Date.now() + 10_000);
  expect(changes()).toBe(0);
});
