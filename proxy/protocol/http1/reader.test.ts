import { expect, test } from 'vitest';
import { latin1, readEveryWay, readPieces } from '../testing.ts';

const REQUEST = { kind: 'request', stripMesh: true } as const;
const RESPONSE = { kind: 'response', stripMesh: true } as const;

interface Case {
  readonly title: string;
  readonly input: string;
  readonly framing: string;
  readonly head?: string;
  readonly data?: string;
  readonly raw?: string;
  readonly trailers?: string;
  readonly persistent?: boolean;
  readonly rest?: string;
}

const get = (fields = ''): string => `GET /a HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const post = (fields: string, body: string): string => `POST /a HTTP/1.1\r\nHost: a\r\n${fields}\r\n${body}`;
const chunks = (body: string): string => post('Transfer-Encoding: chunked\r\n', body);

const REQUESTS: readonly Case[] = [
  { title: '§2.1: a request without a body', input: get(), framing: 'none', head: get(), persistent: true },
  { title: '§2.2: one empty line before a request is skipped', input: `\r\n${get()}`, framing: 'none', head: get() },
  { title: '§3.2.2: absolute-form that agrees with Host', input: 'GET http://a:80/x?y HTTP/1.1\r\nHost: A:80\r\n\r\n', framing: 'none' },
  { title: '§3.2.4: OPTIONS *', input: 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', framing: 'none' },
  { title: '§3.2.3: CONNECT', input: 'CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n', framing: 'none' },
  { title: '§3.2: an empty Host', input: 'GET / HTTP/1.1\r\nHost:\r\n\r\n', framing: 'none' },
  { title: 'RFC 9110 §5.5: bytes above ASCII and tabs in a value', input: get('X: \xe4\t\xff \r\n'), framing: 'none', head: get('X: \xe4\t\xff \r\n') },
  { title: 'RFC 9110 §9.1: a method that nobody registered', input: 'M-SEARCH /a HTTP/1.1\r\nHost: a\r\n\r\n', framing: 'none' },
  { title: '§6.2: a length of zero', input: post('Content-Length: 0\r\n', ''), framing: 'none' },
  { title: '§6.2: a length', input: post('Content-Length: 5\r\n', 'hello'), framing: 'length', data: 'hello', raw: 'hello' },
  { title: '§6.2: a length with leading zeros', input: post('Content-Length: 0005\r\n', 'hello'), framing: 'length', data: 'hello' },
  { title: '§6.2: a length for GET', input: 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi', framing: 'length', data: 'hi' },
  { title: 'RFC 9110 §10.1.1: what HTTP/1.0 expects goes no further', input: 'POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi', framing: 'length', head: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n', data: 'hi' },
  { title: '§7.1: chunks', input: chunks('5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n'), framing: 'chunked', data: 'hello world', raw: '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n' },
  { title: '§7.1: sizes in both cases and with zeros', input: chunks('00a\r\n0123456789\r\nA\r\n0123456789\r\n000\r\n\r\n'), framing: 'chunked', data: '01234567890123456789' },
  { title: '§7.1: chunks that hold line ends', input: chunks('4\r\n\r\n\r\n\r\n0\r\n\r\n'), framing: 'chunked', data: '\r\n\r\n' },
  { title: '§7.1: no chunk but the last', input: chunks('0\r\n\r\n'), framing: 'chunked', data: '', raw: '0\r\n\r\n' },
  { title: '§7.1.1: extensions are copied', input: chunks('1;a;b=c;d="e;\\"f"\r\nx\r\n0;z\r\n\r\n'), framing: 'chunked', data: 'x', raw: '1;a;b=c;d="e;\\"f"\r\nx\r\n0;z\r\n\r\n' },
  { title: '§7.1.2: trailers', input: chunks('1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\n'), framing: 'chunked', data: 'x', trailers: 'A: b\r\nC:\r\n\r\n', raw: '1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\n' },
  { title: '§7: chunked in capitals', input: post('TRANSFER-ENCODING: CHUNKED \r\n', '0\r\n\r\n'), framing: 'chunked' },
  { title: '§9.3: Connection: close', input: get('Connection: close\r\n'), framing: 'none', head: get(), persistent: false },
  { title: '§9.3: close in a list, in capitals', input: get('CONNECTION: keep-alive , CLOSE\r\n'), framing: 'none', head: get(), persistent: false },
  { title: '§9.3: HTTP/1.0 closes', input: 'GET / HTTP/1.0\r\nHost: a\r\n\r\n', framing: 'none', head: 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', persistent: false },
  { title: '§9.3: HTTP/1.0 without Host stays HTTP/1.0', input: 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', framing: 'none', head: 'GET / HTTP/1.0\r\n\r\n', persistent: false },
  { title: 'RFC 9110 §7.6.1: fields for one hop are left out', input: get('A: 1\r\nKeep-Alive: timeout=5\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\nProxy-Connection: x\r\nx-hop: 2\r\nB: 2\r\n'), framing: 'none', head: get('A: 1\r\nB: 2\r\n') },
  { title: 'RFC 9110 §7.8: Upgrade without Connection is left out', input: get('Upgrade: h2c\r\nA: 1\r\n'), framing: 'none', head: get('A: 1\r\n') },
  { title: 'RFC 9110 §7.8: an upgrade keeps its Upgrade', input: get('A: 1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nB: 2\r\n'), framing: 'none', head: get('A: 1\r\nUpgrade: websocket\r\nB: 2\r\n') },
  { title: 'RFC 9110 §7.8: an upgrade that names other fields as well', input: get('X-Hop: 1\r\nUpgrade: websocket\r\nConnection: X-Hop, Upgrade\r\nB: 2\r\n'), framing: 'none', head: get('Upgrade: websocket\r\nB: 2\r\n') },
  { title: 'fields of the mesh are left out', input: get('L5d-Dst-Override: x\r\nSidelight-Workload: y\r\nlast: 1\r\nSideways: 2\r\n'), framing: 'none', head: get('last: 1\r\nSideways: 2\r\n') },
  { title: '§9.3.2: the next request is left to the caller', input: `${get()}${get()}`, framing: 'none' },
];

test.each(REQUESTS)('RFC 9112 $title', ({ input, framing, head, data, raw, trailers, persistent }) => {
  const reading = readEveryWay(REQUEST, input);
  expect(reading.error).toBeNull();
  const [first] = reading.messages;
  expect(first).toMatchObject({ framing, ended: true });
  if (head !== undefined) expect(first?.head).toBe(head);
  if (data !== undefined) expect(first?.data).toBe(data);
  if (raw !== undefined) expect(first?.raw).toBe(raw);
  if (trailers !== undefined) expect(first?.trailers).toBe(trailers);
  if (persistent !== undefined) expect(first?.persistent).toBe(persistent);
});

test('RFC 9112 §9.3.2: pipelined requests are read one after another, each body to its own', () => {
  const reading = readEveryWay(REQUEST, `${post('Content-Length: 3\r\n', 'abc')}${chunks('2\r\nde\r\n0\r\n\r\n')}${get()}`);
  expect(reading.messages.map(({ data, ended }) => [data, ended])).toEqual([['abc', true], ['de', true], ['', true]]);
});

test('RFC 9112 §9.3.2: an error in the second of two pipelined requests leaves the first whole', () => {
  const reading = readEveryWay(REQUEST, `${post('Content-Length: 3\r\n', 'abc')}${get('X : y\r\n')}`);
  expect(reading.messages).toHaveLength(1);
  expect(reading.messages[0]).toMatchObject({ data: 'abc', ended: true });
  expect(reading.error).toMatchObject({ status: 400 });
});

test('fields of the mesh are kept from a peer inside the mesh', () => {
  const input = get('l5d-dst-canonical: x\r\n');
  expect(readEveryWay({ kind: 'request', stripMesh: false }, input).messages[0]?.head).toBe(input);
});

const response = (status: string, fields = '', body = ''): string => `HTTP/1.1 ${status}\r\n${fields}\r\n${body}`;

interface ResponseCase extends Case {
  readonly method?: 'GET' | 'HEAD' | 'CONNECT';
  readonly upgrade?: boolean;
  readonly eof?: boolean;
  readonly ended?: boolean;
}

const RESPONSES: readonly ResponseCase[] = [
  { title: '§6.3 step 1: the answer to HEAD has no body, whatever its length', method: 'HEAD', input: response('200 OK', 'Content-Length: 5\r\n'), framing: 'none' },
  { title: '§6.3 step 1: the answer to HEAD may say chunked', method: 'HEAD', input: response('200 OK', 'Transfer-Encoding: chunked\r\n'), framing: 'none', head: response('200 OK', 'Transfer-Encoding: chunked\r\n') },
  { title: '§6.3 step 1: 204 has no body, and no length on the way out', input: response('204 No Content', 'Content-Length: 5\r\nA: b\r\n'), framing: 'none', head: response('204 No Content', 'A: b\r\n') },
  { title: '§6.3 step 1: 304 has no body and keeps its length', input: response('304 Not Modified', 'Content-Length: 5\r\n'), framing: 'none', head: response('304 Not Modified', 'Content-Length: 5\r\n') },
  { title: '§6.3 step 2: 200 to CONNECT is a tunnel', method: 'CONNECT', input: response('200 OK', '', 'raw'), framing: 'tunnel', rest: 'raw', ended: false },
  { title: '§6.3 step 2: 403 to CONNECT has a body', method: 'CONNECT', input: response('403 No', 'Content-Length: 2\r\n', 'no'), framing: 'length', data: 'no' },
  { title: 'RFC 9110 §15.2.2: 101 is a tunnel', upgrade: true, input: response('101 Switching', 'Upgrade: x\r\nConnection: upgrade\r\n', 'raw'), framing: 'tunnel', head: response('101 Switching', 'Upgrade: x\r\n'), rest: 'raw', ended: false },
  { title: '§6.3 step 4: chunks', input: response('200 OK', 'Transfer-Encoding: chunked\r\n', '2\r\nhi\r\n0\r\n\r\n'), framing: 'chunked', data: 'hi' },
  { title: '§6.3 step 6: a length', input: response('200 OK', 'Content-Length: 2\r\n', 'hi'), framing: 'length', data: 'hi' },
  { title: '§6.3 step 8: everything until the end', eof: true, input: response('200 OK', '', 'hi'), framing: 'until-close', data: 'hi', persistent: true },
  { title: '§4: no reason', input: response('200 ', 'Content-Length: 0\r\n'), framing: 'none' },
  { title: '§4: not even the space before it', input: response('200', 'Content-Length: 0\r\n'), framing: 'none' },
  { title: '§4: a status that nobody registered', input: response('799 Odd', 'Content-Length: 0\r\n'), framing: 'none' },
  { title: '§9.3: HTTP/1.0 becomes HTTP/1.1 and closes', eof: true, input: 'HTTP/1.0 200 OK\r\nA: b\r\n\r\nhi', framing: 'until-close', head: 'HTTP/1.1 200 OK\r\nA: b\r\n\r\n', data: 'hi', persistent: false },
  { title: 'RFC 9110 §15.5.22: 426 keeps its Upgrade', input: response('426 Upgrade Required', 'Upgrade: x\r\nConnection: upgrade\r\nContent-Length: 0\r\n'), framing: 'none', head: response('426 Upgrade Required', 'Upgrade: x\r\nContent-Length: 0\r\n') },
  { title: 'fields of the mesh from an app are left out', input: response('200 OK', 'l5d-proxy-error: denied\r\nContent-Length: 0\r\n'), framing: 'none', head: response('200 OK', 'Content-Length: 0\r\n') },
];

test.each(RESPONSES)('RFC 9112 $title', ({ input, method, upgrade, eof, framing, head, data, persistent, rest, ended }) => {
  const reading = readEveryWay({ ...RESPONSE, answers: [{ method: method ?? 'GET', upgrade: upgrade ?? false }], eof: eof ?? false }, input);
  expect(reading.error).toBeNull();
  expect(reading.messages).toHaveLength(1);
  expect(reading.messages[0]).toMatchObject({ framing, ended: ended ?? true });
  if (head !== undefined) expect(reading.messages[0]?.head).toBe(head);
  if (data !== undefined) expect(reading.messages[0]?.data).toBe(data);
  if (persistent !== undefined) expect(reading.messages[0]?.persistent).toBe(persistent);
  expect(reading.rest).toBe(rest ?? '');
});

test('RFC 9110 §15.2: interim responses come before the final one and end nothing', () => {
  const input = `${response('100 Continue')}${response('103 Early Hints', 'Link: </a>\r\n')}${response('200 OK', 'Content-Length: 2\r\n', 'hi')}`;
  const reading = readEveryWay(RESPONSE, input);
  expect(reading.error).toBeNull();
  expect(reading.messages.map(({ head, ended }) => [head.slice(9, 12), ended])).toEqual([['100', false], ['103', false], ['200', true]]);
});

test.each([
  ['a head', 'HTTP/1.1 200 OK\r\nContent-Le'],
  ['a body of known length', response('200 OK', 'Content-Length: 5\r\n', 'hell')],
  ['a chunk', response('200 OK', 'Transfer-Encoding: chunked\r\n', '5\r\nhel')],
  ['the line behind the last chunk', response('200 OK', 'Transfer-Encoding: chunked\r\n', '0\r\n')],
])('RFC 9112 §8: a connection that ends inside %s is an incomplete message', (_where, input) => {
  const reading = readEveryWay({ ...RESPONSE, eof: true }, input);
  expect(reading.error?.message).toMatch(/ended inside/);
});

test('the end of the connection between messages is no error', () => {
  expect(readPieces({ ...REQUEST, eof: true }, [latin1(get())])).toMatchObject({ error: null, state: 'closed' });
});
