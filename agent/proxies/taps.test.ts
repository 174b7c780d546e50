import { expect, test } from 'vitest';
import type { TapEvent } from '../../proxy/wire/tap.ts';
import { TAP_EVENTS_PER_SECOND_MAX, type AgentTapSession } from '../wire/tap.ts';
import { TAP_FLUSH_MS, Taps } from './taps.ts';

const session = (changes: Partial<AgentTapSession> = {}): AgentTapSession => ({ id: 't1', workload: null, filter: { statusClass: 5 }, perSecondMax: 100, endsInMs: 60_000, ...changes });
const WEB = { workload: 'shop/host/web', name: 'web-1' };

const EVENT: TapEvent = {
  agoMs: 5, direction: 'outbound', protocol: 'http1', tls: 'mtls', source: 'shop/host/web', service: 'shop/cart', destination: 'shop/host/cart', method: 'GET', path: '/',
  route: 'GET /', status: 500, grpcStatus: null, fault: 'app', code: null, latencyUs: 5, durationUs: 6, bytesIn: 1, bytesOut: 2, retries: 0, traceId: null,
};
const report = (events: number, id = 't1') => ({ session: id, events: Array.from({ length: events }, () => EVENT), matched: events + 1, dropped: 1 });

test('a proxy is asked for the sessions of its workload, with the time that is left', () => {
  const taps = new Taps();
  taps.set([session(), session({ id: 't2', workload: 'shop/host/cart' })], 1_000);
  expect(taps.of('shop/host/web', 11_000)).toEqual([{ id: 't1', filter: { statusClass: 5 }, perSecondMax: 100, endsInMs: 50_000 }]);
  expect(taps.of('shop/host/cart', 11_000).map(({ id }) => id)).toEqual(['t1', 't2']);
  expect(taps.of('shop/host/web', 61_000)).toEqual([]);
});

test('what proxies tell goes on with their names, once', () => {
  const taps = new Taps();
  taps.set([session()], 0);
  taps.take(WEB, [report(2)], 10);
  expect(taps.flush(20)).toEqual([{ ...report(2), workload: 'shop/host/web', proxy: 'web-1' }]);
  expect(taps.flush(30)).toEqual([]);
});

test('nobody tells of a session that it was not asked for', () => {
  const taps = new Taps();
  taps.set([session({ workload: 'shop/host/cart' })], 0);
  taps.take(WEB, [report(1), report(1, 'other')], 10);
  expect(taps.flush(20)).toEqual([]);
  expect(taps.unasked).toBe(2);
});

test('all proxies together stay below the rate of the cluster, and the rest is counted', () => {
  const taps = new Taps();
  taps.set([session()], 0);
  for (let proxy = 0; proxy < 10; proxy += 1) taps.take({ ...WEB, name: `web-${proxy}` }, [report(80)], 500);
  const reports = taps.flush(600);
  const told = reports.reduce((sum, { events }) => sum + events.length, 0);
  expect(told).toBe(TAP_EVENTS_PER_SECOND_MAX);
  expect(reports.reduce((sum, { matched, dropped, events }) => sum + matched - dropped - events.length, 0)).toBe(0);
  expect(taps.dropped).toBe(800 - TAP_EVENTS_PER_SECOND_MAX);
});

test('a session that is over is forgotten after its last reports', () => {
  const taps = new Taps();
  taps.set([session({ endsInMs: 1_000 })], 0);
  taps.take(WEB, [report(1)], 1_100);
  expect(taps.flush(1_200)).toHaveLength(1);
  taps.flush(1_001 + TAP_FLUSH_MS * 4);
  expect(taps.size).toBe(0);
});
