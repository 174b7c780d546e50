import { expect, test } from 'vitest';
import { readEveryWay, readPieces, latin1 } from '../testing.ts';

const HOST = 'Host: a\r\n';
const big = (bytes: number): string => 'a'.repeat(bytes);
const get = (fields: string): string => `GET / HTTP/1.1\r\n${HOST}${fields}\r\n`;
const post = (fields: string, body = ''): string => `POST / HTTP/1.1\r\n${HOST}${fields}\r\n${body}`;
const chunked = (body: string): string => post('Transfer-Encoding: chunked\r\n', body);

/** name, status, payload. Each is one request that no two readers may be able to understand differently. */
const REQUESTS: readonly (readonly [string, number, string])[] = [
  // Request line
  ['empty method', 400, ` / HTTP/1.1\r\n${HOST}\r\n`],
  ['method with a colon', 400, `GE:T / HTTP/1.1\r\n${HOST}\r\n`],
  ['method with a byte above ASCII', 400, `G\xc3T / HTTP/1.1\r\n${HOST}\r\n`],
  ['method with a parenthesis', 400, `G(T / HTTP/1.1\r\n${HOST}\r\n`],
  ['method too long', 400, `${big(33)} / HTTP/1.1\r\n${HOST}\r\n`],
  ['space before the method', 400, ` GET / HTTP/1.1\r\n${HOST}\r\n`],
  ['tab behind the method', 400, `GET\t/ HTTP/1.1\r\n${HOST}\r\n`],
  ['two spaces behind the method', 400, `GET  / HTTP/1.1\r\n${HOST}\r\n`],
  ['two spaces behind the target', 400, `GET /  HTTP/1.1\r\n${HOST}\r\n`],
  ['space in the target', 400, `GET /a b HTTP/1.1\r\n${HOST}\r\n`],
  ['tab in the target', 400, `GET /a\tb HTTP/1.1\r\n${HOST}\r\n`],
  ['NUL in the target', 400, `GET /a\0b HTTP/1.1\r\n${HOST}\r\n`],
  ['DEL in the target', 400, `GET /a\x7fb HTTP/1.1\r\n${HOST}\r\n`],
  ['raw UTF-8 in the target', 400, `GET /\xc3\xa4 HTTP/1.1\r\n${HOST}\r\n`],
  ['fragment in the target', 400, `GET /a#b HTTP/1.1\r\n${HOST}\r\n`],
  ['target without a slash', 400, `GET a HTTP/1.1\r\n${HOST}\r\n`],
  ['query without a path', 400, `GET ?a HTTP/1.1\r\n${HOST}\r\n`],
  ['star for GET', 400, `GET * HTTP/1.1\r\n${HOST}\r\n`],
  ['star with more for OPTIONS', 400, `OPTIONS *a HTTP/1.1\r\n${HOST}\r\n`],
  ['authority-form for GET', 400, `GET a:80 HTTP/1.1\r\n${HOST}\r\n`],
  ['origin-form for CONNECT', 400, `CONNECT / HTTP/1.1\r\n${HOST}\r\n`],
  ['CONNECT without a port', 400, `CONNECT a HTTP/1.1\r\n${HOST}\r\n`],
  ['CONNECT with an empty port', 400, `CONNECT a: HTTP/1.1\r\n${HOST}\r\n`],
  ['CONNECT with a word as port', 400, `CONNECT a:http HTTP/1.1\r\n${HOST}\r\n`],
  ['CONNECT with a port of six digits', 400, `CONNECT a:123456 HTTP/1.1\r\n${HOST}\r\n`],
  ['CONNECT with user information', 400, `CONNECT u@a:80 HTTP/1.1\r\n${HOST}\r\n`],
  ['CONNECT with a length', 400, `CONNECT a:80 HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc`],
  ['CONNECT with a coding', 400, `CONNECT a:80 HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['absolute-form of another scheme', 400, `GET ftp://a/ HTTP/1.1\r\n${HOST}\r\n`],
  ['absolute-form without a host', 400, `GET http:///x HTTP/1.1\r\n${HOST}\r\n`],
  ['absolute-form with user information', 400, `GET http://u@a/ HTTP/1.1\r\n${HOST}\r\n`],
  ['absolute-form for another host than Host', 400, `GET http://b/ HTTP/1.1\r\n${HOST}\r\n`],
  ['absolute-form for another port than Host', 400, `GET http://a:81/ HTTP/1.1\r\n${HOST}\r\n`],
  ['no version (HTTP/0.9)', 400, 'GET /\r\n\r\n'],
  ['empty target', 400, `GET  HTTP/1.1\r\n${HOST}\r\n`],
  ['version in lower case', 400, `GET / http/1.1\r\n${HOST}\r\n`],
  ['version with two digits', 400, `GET / HTTP/1.10\r\n${HOST}\r\n`],
  ['version with a leading zero', 400, `GET / HTTP/01.1\r\n${HOST}\r\n`],
  ['version without a minor', 400, `GET / HTTP/1\r\n${HOST}\r\n`],
  ['version with a sign', 400, `GET / HTTP/+1.1\r\n${HOST}\r\n`],
  ['version with a comma', 400, `GET / HTTP/1,1\r\n${HOST}\r\n`],
  ['version of another protocol', 400, `GET / HTPP/1.1\r\n${HOST}\r\n`],
  ['space behind the version', 400, `GET / HTTP/1.1 \r\n${HOST}\r\n`],
  ['something behind the version', 400, `GET / HTTP/1.1 x\r\n${HOST}\r\n`],
  ['HTTP/2.0', 505, `GET / HTTP/2.0\r\n${HOST}\r\n`],
  ['HTTP/2 preface', 505, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['HTTP/1.2', 505, `GET / HTTP/1.2\r\n${HOST}\r\n`],
  ['HTTP/0.9 spelled out', 505, `GET / HTTP/0.9\r\n${HOST}\r\n`],
  ['HTTP/9.9', 505, `GET / HTTP/9.9\r\n${HOST}\r\n`],
  ['a TLS greeting', 400, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['an SSH greeting', 400, 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
  ['two empty lines before the request', 400, `\r\n\r\nGET / HTTP/1.1\r\n${HOST}\r\n`],
  ['a bare LF before the request', 400, `\nGET / HTTP/1.1\r\n${HOST}\r\n`],
  // Line ends and control characters
  ['request line ends in LF', 400, `GET / HTTP/1.1\n${HOST}\r\n`],
  ['header ends in LF', 400, 'GET / HTTP/1.1\r\nHost: a\n\r\n'],
  ['head ends in LF', 400, 'GET / HTTP/1.1\r\nHost: a\r\n\n'],
  ['only LF', 400, 'GET / HTTP/1.1\nHost: a\n\n'],
  ['bare CR in the request line', 400, `GET /\rHTTP/1.1\r\n${HOST}\r\n`],
  ['bare CR behind the version', 400, `GET / HTTP/1.1\r${HOST}\r\n\r\n`],
  ['bare CR in a value', 400, get('X: a\rb\r\n')],
  ['bare CR in a name', 400, get('X\rY: a\r\n')],
  ['bare CR as a line', 400, get('X: a\r\n\rY: b\r\n')],
  ['CR CR LF', 400, get('X: a\r\r\n')],
  ['LF CR', 400, get('X: a\n\r')],
  ['NUL in a value', 400, get('X: a\0b\r\n')],
  ['NUL in a name', 400, get('X\0: a\r\n')],
  ['vertical tab in a value', 400, get('X: a\x0bb\r\n')],
  ['form feed in a value', 400, get('X: a\x0cb\r\n')],
  ['escape in a value', 400, get('X: \x1b[0m\r\n')],
  ['DEL in a value', 400, get('X: a\x7f\r\n')],
  ['DEL in a name', 400, get('X\x7f: a\r\n')],
  // Field names
  ['no colon', 400, get('Xa\r\n')],
  ['empty name', 400, get(': a\r\n')],
  ['space before the colon', 400, get('X : a\r\n')],
  ['tab before the colon', 400, get('X\t: a\r\n')],
  ['space in a name', 400, get('X Y: a\r\n')],
  ['space before the name', 400, get(' X: a\r\n')],
  ['first header folded', 400, `GET / HTTP/1.1\r\n Host: a\r\n\r\n`],
  ['folded with a space', 400, get('X: a\r\n b\r\n')],
  ['folded with a tab', 400, get('X: a\r\n\tb\r\n')],
  ['folded with nothing', 400, get('X: a\r\n \r\n')],
  ['name with a slash', 400, get('X/Y: a\r\n')],
  ['name with brackets', 400, get('X[]: a\r\n')],
  ['name with an at sign', 400, get('X@: a\r\n')],
  ['name with quotes', 400, get('"X": a\r\n')],
  ['name with a comma', 400, get('X,Y: a\r\n')],
  ['name with a byte above ASCII', 400, get('X\xe4: a\r\n')],
  ['name with an equals sign', 400, get('X=Y: a\r\n')],
  ['too many headers', 431, get('X: a\r\n'.repeat(256))],
  // Host
  ['no Host', 400, 'GET / HTTP/1.1\r\n\r\n'],
  ['two Hosts', 400, get('Host: b\r\n')],
  ['two equal Hosts', 400, get('Host: a\r\n')],
  ['two Hosts in other cases', 400, get('hOST: a\r\n')],
  ['two Hosts in HTTP/1.0', 400, `GET / HTTP/1.0\r\n${HOST}${HOST}\r\n`],
  ['Host with a comma', 400, 'GET / HTTP/1.1\r\nHost: a, b\r\n\r\n'],
  ['Host with a space', 400, 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n'],
  ['Host with a path', 400, 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n'],
  ['Host with user information', 400, 'GET / HTTP/1.1\r\nHost: u@a\r\n\r\n'],
  ['Host with a query', 400, 'GET / HTTP/1.1\r\nHost: a?b\r\n\r\n'],
  ['Host with a backslash', 400, 'GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n'],
  ['Host above ASCII', 400, 'GET / HTTP/1.1\r\nHost: \xe4\r\n\r\n'],
  // Content-Length
  ['two lengths', 400, post('Content-Length: 3\r\nContent-Length: 4\r\n', 'abcd')],
  ['two equal lengths', 400, post('Content-Length: 3\r\nContent-Length: 3\r\n', 'abc')],
  ['two lengths in other cases', 400, post('Content-Length: 3\r\ncONTENT-lENGTH: 3\r\n', 'abc')],
  ['list of lengths', 400, post('Content-Length: 3, 3\r\n', 'abc')],
  ['list of two lengths', 400, post('Content-Length: 3,4\r\n', 'abc')],
  ['length with plus', 400, post('Content-Length: +3\r\n', 'abc')],
  ['length with minus', 400, post('Content-Length: -3\r\n', 'abc')],
  ['minus zero', 400, post('Content-Length: -0\r\n')],
  ['hexadecimal length', 400, post('Content-Length: 0x3\r\n', 'abc')],
  ['length with a letter', 400, post('Content-Length: 3a\r\n', 'abc')],
  ['length with a point', 400, post('Content-Length: 3.0\r\n', 'abc')],
  ['length with an exponent', 400, post('Content-Length: 1e1\r\n', 'abc')],
  ['length with an underscore', 400, post('Content-Length: 1_0\r\n', 'abc')],
  ['length with a space inside', 400, post('Content-Length: 1 0\r\n', 'abc')],
  ['length in quotes', 400, post('Content-Length: "3"\r\n', 'abc')],
  ['length with a semicolon', 400, post('Content-Length: 3;a\r\n', 'abc')],
  ['empty length', 400, post('Content-Length:\r\n', 'abc')],
  ['blank length', 400, post('Content-Length:  \t\r\n', 'abc')],
  ['length above 2^53', 400, post('Content-Length: 9007199254740993\r\n')],
  ['length of 20 digits', 400, post('Content-Length: 18446744073709551617\r\n')],
  ['length of 100 zeros', 400, post(`Content-Length: ${'0'.repeat(100)}\r\n`)],
  ['length in Arabic digits', 400, post('Content-Length: \xd9\xa3\r\n')],
  // Transfer-Encoding
  ['length and coding', 400, post('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
  ['coding and length', 400, post('Transfer-Encoding: chunked\r\nContent-Length: 3\r\n', '0\r\n\r\n')],
  ['coding and length zero', 400, post('Transfer-Encoding: chunked\r\nContent-Length: 0\r\n', '0\r\n\r\n')],
  ['two codings', 400, post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
  ['two different codings', 400, post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', '0\r\n\r\n')],
  ['chunked twice', 400, post('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n')],
  ['identity', 400, post('Transfer-Encoding: identity\r\n')],
  ['gzip alone', 400, post('Transfer-Encoding: gzip\r\n')],
  ['chunked not last', 400, post('Transfer-Encoding: chunked, gzip\r\n', '0\r\n\r\n')],
  ['gzip before chunked', 501, post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n')],
  ['unknown before chunked', 501, post('Transfer-Encoding: x-y,chunked\r\n', '0\r\n\r\n')],
  ['chunked with a parameter', 400, post('Transfer-Encoding: chunked;q=1\r\n', '0\r\n\r\n')],
  ['chunked in quotes', 400, post('Transfer-Encoding: "chunked"\r\n', '0\r\n\r\n')],
  ['chunked with a comma before', 400, post('Transfer-Encoding: ,chunked\r\n', '0\r\n\r\n')],
  ['chunked with a comma behind', 400, post('Transfer-Encoding: chunked,\r\n', '0\r\n\r\n')],
  ['xchunked', 400, post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n')],
  ['chunkedx', 400, post('Transfer-Encoding: chunkedx\r\n', '0\r\n\r\n')],
  ['chunk', 400, post('Transfer-Encoding: chunk\r\n', '0\r\n\r\n')],
  ['coding with a tab before', 400, post('Transfer-Encoding:\tchunked\r\n', '0\r\n\r\n')],
  ['coding with a tab behind', 400, post('Transfer-Encoding: chunked\t\r\n', '0\r\n\r\n')],
  ['empty coding', 400, post('Transfer-Encoding:\r\n', '0\r\n\r\n')],
  ['coding behind a vertical tab', 400, post('Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n')],
  ['coding behind a no-break space', 400, post('Transfer-Encoding: \xa0chunked\r\n', '0\r\n\r\n')],
  ['coding in HTTP/1.0', 400, `POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['space before the colon of the coding', 400, post('Transfer-Encoding : chunked\r\n', '0\r\n\r\n')],
  ['coding folded', 400, post('Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n')],
  // Connection
  ['Connection names Content-Length', 400, post('Connection: content-length\r\nContent-Length: 3\r\n', 'abc')],
  ['Connection names Transfer-Encoding', 400, post('Connection: x, Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
  ['Connection names Host', 400, get('Connection: Host\r\n')],
  ['Connection is no list of names', 400, get('Connection: a b\r\n')],
  ['Connection with quotes', 400, get('Connection: "close"\r\n')],
  // Chunks
  ['chunk size empty', 400, chunked('\r\nabc\r\n0\r\n\r\n')],
  ['chunk size with 0x', 400, chunked('0x3\r\nabc\r\n0\r\n\r\n')],
  ['chunk size with plus', 400, chunked('+3\r\nabc\r\n0\r\n\r\n')],
  ['chunk size with minus', 400, chunked('-3\r\nabc\r\n0\r\n\r\n')],
  ['chunk size with a letter behind f', 400, chunked('3g\r\nabc\r\n0\r\n\r\n')],
  ['chunk size with a space before', 400, chunked(' 3\r\nabc\r\n0\r\n\r\n')],
  ['chunk size with a space behind', 400, chunked('3 \r\nabc\r\n0\r\n\r\n')],
  ['chunk size with a tab behind', 400, chunked('3\t\r\nabc\r\n0\r\n\r\n')],
  ['chunk size with an underscore', 400, chunked('1_0\r\nabc\r\n0\r\n\r\n')],
  ['chunk size with NUL', 400, chunked('3\0\r\nabc\r\n0\r\n\r\n')],
  ['chunk size of 14 digits', 400, chunked('00000000000003\r\nabc\r\n0\r\n\r\n')],
  ['chunk size above 2^64', 400, chunked('10000000000000003\r\nabc\r\n0\r\n\r\n')],
  ['chunk size ends in LF', 400, chunked('3\nabc\r\n0\r\n\r\n')],
  ['chunk size ends in bare CR', 400, chunked('3\rabc\r\n0\r\n\r\n')],
  ['chunk size ends in CR CR LF', 400, chunked('3\r\r\nabc\r\n0\r\n\r\n')],
  ['chunk longer than its size', 400, chunked('3\r\nabcd\r\n0\r\n\r\n')],
  ['chunk ends in LF', 400, chunked('3\r\nabc\n0\r\n\r\n')],
  ['chunk ends in CR', 400, chunked('3\r\nabc\r0\r\n\r\n')],
  ['chunk without a line end', 400, chunked('3\r\nabc0\r\n\r\n')],
  ['last chunk ends in LF', 400, chunked('0\n\r\n')],
  ['body ends in LF', 400, chunked('0\r\n\n')],
  ['extension empty', 400, chunked('3;\r\nabc\r\n0\r\n\r\n')],
  ['extension with a space', 400, chunked('3; a\r\nabc\r\n0\r\n\r\n')],
  ['extension behind a space', 400, chunked('3 ;a\r\nabc\r\n0\r\n\r\n')],
  ['extension ends in LF', 400, chunked('3;a\nabc\r\n0\r\n\r\n')],
  ['extension with a bare CR', 400, chunked('3;a\rb\r\nabc\r\n0\r\n\r\n')],
  ['extension with NUL', 400, chunked('3;a=\0\r\nabc\r\n0\r\n\r\n')],
  ['extension without a value', 400, chunked('3;a=\r\nabc\r\n0\r\n\r\n')],
  ['extension without a name', 400, chunked('3;=a\r\nabc\r\n0\r\n\r\n')],
  ['extension with an open quote', 400, chunked('3;a="b\r\nabc\r\n0\r\n\r\n')],
  ['extension with LF in quotes', 400, chunked('3;a="b\nc"\r\nabc\r\n0\r\n\r\n')],
  ['extension with an escaped LF', 400, chunked('3;a="b\\\nc"\r\nabc\r\n0\r\n\r\n')],
  ['extension with something behind its quotes', 400, chunked('3;a="b"c\r\nabc\r\n0\r\n\r\n')],
  ['extension with two values', 400, chunked('3;a=b=c\r\nabc\r\n0\r\n\r\n')],
  ['extension too long', 400, chunked(`3;${big(257)}\r\nabc\r\n0\r\n\r\n`)],
  ['extensions too long together', 400, chunked(`${`1;${big(200)}\r\nx\r\n`.repeat(90)}0\r\n\r\n`)],
  // Trailers
  ['trailer with a length', 400, chunked('0\r\nContent-Length: 3\r\n\r\n')],
  ['trailer with a coding', 400, chunked('0\r\nTransfer-Encoding: chunked\r\n\r\n')],
  ['trailer with a Host', 400, chunked('0\r\nHost: b\r\n\r\n')],
  ['trailer with Connection', 400, chunked('0\r\nConnection: close\r\n\r\n')],
  ['trailer of the mesh', 400, chunked('0\r\nL5d-Proxy-Error: denied\r\n\r\n')],
  ['trailer without a colon', 400, chunked('0\r\nabc\r\n\r\n')],
  ['trailer folded', 400, chunked('0\r\nX: a\r\n b\r\n\r\n')],
  ['trailer with a space before its colon', 400, chunked('0\r\nX : a\r\n\r\n')],
  ['trailer ends in LF', 400, chunked('0\r\nX: a\n\r\n')],
  ['trailer with NUL', 400, chunked('0\r\nX: \0\r\n\r\n')],
  ['trailer with a bare CR', 400, chunked('0\r\nX: a\rb\r\n\r\n')],
];

test('the table of refused requests has 120 payloads or more, each once', () => {
  expect(new Set(REQUESTS.map(([name]) => name)).size).toBe(REQUESTS.length);
  expect(REQUESTS.length).toBeGreaterThanOrEqual(120);
});

test.each(REQUESTS)('RFC 9112: %s is refused with %i, however the bytes are cut', (_name, status, payload) => {
  const reading = readEveryWayBounded({ kind: 'request', stripMesh: true }, payload);
  expect(reading.error).toMatchObject({ status });
  expect(reading.messages.filter((message) => message.ended)).toHaveLength(0);
  expect(reading.state).toBe('failed');
});

/** Every cut of a payload of kilobytes is millions of bytes: the long ones are cut at some places only. */
function readEveryWayBounded(options: { kind: 'request' | 'response'; stripMesh: boolean }, payload: string): ReturnType<typeof readPieces> {
  if (payload.length <= 600) return readEveryWay(options, payload);
  const bytes = latin1(payload);
  for (const at of [1, 17, 100, payload.length - 3]) {
    expect(readPieces(options, [bytes.subarray(0, at), bytes.subarray(at)]).error).toEqual(readPieces(options, [bytes]).error);
  }
  return readPieces(options, [bytes]);
}

test('RFC 6585 §5: a head above 64 KiB is refused with 431 before its end, whole and byte by byte', () => {
  const endless = latin1(`GET / HTTP/1.1\r\n${HOST}X: ${big(64 * 1024)}`);
  const options = { kind: 'request', stripMesh: true } as const;
  expect(readPieces(options, [endless]).error).toMatchObject({ status: 431 });
  expect(readPieces(options, Array.from(endless, (_, at) => endless.subarray(at, at + 1))).error).toMatchObject({ status: 431 });
});

test('a head of exactly 64 KiB is read, one byte more is refused', () => {
  const fill = (size: number): Uint8Array => latin1(get(`X: ${big(size - get('X: \r\n').length)}\r\n`));
  const options = { kind: 'request', stripMesh: true } as const;
  expect(readPieces(options, [fill(64 * 1024)]).error).toBeNull();
  expect(readPieces(options, [fill(64 * 1024 + 1)]).error).toMatchObject({ status: 431 });
  const split = fill(64 * 1024 + 1);
  expect(readPieces(options, [split.subarray(0, 60_000), split.subarray(60_000)]).error).toMatchObject({ status: 431 });
});

const ok = (fields: string, body = ''): string => `HTTP/1.1 200 OK\r\n${fields}\r\n${body}`;

const RESPONSES: readonly (readonly [string, string])[] = [
  ['no status', 'HTTP/1.1\r\n\r\n'],
  ['status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
  ['status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
  ['status below 100', 'HTTP/1.1 099 No\r\n\r\n'],
  ['status with a sign', 'HTTP/1.1 +20 OK\r\n\r\n'],
  ['two spaces before the status', 'HTTP/1.1  200 OK\r\n\r\n'],
  ['tab before the status', 'HTTP/1.1\t200 OK\r\n\r\n'],
  ['NUL in the reason', 'HTTP/1.1 200 O\0K\r\n\r\n'],
  ['bare CR in the reason', 'HTTP/1.1 200 O\rK\r\n\r\n'],
  ['line ends in LF', 'HTTP/1.1 200 OK\n\n'],
  ['another protocol', 'ICY 200 OK\r\n\r\n'],
  ['HTTP/2.0', 'HTTP/2.0 200 OK\r\n\r\n'],
  ['empty line before the status line', '\r\nHTTP/1.1 200 OK\r\n\r\n'],
  ['length and coding', ok('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
  ['two lengths', ok('Content-Length: 3\r\nContent-Length: 3\r\n', 'abc')],
  ['list of lengths', ok('Content-Length: 3, 3\r\n', 'abc')],
  ['signed length', ok('Content-Length: +3\r\n', 'abc')],
  ['coding in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['gzip before chunked', ok('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n')],
  ['folded header', ok('X: a\r\n b\r\n')],
  ['space before a colon', ok('X : a\r\n')],
  ['bare CR in a value', ok('X: a\rb\r\n')],
  ['bad chunk size', ok('Transfer-Encoding: chunked\r\n', '0x1\r\na\r\n0\r\n\r\n')],
  ['101 that nobody asked for', 'HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n'],
  ['bytes behind a response without a request', `${ok('Content-Length: 0\r\n')}HTTP/1.1 200 OK\r\n\r\n`],
];

test.each(RESPONSES)('RFC 9112: a response with %s is refused, however the bytes are cut', (_name, payload) => {
  expect(readEveryWay({ kind: 'response', stripMesh: true }, payload).error).not.toBeNull();
});
