import { expect, test } from 'vitest';
import type { TapEvent } from '../../proxy/wire/tap.ts';
import { readToControl } from './messages.ts';

const EVENT: TapEvent = {
  agoMs: 12, direction: 'outbound', protocol: 'http1', tls: 'mtls', source: 'shop/host/web', service: 'shop/cart', destination: 'shop/host/cart',
  method: 'GET', path: '/', route: 'GET /', status: 503, grpcStatus: null, fault: 'mesh', code: 'no-endpoints',
  latencyUs: 1_500, durationUs: 2_000, bytesIn: 1, bytesOut: 2, retries: 0, traceId: null,
};
const read = (latencyUs: number): string => readToControl(Buffer.from(JSON.stringify({ kind: 'tap', reports: [{ session: 'tap_1', events: [{ ...EVENT, latencyUs }], matched: 1, dropped: 0 }] }))).kind;

test('a tapped exchange that got no answer doesn’t end its proxy’s link', () => {
  expect([read(0), read(-1)]).toEqual(['message', 'message']);
});

test.each([-2, 1.5, Number.MAX_VALUE])('a latency of %d µs is no latency', (latencyUs) => {
  expect(read(latencyUs)).toBe('invalid');
});
