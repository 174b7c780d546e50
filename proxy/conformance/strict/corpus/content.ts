/** Requests whose length is in doubt: RFC 9112 §6, and pipelines of them (§9.3). */
import { passes, refused, refusedBehind, unfinished, type RequestCase } from './case.ts';

const post = (fields: string, body = ''): string => `POST /p HTTP/1.1\r\nHost: a\r\n${fields}\r\n${body}`;
const length = (value: string, body = 'abc'): string => post(`Content-Length:${value}\r\n`, body);
const coding = (value: string, body = '3\r\nabc\r\n0\r\n\r\n'): string => post(`Transfer-Encoding:${value}\r\n`, body);
const GET = 'GET /g HTTP/1.1\r\nHost: a\r\n\r\n';
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

export const LENGTHS: readonly RequestCase[] = [
  passes('§6.3', 'length', length(' 3')),
  passes('§6.3', 'length without a space', length('3')),
  passes('§6.3', 'length between tabs', length('\t3\t')),
  passes('§6.3', 'length zero', length(' 0', '')),
  passes('§6.3', 'length with leading zeros', length(' 003')),
  passes('§6.3', 'GET with content', `GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc`),
  passes('§6.3', 'HEAD with content', `HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc`),
  passes('§6.3', 'POST without content', post('')),
  passes('§6.3', 'HTTP/1.0 with content', 'POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc'),
  passes('§6.3', 'content that looks like a request', length(` ${SMUGGLED.length}`, SMUGGLED)),
  passes('§6.3', 'content of every byte', length(' 256', Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join(''))),
  passes('§6.3', 'content of 100 KiB', length(` ${100 * 1024}`, 'x'.repeat(100 * 1024))),
  ...(
    [
      ['plus', ' +3'], ['minus', ' -3'], ['minus zero', ' -0'], ['plus zero', ' +0'], ['hexadecimal', ' 0x3'], ['hexadecimal without 0x', ' a'],
      ['octal', ' 0o3'], ['binary', ' 0b11'], ['a letter behind', ' 3a'], ['a point', ' 3.0'], ['a point alone', ' .'], ['an exponent', ' 3e0'],
      ['an underscore', ' 0_3'], ['a thousands comma', ' 1,000'], ['a semicolon', ' 3;'], ['quotes', ' "3"'], ['a space inside', ' 3 3'],
      ['a tab inside', ' 3\t3'], ['nothing', ''], ['a blank', ' '], ['a word', ' three'], ['NaN', ' NaN'], ['infinity', ' Infinity'],
      ['a list of equal ones', ' 3, 3'], ['a list of different ones', ' 3, 4'], ['a list with an empty member', ' 3,'], ['a list that begins empty', ' ,3'],
      ['2^53', ' 9007199254740992'], ['2^63', ' 9223372036854775808'], ['2^64 and 3', ' 18446744073709551619'], ['2^32 times 2^64', ` 1${'0'.repeat(29)}`],
      ['a hundred digits', ` ${'9'.repeat(100)}`], ['Arabic digits', ' \xd9\xa3'], ['superscript three', ' \xb3'], ['a no-break space', ' \xa03'],
      ['NUL behind', ' 3\0'], ['vertical tab before', ' \x0b3'], ['a form feed behind', ' 3\x0c'], ['a bare CR behind', ' 3\r'], ['parentheses', ' (3)'], ['an equals sign', '=3'],
    ] as const
  ).map(([name, value]) => refused('§6.3', 400, `length with ${name}`, length(value))),
  refused('§6.3', 400, 'two equal lengths', post('Content-Length: 3\r\nContent-Length: 3\r\n', 'abc')),
  refused('§6.3', 400, 'two different lengths', post('Content-Length: 3\r\nContent-Length: 0\r\n', 'abc')),
  refused('§6.3', 400, 'two lengths in other cases, apart', post('Content-Length: 3\r\nX: y\r\nCONTENT-LENGTH: 3\r\n', 'abc')),
  refused('§6.3', 400, 'two lengths, the second hidden behind a space', post('Content-Length: 3\r\nContent-Length : 30\r\n', 'abc')),
  refused('§6.3', 400, 'two lengths in HTTP/1.0', 'POST / HTTP/1.0\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc'),
  refused('RFC 9110 §7.6.1', 400, 'Connection names Content-Length', post('Connection: Content-Length\r\nContent-Length: 3\r\n', 'abc')),
  unfinished('§8', 'less than its length', length(' 10')),
  unfinished('§8', 'nothing of its length', length(' 10', '')),
];

export const CODINGS: readonly RequestCase[] = [
  passes('§6.1', 'chunked', coding(' chunked')),
  passes('§6.1', 'chunked in upper case', coding(' CHUNKED')),
  passes('§6.1', 'chunked without a space', coding('chunked')),
  passes('§6.1', 'chunked between spaces', coding('  chunked  ')),
  refused('§6.1', 400, 'chunked behind a tab', coding('\tchunked')),
  refused('§6.1', 400, 'chunked before a tab, which Node takes for another coding', coding(' chunked\t')),
  refused('§6.1', 400, 'chunked before a tab beside an upgrade, where Node reads no content', post('Connection: upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\t\r\n', '3\r\nabc\r\n0\r\n\r\n')),
  passes('§6.1', 'field in upper case', post('TRANSFER-ENCODING: chunked\r\n', '0\r\n\r\n')),
  passes('§6.1', 'GET with chunks', 'GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'),
  ...(
    [
      ['identity', ' identity'], ['gzip alone', ' gzip'], ['chunked not last', ' chunked, gzip'], ['chunked twice', ' chunked, chunked'], ['chunked thrice', ' chunked,chunked,chunked'],
      ['a parameter', ' chunked;q=1'], ['a semicolon', ' chunked;'], ['quotes', ' "chunked"'], ['single quotes', " 'chunked'"], ['a comma before', ' ,chunked'], ['a comma behind', ' chunked,'], ['a space inside', ' chun ked'],
      ['xchunked', ' xchunked'], ['chunkedx', ' chunkedx'], ['chunk', ' chunk'], ['x chunked', ' x chunked'], ['chunked x', ' chunked x'], ['nothing', ''],
      ['a blank', ' '], ['a vertical tab before', ' \x0bchunked'], ['a form feed behind', ' chunked\x0c'], ['a no-break space before', ' \xa0chunked'], ['NUL behind', ' chunked\0'],
      ['a colon', ': chunked'], ['a bare CR before', ' \rchunked'], ['a long s', ' chun\xc5\xbfed'], ['a Kelvin sign', ' chun\xe2\x84\xaaed'],
    ] as const
  ).map(([name, value]) => refused('§6.1', 400, `coding: ${name}`, coding(value))),
  refused('§6.1', 501, 'gzip before chunked', coding(' gzip, chunked')),
  refused('§6.1', 501, 'an unknown coding before chunked', coding(' x-y, chunked')),
  refused('§6.1', 400, 'identity before chunked in two fields', post('Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')),
  refused('§6.1', 400, 'chunked in two fields', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')),
  refused('§6.1', 400, 'length behind chunked', post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n')),
  refused('§6.1', 400, 'length before chunked', post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')),
  refused('§6.1', 400, 'length zero and chunked', post(`Content-Length: 0\r\nTransfer-Encoding: chunked\r\n`, `0\r\n\r\n${SMUGGLED}`)),
  refused('§6.1', 400, 'length and an unknown coding', post('Content-Length: 3\r\nTransfer-Encoding: xchunked\r\n', 'abc')),
  refused('§6.1', 400, 'length and chunked in HTTP/1.0', 'POST / HTTP/1.0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
  refused('§6.1', 400, 'chunked in HTTP/1.0', 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
  refused('§5.1', 400, 'chunked with a space before the colon', post('Transfer-Encoding : chunked\r\n', '0\r\n\r\n')),
  refused('§5.1', 400, 'length and chunked with a space before the colon', post('Content-Length: 5\r\nTransfer-Encoding : chunked\r\n', '0\r\n\r\n')),
  refused('§5.2', 400, 'chunked folded', post('Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n')),
  refused('§5.2', 400, 'length and chunked folded', post('Content-Length: 5\r\nTransfer-Encoding:\r\n\tchunked\r\n', '0\r\n\r\n')),
  refused('§5', 400, 'chunked behind a bare CR', post('Content-Length: 5\r\nX: y\rTransfer-Encoding: chunked\r\n', '0\r\n\r\n')),
  refused('§5', 400, 'chunked behind a bare LF', post('Content-Length: 5\r\nX: y\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')),
  refused('RFC 9110 §7.6.1', 400, 'Connection names Transfer-Encoding', post('Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')),
];

export const PIPELINES: readonly RequestCase[] = [
  passes('§9.3', 'two requests', GET + GET, 2),
  passes('§9.3', 'ten requests', GET.repeat(10), 10),
  passes('§9.3', 'a request behind a length', length(' 3') + GET, 2),
  passes('§9.3', 'a request behind chunks', coding(' chunked') + GET, 2),
  passes('§9.3', 'a request behind chunks with trailers', coding(' chunked', '3\r\nabc\r\n0\r\nX: y\r\n\r\n') + GET, 2),
  passes('§9.3', 'an empty line between requests', `${GET}\r\n${GET}`, 2),
  passes('§9.3', 'length zero, then a request', length(' 0', '') + SMUGGLED, 2),
  passes('§9.3', 'GET, HEAD, POST', GET + GET.replace('GET', 'HEAD') + length(' 3'), 3),
  passes('§9.6', 'what stands behind Connection: close is not read', `GET /c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n${SMUGGLED}`),
  passes('§9.6', 'what stands behind HTTP/1.0 is not read', `GET /c HTTP/1.0\r\nHost: a\r\n\r\n${SMUGGLED}`),
  refusedBehind('§9.3', 1, 400, 'rubbish behind a request', `${GET}rubbish\r\n\r\n`),
  refusedBehind('§9.3', 1, 400, 'NUL behind a request', `${GET}\0\0\0`),
  refusedBehind('§9.3', 1, 400, 'more than its length', `${length(' 3')}abc\r\n\r\n`),
  refusedBehind('§9.3', 1, 400, 'a second request without Host', `${GET}GET / HTTP/1.1\r\n\r\n`),
  refusedBehind('§9.3', 1, 400, 'a second request with two lengths', GET + post('Content-Length: 3\r\nContent-Length: 3\r\n', 'abc')),
  refusedBehind('§9.3', 1, 400, 'a second request with length and chunked', GET + post('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')),
  refusedBehind('§9.3', 1, 505, 'a second request of HTTP/2', `${GET}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`),
  refusedBehind('§9.3', 2, 400, 'a third request with a bare LF', `${GET}${GET}GET / HTTP/1.1\nHost: a\n\n`),
  refusedBehind('§9.3', 1, 431, 'a second request with a head too large', `${GET}GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(70 * 1024)}\r\n\r\n`),
  unfinished('§8', 'half a second request', `${GET}GET / HTT`, 1),
  unfinished('§8', 'a second request without all of its content', GET + length(' 10'), 1),
];
