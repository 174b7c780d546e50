import { expect, test } from 'vitest';
import { walkRequests, walkResponse } from './walk.ts';

const GET = 'GET /g HTTP/1.1\r\nHost: a\r\n\r\n';
const post = (fields: string, body: string): string => `POST /p HTTP/1.1\r\nHost: a\r\n${fields}\r\n${body}`;
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

test('requests are read one after the other, with their fields, content and trailers', () => {
  const bytes = `${GET}${post('Content-Length: 3\r\n', 'abc')}${post(CHUNKED, '3;a="b"\r\nabc\r\n0\r\nX: y\r\n\r\n')}`;
  const { messages, tail, end } = walkRequests(bytes);
  expect(messages.map(({ method, target, body, trailers, complete }) => [method, target, body, trailers, complete])).toEqual([
    ['GET', '/g', '', [], true],
    ['POST', '/p', 'abc', [], true],
    ['POST', '/p', 'abc', [['x', 'y']], true],
  ]);
  expect(messages[1]?.fields).toEqual([['host', 'a'], ['content-length', '3']]);
  expect(tail).toBe('none');
  expect(end).toBe(bytes.length);
});

test.each([
  ['half a body', post('Content-Length: 5\r\n', 'abc')],
  ['half a chunk', post(CHUNKED, '5\r\nabc')],
  ['half a chunk size', post(CHUNKED, '5')],
  ['half an extension', post(CHUNKED, '5;a="')],
  ['half a chunk end', post(CHUNKED, '3\r\nabc\r')],
  ['half of the trailers', post(CHUNKED, '0\r\nX: y')],
])('%s is not yet wrong', (_, bytes) => {
  expect(walkRequests(GET + bytes)).toMatchObject({ tail: 'incomplete', end: GET.length, messages: [{ complete: true }, { complete: false }] });
});

test.each([
  ['half a head', 'GET / HTTP/1.1\r\nHos'],
  ['bare LF', 'GET / HTTP/1.1\nHost: a\n\n'],
  ['folding', 'GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n'],
  ['NUL', 'GET / HTTP/1.1\r\nX: \0\r\n\r\n'],
  ['a space before a colon', 'GET / HTTP/1.1\r\nX : a\r\n\r\n'],
  ['two lengths', post('Content-Length: 3\r\nContent-Length: 3\r\n', 'abc')],
  ['length and coding', post(`Content-Length: 3\r\n${CHUNKED}`, '0\r\n\r\n')],
  ['a signed length', post('Content-Length: +3\r\n', 'abc')],
  ['a coding that is not chunked', post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n')],
  ['a chunk size with 0x', post(CHUNKED, '0x3\r\nabc\r\n0\r\n\r\n')],
  ['a chunk that ends in LF', post(CHUNKED, '3\r\nabc\n0\r\n\r\n')],
  ['a bare LF in an extension', post(CHUNKED, '3;a\nb\r\nabc\r\n0\r\n\r\n')],
])('%s is a byte that nobody may forward', (_, bytes) => {
  expect(walkRequests(bytes)).toMatchObject({ tail: 'error', error: expect.stringMatching(/./) });
});

test.each([
  ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 'GET', { tail: 'none', messages: [{ status: 200, body: 'ok', complete: true }] }],
  ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokrest', 'GET', { tail: 'rest', end: 40 }],
  ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n', 'HEAD', { tail: 'none', messages: [{ body: '', complete: true }] }],
  ['HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 204 No\r\n\r\n', 'GET', { tail: 'none', messages: [{ status: 103 }, { status: 204 }] }],
  ['HTTP/1.1 200 OK\r\n\r\nall', 'GET', { tail: 'none', messages: [{ body: 'all', complete: true }] }],
  ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok', 'GET', { tail: 'incomplete', messages: [{ complete: false }] }],
  ['HTTP/1.1 20', 'GET', { tail: 'error', messages: [] }],
])('the response %j to %s', (bytes, method, reading) => {
  expect(walkResponse(bytes, method, true)).toMatchObject(reading);
});
