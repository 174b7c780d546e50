import { expect, test } from 'vitest';
import { randomHex, readTraceContext, traceFields } from './trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const NEW = '00f067aa0ba902b7';

const read = (fields: Readonly<Record<string, string>>) => readTraceContext((name) => fields[name] ?? null);

test.each([
  ['W3C, sampled', { traceparent: `00-${TRACE}-${SPAN}-01` }, true, ['w3c']],
  ['W3C, not sampled', { traceparent: `00-${TRACE}-${SPAN}-00` }, false, ['w3c']],
  ['W3C of a later version with more behind it', { traceparent: `cc-${TRACE}-${SPAN}-01-what-comes-later` }, true, ['w3c']],
  ['B3 in one header', { b3: `${TRACE}-${SPAN}-1-${NEW}` }, true, ['b3']],
  ['B3 in one header, debug', { b3: `${TRACE}-${SPAN}-d` }, true, ['b3']],
  ['B3 in one header, denied', { b3: `${TRACE}-${SPAN}-0` }, false, ['b3']],
  ['B3 in one header, deferred', { b3: `${TRACE}-${SPAN}` }, null, ['b3']],
  ['B3 in several headers', { 'x-b3-traceid': TRACE.toUpperCase(), 'x-b3-spanid': SPAN, 'x-b3-sampled': '1' }, true, ['b3-multi']],
  ['B3 in several headers, debug', { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-flags': '1' }, true, ['b3-multi']],
  ['both, of which W3C is believed', { traceparent: `00-${TRACE}-${SPAN}-00`, b3: `${NEW}${NEW}-${NEW}-1` }, false, ['w3c', 'b3']],
] as const)('%s', (_, fields, sampled, formats) => {
  expect(read(fields)).toMatchObject({ traceId: TRACE, spanId: SPAN, sampled, formats });
});

test.each([
  ['nothing', {}],
  ['a trace of zeros', { traceparent: `00-${'0'.repeat(32)}-${SPAN}-01` }],
  ['a span of zeros', { traceparent: `00-${TRACE}-${'0'.repeat(16)}-01` }],
  ['version ff', { traceparent: `ff-${TRACE}-${SPAN}-01` }],
  ['version 00 with more behind it', { traceparent: `00-${TRACE}-${SPAN}-01-more` }],
  ['capitals', { traceparent: `00-${TRACE.toUpperCase()}-${SPAN}-01` }],
  ['too short', { traceparent: `00-${TRACE.slice(1)}-${SPAN}-01` }],
  ['a lone decision of B3', { b3: '1' }],
  ['a span without a trace', { 'x-b3-spanid': SPAN }],
])('no context is read from %s', (_, fields) => {
  expect(read(fields)).toBeNull();
});

test('a short trace id of B3 is filled up with zeros', () => {
  expect(read({ b3: `${SPAN}-${NEW}-1` })?.traceId).toBe(`${'0'.repeat(16)}${SPAN}`);
});

test.each([
  [{ traceparent: `00-${TRACE}-${SPAN}-03` }, [['traceparent', `00-${TRACE}-${NEW}-03`]]],
  [{ b3: `${TRACE}-${SPAN}` }, [['b3', `${TRACE}-${NEW}-1-${SPAN}`]]],
  [{ 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN }, [['x-b3-traceid', TRACE], ['x-b3-spanid', NEW], ['x-b3-parentspanid', SPAN], ['x-b3-sampled', '1']]],
  [{ traceparent: `00-${TRACE}-${SPAN}-01`, b3: `${TRACE}-${SPAN}-1` }, [['traceparent', `00-${TRACE}-${NEW}-01`], ['b3', `${TRACE}-${NEW}-1-${SPAN}`]]],
])('a new span is told in the formats that came: %o', (fields, expected) => {
  const context = read(fields);
  expect(context && traceFields(context, NEW)).toEqual(expected);
});

test('what is told is read again as the same trace with the new span', () => {
  const context = read({ traceparent: `00-${TRACE}-${SPAN}-01`, b3: `${TRACE}-${SPAN}-1` });
  const told = Object.fromEntries(context === null ? [] : traceFields(context, NEW));
  expect(read(told)).toMatchObject({ traceId: TRACE, spanId: NEW, sampled: true });
});

test('ids have their length and are never all zeros', () => {
  expect(randomHex(32, () => 0)).toBe(`${'0'.repeat(31)}1`);
  expect(randomHex(16, () => 0.999_999_999_9)).toBe('f'.repeat(16));
});
