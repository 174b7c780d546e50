import { expect, test } from 'vitest';
import { TAP_EVENTS_MAX, TAP_MS_MAX, TAP_PATH_LETTERS_MAX, TAP_SESSIONS_MAX, type TapFilter, type TapSession } from '../wire/tap.ts';
import { Taps, type TapFacts } from './tap.ts';
import { edgeKey, exchangeEnd } from './testing.ts';

const session = (changes: Partial<TapSession> = {}): TapSession => ({ id: 't1', filter: {}, perSecondMax: 100, endsInMs: 60_000, ...changes });
const facts = (changes: Partial<TapFacts> = {}): TapFacts => ({ edge: edgeKey(), method: 'GET', path: '/items/7', traceId: null, end: exchangeEnd(), ...changes });

function tapped(filter: TapFilter, offered: TapFacts): number {
  const taps = new Taps();
  taps.set([session({ filter })], 0);
  taps.offer(offered, 1);
  return taps.take(2).flatMap(({ events }) => events).length;
}

test.each([
  [{}, true],
  [{ direction: 'outbound' }, true],
  [{ direction: 'inbound' }, false],
  [{ method: 'GET' }, true],
  [{ method: 'POST' }, false],
  [{ pathPrefix: '/items' }, true],
  [{ pathPrefix: '/item/' }, false],
  [{ statusClass: 2 }, true],
  [{ statusClass: 5 }, false],
  [{ peer: 'shop/host/cart' }, true],
  [{ peer: 'shop/host/web' }, false],
  [{ method: 'GET', statusClass: 5 }, false],
] as const)('the filter %o lets a GET answered 200 pass: %s', (filter, passes) => {
  expect(tapped(filter, facts())).toBe(passes ? 1 : 0);
});

test('inbound the peer is the caller, and no answer is status class 0', () => {
  const inbound = facts({ edge: edgeKey({ direction: 'inbound' }), end: exchangeEnd({ status: 0, fault: 'client' }) });
  expect(tapped({ peer: 'shop/host/web', statusClass: 0 }, inbound)).toBe(1);
});

test('what is over the rate is counted, not told, and the next second begins anew', () => {
  const taps = new Taps();
  taps.set([session({ perSecondMax: 10 })], 0);
  for (let at = 0; at < 25; at += 1) taps.offer(facts(), 500);
  expect(taps.take(600)).toMatchObject([{ session: 't1', events: { length: 10 }, matched: 25, dropped: 15 }]);
  taps.offer(facts(), 1_001);
  expect(taps.take(1_100)).toMatchObject([{ events: { length: 1 }, matched: 1, dropped: 0 }]);
  expect([taps.toldTotal, taps.droppedTotal]).toEqual([11, 15]);
});

test('a report is bounded, however high the rate', () => {
  const taps = new Taps();
  taps.set([session({ perSecondMax: 1_000 })], 0);
  for (let at = 0; at < 900; at += 1) taps.offer(facts(), 10);
  expect(taps.take(20)[0]?.events).toHaveLength(TAP_EVENTS_MAX);
});

test('a session ends at its time and is told of once more; asked for again it ends no later', () => {
  const taps = new Taps();
  taps.set([session({ endsInMs: 1_000 })], 0);
  taps.offer(facts(), 999);
  taps.set([session({ endsInMs: 60_000 })], 999);
  taps.offer(facts(), 1_000);
  expect(taps.take(1_500)).toMatchObject([{ matched: 1 }]);
  expect(taps.sessions).toBe(0);
  expect(taps.take(1_600)).toEqual([]);
});

test('no session is longer than the limit, and there are no more of them than the limit', () => {
  const taps = new Taps();
  taps.set(Array.from({ length: TAP_SESSIONS_MAX + 3 }, (_, at) => session({ id: `t${at}`, endsInMs: TAP_MS_MAX * 10 })), 0);
  taps.offer(facts(), TAP_MS_MAX - 1);
  expect(taps.take(TAP_MS_MAX).map(({ session: id }) => id)).toEqual(Array.from({ length: TAP_SESSIONS_MAX }, (_, at) => `t${at + 3}`));
  expect(taps.sessions).toBe(0);
});

test('an event tells how long ago it was, and no path without end', () => {
  const taps = new Taps();
  taps.set([session()], 0);
  taps.offer(facts({ path: `/${'x'.repeat(1_000)}`, traceId: 'a'.repeat(32), end: exchangeEnd({ bytesIn: 3, bytesOut: 5, grpcStatus: 14, code: 'denied' }) }), 100);
  const event = taps.take(350)[0]?.events[0];
  expect(event).toMatchObject({ agoMs: 250, bytesIn: 3, bytesOut: 5, grpcStatus: 14, code: 'denied', traceId: 'a'.repeat(32), source: 'shop/host/web' });
  expect(event?.path).toHaveLength(TAP_PATH_LETTERS_MAX);
});

test('nobody is asked where no session wants that direction', () => {
  const taps = new Taps();
  expect(taps.wants('inbound')).toBe(false);
  taps.set([session({ filter: { direction: 'outbound' } })], 0);
  expect([taps.wants('inbound'), taps.wants('outbound')]).toEqual([false, true]);
});
