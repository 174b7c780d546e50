import { expect, test } from 'vitest';
import type { Tap, TapEvent } from '../../../cloud/wire/tap.ts';
import { filterWords, inputOf, NO_FILTER, searchOf } from './tap-filter.ts';
import { EMPTY, ROWS_MAX, shownSentence, withPage } from './tap-stream.ts';

const tap = (changes: Partial<Tap> = {}): Tap => ({
  id: 'tap_1', clusterId: 'c1', workload: null, state: 'live', perSecondMax: 100, startedAt: '2026-11-22T14:00:00.000Z', startedBy: 'u1', endsAt: '2026-11-22T14:05:00.000Z', matched: 0, told: 0, ...changes,
});
const event = (path: string): TapEvent => ({
  atMs: 0, workload: 'shop/host/web', proxy: 'web-1', direction: 'outbound', protocol: 'http1', tls: 'mtls', source: 'shop/host/web', service: 'shop/cart', destination: 'shop/host/cart',
  method: 'GET', path, route: null, status: 200, grpcStatus: null, fault: null, code: null, latencyMs: 1, durationMs: 2, bytesIn: 1, bytesOut: 1, retries: 0, traceId: null,
});

test('the newest stands first, and every row keeps a number of its own', () => {
  const first = withPage(EMPTY, { tap: tap(), events: [event('/1'), event('/2')], next: '5' });
  const second = withPage(first, { tap: tap(), events: [event('/3')], next: '6' });
  expect(second.rows.map(({ path, number }) => [path, number])).toEqual([['/3', 2], ['/2', 1], ['/1', 0]]);
  expect(second.next).toBe('6');
});

test('rows are bounded, and the sentence says that older ones are gone', () => {
  const events = Array.from({ length: ROWS_MAX + 20 }, (_, at) => event(`/${at}`));
  const stream = withPage(EMPTY, { tap: tap({ matched: 900, told: 520 }), events, next: '' });
  expect(stream.rows).toHaveLength(ROWS_MAX);
  expect(stream.rows[0]?.path).toBe(`/${ROWS_MAX + 19}`);
  expect(shownSentence(stream)).toBe('520 of 900 exchanges shown; 380 were over the rate of 100/s from each proxy; the newest 500 are kept here.');
});

test.each([
  [null, 'Nothing is looked at yet.'],
  [tap({ state: 'waiting' }), 'The agent is being told; the first exchanges come within seconds.'],
  [tap(), 'Nothing has passed the filter yet.'],
  [tap({ state: 'over' }), 'No exchange passed the filter.'],
  [tap({ matched: 12, told: 12 }), '12 of 12 exchanges shown.'],
])('the sentence for %o', (of, sentence) => {
  expect(shownSentence({ ...EMPTY, tap: of })).toBe(sentence);
});

test('empty fields ask for nothing, others as the API wants them', () => {
  expect(inputOf(NO_FILTER)).toEqual({});
  expect(inputOf({ workload: 'shop/host/cart', direction: 'inbound', method: 'GET', path: 'items', status: '0', peer: 'shop/host/web' })).toEqual({
    workload: 'shop/host/cart', direction: 'inbound', method: 'GET', pathPrefix: '/items', statusClass: 0, peer: 'shop/host/web',
  });
  expect(inputOf({ ...NO_FILTER, direction: 'sideways' })).toEqual({});
  expect(searchOf({ ...NO_FILTER, path: '/a' })).toMatchObject({ path: '/a', method: undefined });
});

test('the filter is said in words', () => {
  const name = (key: string) => key.split('/').at(-1) ?? key;
  expect(filterWords(NO_FILTER, name)).toBe('every exchange');
  expect(filterWords({ ...NO_FILTER, method: 'GET', path: '/items', status: '5', workload: 'shop/host/cart', peer: 'shop/host/web' }, name)).toBe('GET /items 5xx at cart with web');
});
