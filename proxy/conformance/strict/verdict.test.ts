import { expect, test } from 'vitest';
import { meaningOf } from './meaning.ts';
import type { ReadMessage, Reading, Tail } from './reading.ts';
import { judge, type FaultKind } from './verdict.ts';

function message(changes: Partial<ReadMessage> = {}): ReadMessage {
  return { method: 'GET', target: '/', status: 0, fields: [['host', 'a']], body: '', trailers: [], complete: true, ...changes };
}

function reading(messages: readonly ReadMessage[], tail: Tail = 'none'): Reading {
  return { messages, tail, error: tail === 'error' ? 'refused' : '' };
}

const ONE = reading([message()]);
const OTHER = reading([message({ target: '/admin' })]);
const TWO = reading([message(), message({ target: '/admin' })]);
const REFUSED = reading([], 'error');
const NOTHING = reading([]);

/** What was forwarded as the strict reader sees it, then what a judge reads in the payload and in what was forwarded. */
const CASES: readonly (readonly [string, Reading, Reading, Reading, readonly FaultKind[], readonly string[]])[] = [
  ['all agree', ONE, ONE, ONE, [], []],
  ['nothing was forwarded of a payload that somebody reads', NOTHING, ONE, NOTHING, [], []],
  ['only the first of two requests was forwarded', ONE, TWO, ONE, [], []],
  ['a byte that should not be there', REFUSED, REFUSED, REFUSED, ['forbidden-bytes'], []],
  ['a judge reads two requests where one was forwarded', ONE, ONE, TWO, ['readers-differ'], []],
  ['a judge reads another request than was forwarded', ONE, ONE, OTHER, ['readers-differ'], []],
  ['a judge can read the payload but not what was forwarded', ONE, ONE, REFUSED, ['readers-differ'], []],
  ['a judge reads another request in the payload', ONE, OTHER, ONE, ['another-meaning'], []],
  ['a judge still waits for the rest of the payload', ONE, reading([], 'incomplete'), ONE, ['another-meaning'], []],
  ['a judge takes the second request for content of the first', TWO, reading([message({ body: 'x' })]), TWO, ['another-meaning'], []],
  ['a judge refuses the payload but reads what was forwarded', ONE, REFUSED, ONE, [], ['x']],
  ['every judge refuses the payload and what was forwarded', ONE, REFUSED, REFUSED, ['accepted-alone'], ['x']],
  ['bytes behind a tunnel are nobody\'s business', TWO, reading([message()], 'tunnel'), reading([message()], 'tunnel'), [], []],
];

test.each(CASES)('%s', (_, walked, sent, forwarded, kinds, stricter) => {
  const judgement = judge(walked, [{ judge: 'x', sent, forwarded }]);
  expect(judgement.faults.map(({ kind }) => kind)).toEqual(kinds);
  expect(judgement.stricter).toEqual(stricter);
});

test('one judge that refuses on both sides is outvoted by one that reads both alike', () => {
  const judgement = judge(ONE, [{ judge: 'x', sent: REFUSED, forwarded: REFUSED }, { judge: 'y', sent: ONE, forwarded: ONE }]);
  expect(judgement).toEqual({ faults: [], stricter: ['x'] });
});

test.each([
  ['Host beside a target that names the host', { target: 'http://A/x', fields: [['host', 'a']] }, { target: 'http://A/x', fields: [] }],
  ['Host beside the target of CONNECT', { method: 'CONNECT', target: 'a:80', fields: [['host', 'a']] }, { method: 'CONNECT', target: 'a:80', fields: [['host', 'a:80']] }],
  ['hop-by-hop fields', { fields: [['host', 'a'], ['connection', 'x-hop'], ['x-hop', '1'], ['te', 'trailers']] }, {}],
  ['how the length is told', { fields: [['host', 'a'], ['content-length', '3']], body: 'abc' }, { fields: [['host', 'a'], ['transfer-encoding', 'chunked']], body: 'abc' }],
  ['the mesh\'s own fields', { fields: [['host', 'a'], ['l5d-client-id', 'x'], ['sidelight-mesh', '1']] }, {}],
  ['the case of Host and spaces around values', { fields: [['host', ' A\t']] }, {}],
  ['the order of different fields', { fields: [['x', '1'], ['y', '2']] }, { fields: [['y', '2'], ['x', '1']] }],
] as const)('%s are no part of the meaning', (_, a, b) => {
  expect(meaningOf(message(a))).toBe(meaningOf(message(b)));
});

test.each([
  ['method', { method: 'POST' }], ['target', { target: '//' }], ['content', { body: 'x' }], ['a trailer', { trailers: [['x', 'y']] }], ['status', { status: 200 }],
  ['a field', { fields: [['host', 'a'], ['x', 'y']] }], ['the host', { fields: [['host', 'b']] }], ['a field more than once', { fields: [['host', 'a'], ['host', 'a']] }], ['its end', { body: 'x', complete: false }],
] as const)('%s changes the meaning', (_, changes) => {
  expect(meaningOf(message(changes))).not.toBe(meaningOf(message()));
});

test('the order of one field\'s values changes the meaning', () => {
  expect(meaningOf(message({ fields: [['x', '1'], ['x', '2']] }))).not.toBe(meaningOf(message({ fields: [['x', '2'], ['x', '1']] })));
});
