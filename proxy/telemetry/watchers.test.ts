import { expect, test } from 'vitest';
import type { AccessLogFormat } from '../wire/telemetry.ts';
import { LineOutput } from './line-output.ts';
import type { Span } from './otlp.ts';
import { Series } from './series.ts';
import { Taps } from './tap.ts';
import { edgeKey, exchangeEnd } from './testing.ts';
import { Tracer } from './trace.ts';
import type { RequestView } from './watch.ts';
import { Watchers } from './watchers.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

const request = (fields: Readonly<Record<string, string>> = {}): RequestView => ({
  method: 'GET', target: '/items/7?token=secret', host: 'cart', version: 'HTTP/1.1', client: '10.0.0.7', field: (name) => fields[name] ?? null,
});

function setUp({ format = 'off' as AccessLogFormat, tracing = false, share = 0 } = {}) {
  const series = new Series();
  const lines: string[] = [];
  const spans: Span[] = [];
  const output = new LineOutput((bytes, done) => {
    lines.push(new TextDecoder().decode(bytes));
    done(null, bytes.length);
  });
  const taps = new Taps();
  const tracer = new Tracer({ share: () => share, random: () => 0.5, wallMs: () => 1_700_000_000_000, take: (span) => void spans.push(span) });
  const watchers = new Watchers({ output, tracer, taps, factsOf: (edge) => series.factsOf(edge), wallMs: () => 1_700_000_000_000, nowMs: () => 5 });
  watchers.configure(format, tracing);
  const inbound = series.edge(edgeKey({ direction: 'inbound' }), { peer: 'web.shop' });
  return { watchers, lines, spans, taps, inbound };
}

test('while nothing is asked for, nobody watches', () => {
  const { watchers } = setUp();
  expect(watchers.on).toBe(false);
  watchers.configure('json', false);
  expect(watchers.on).toBe(true);
  watchers.configure('off', false);
  watchers.tap([{ id: 't', filter: {}, perSecondMax: 1, endsInMs: 1_000 }]);
  expect(watchers.on).toBe(true);
  watchers.tap([]);
  expect(watchers.on).toBe(false);
});

test('the access log has the requests of the app, with who called it', async () => {
  const { watchers, lines, inbound } = setUp({ format: 'json' });
  expect(watchers.begin('outbound', request())).toBeNull();
  watchers.begin('inbound', request({ 'user-agent': 'curl/8' }))?.ended(inbound, exchangeEnd());
  await expect.poll(() => lines.length).toBe(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ 'client.id': 'web.shop', 'client.addr': '10.0.0.7', user_agent: 'curl/8', status: 200 });
});

test.each([
  ['sampled by the caller', { traceparent: `00-${TRACE}-${SPAN}-01` }, 0, true],
  ['not sampled by the caller, whatever the share', { traceparent: `00-${TRACE}-${SPAN}-00` }, 1, false],
  ['undecided, within the share', { b3: `${TRACE}-${SPAN}` }, 0.6, true],
  ['undecided, beyond the share', { b3: `${TRACE}-${SPAN}` }, 0.4, false],
  ['without a trace, within the share', {}, 0.6, true],
  ['without a trace, beyond the share', {}, 0.4, false],
])('a request %s', (_, fields, share, traced) => {
  const { watchers, spans, inbound } = setUp({ tracing: true, share });
  const observation = watchers.begin('inbound', request(fields));
  observation?.ended(inbound, exchangeEnd());
  expect(observation !== null).toBe(traced);
  expect(spans).toHaveLength(traced ? 1 : 0);
});

test('a span follows the caller’s, and the head tells of it in place of the caller’s', () => {
  const { watchers, spans, inbound } = setUp({ tracing: true });
  const observation = watchers.begin('inbound', request({ traceparent: `00-${TRACE}-${SPAN}-01` }));
  observation?.ended(inbound, exchangeEnd());
  const [span] = spans;
  expect(span).toMatchObject({ traceId: TRACE, parentId: SPAN, path: '/items/7', host: 'cart' });
  expect(span?.spanId).toMatch(/^[0-9a-f]{16}$/);
  expect(observation?.replace?.fields).toEqual([['traceparent', `00-${TRACE}-${span?.spanId}-01`]]);
  expect([...(observation?.replace?.names ?? [])]).toEqual(['traceparent']);
});

test('a tap sees the path without its query, and the trace that the request belongs to', () => {
  const { watchers, taps, inbound } = setUp();
  watchers.tap([{ id: 't', filter: {}, perSecondMax: 10, endsInMs: 1_000 }]);
  const observation = watchers.begin('inbound', request({ traceparent: `00-${TRACE}-${SPAN}-00` }));
  expect(observation?.replace).toBeNull();
  observation?.ended(inbound, exchangeEnd());
  const [report] = taps.take(6);
  expect(report?.events).toMatchObject([{ path: '/items/7', traceId: TRACE, method: 'GET', direction: 'inbound' }]);
  expect(JSON.stringify(report)).not.toContain('secret');
});
