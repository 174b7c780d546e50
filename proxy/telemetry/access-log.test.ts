import { expect, test } from 'vitest';
import { apacheLine, jsonLine, type AccessFacts } from './access-log.ts';
import { exchangeEnd } from './testing.ts';

const facts = (changes: Partial<AccessFacts> = {}): AccessFacts => ({
  client: '10.0.0.7', identity: 'web.shop.serviceaccount.identity.sidelight.cluster.local', startMs: 1_700_000_000_123, method: 'GET', target: '/items/7?x=1',
  host: 'cart', version: 'HTTP/1.1', userAgent: 'curl/8', traceId: '', end: exchangeEnd({ durationUs: 6_000, appUs: 4_000, bytesIn: 120, bytesOut: 300 }), ...changes,
});

test("an apache line is linkerd2-proxy's", () => {
  expect(apacheLine(facts())).toBe('10.0.0.7 web.shop.serviceaccount.identity.sidelight.cluster.local - [2023-11-14T22:13:20.123Z] "GET http://cart/items/7?x=1 HTTP/1.1" 200 300\n');
});

test('what is not known is a hyphen', () => {
  const line = apacheLine(facts({ client: '', identity: null, host: '', end: exchangeEnd({ status: 0 }) }));
  expect(line).toBe('- - - [2023-11-14T22:13:20.123Z] "GET /items/7?x=1 HTTP/1.1" - -\n');
});

test('nothing in a request ends a line or a field early', () => {
  const line = apacheLine(facts({ target: '/a"b\\c\nd' }));
  expect(line).toContain(String.raw`"GET http://cart/a\x22b\x5cc\x0ad HTTP/1.1"`);
  expect(line.trimEnd()).not.toContain('\n');
});

test("a json line has linkerd2-proxy's names, with durations in ns", () => {
  expect(JSON.parse(jsonLine(facts({ traceId: 'a'.repeat(32) })))).toEqual({
    'client.addr': '10.0.0.7', 'client.id': 'web.shop.serviceaccount.identity.sidelight.cluster.local', host: 'cart', method: 'GET', processing_ns: '2000000',
    request_bytes: '120', response_bytes: '300', status: 200, timestamp: '2023-11-14T22:13:20.123Z', total_ns: '6000000', trace_id: 'a'.repeat(32),
    uri: 'http://cart/items/7?x=1', user_agent: 'curl/8', version: 'HTTP/1.1',
  });
});
