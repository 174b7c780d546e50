/** What an app may answer that two readers could understand differently: RFC 9112 §4, §5, §6, §7, RFC 9110 §15. */
import { response, type ResponseCase } from './case.ts';

const REFUSED = { kind: 'refused' } as const;
const CUT = { kind: 'cut' } as const;
const passes = (status: number) => ({ kind: 'passes', status }) as const;
const ok = (fields: string, body = ''): string => `HTTP/1.1 200 OK\r\n${fields}\r\n${body}`;
const length = (value: string, body = 'abc'): string => ok(`Content-Length:${value}\r\n`, body);
const chunked = (body: string): string => ok('Transfer-Encoding: chunked\r\n', body);
const line = (first: string): string => `${first}\r\nContent-Length: 2\r\n\r\nok`;
const SECOND = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled';

export const RESPONSES: readonly ResponseCase[] = [
  response('§4', 'plain', passes(200), line('HTTP/1.1 200 OK')),
  response('§4', 'no reason', passes(200), line('HTTP/1.1 200 ')),
  response('§4', 'no reason and no space', passes(200), line('HTTP/1.1 200')),
  response('§4', 'reason with obs-text and tabs', passes(200), line('HTTP/1.1 200 \xe4\t!')),
  response('§4', 'unknown status', passes(299), line('HTTP/1.1 299 Odd')),
  response('§4', 'status 599', passes(599), line('HTTP/1.1 599 Odd')),
  response('§4', 'HTTP/1.0', passes(200), line('HTTP/1.0 200 OK')),
  ...(
    [
      ['no version', '200 OK'], ['HTTP/2', 'HTTP/2 200 OK'], ['HTTP/2.0', 'HTTP/2.0 200 OK'], ['HTTP/1.10', 'HTTP/1.10 200 OK'], ['lower case', 'http/1.1 200 OK'], ['ICY', 'ICY 200 OK'], ['no status', 'HTTP/1.1'], ['a blank status', 'HTTP/1.1 '],
      ['a word as status', 'HTTP/1.1 OK'], ['two digits', 'HTTP/1.1 20 OK'], ['four digits', 'HTTP/1.1 2000 OK'], ['a status below 100', 'HTTP/1.1 099 OK'], ['status 000', 'HTTP/1.1 000 OK'], ['plus', 'HTTP/1.1 +20 OK'],
      ['hexadecimal', 'HTTP/1.1 0xC8 OK'], ['two spaces', 'HTTP/1.1  200 OK'], ['a tab', 'HTTP/1.1\t200 OK'], ['NUL in the reason', 'HTTP/1.1 200 O\0K'], ['a bare CR in the reason', 'HTTP/1.1 200 O\rK'], ['DEL in the reason', 'HTTP/1.1 200 O\x7fK'],
      ['a space before', ' HTTP/1.1 200 OK'], ['a tab behind the status', 'HTTP/1.1 200\tOK'], ['a request line', 'GET / HTTP/1.1'],
    ] as const
  ).map(([name, first]) => response('§4', `status line with ${name}`, REFUSED, line(first))),
  response('§2.2', 'rubbish', REFUSED, 'rubbish\r\n\r\n'),
  response('§2.2', 'empty line before', REFUSED, `\r\n${line('HTTP/1.1 200 OK')}`),
  response('§2.2', 'lines end in LF', REFUSED, 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'),
  response('§2.2', 'status line ends in LF', REFUSED, 'HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok'),
  response('§2.2', 'head ends in LF', REFUSED, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nok'),
  response('§8', 'nothing', REFUSED, ''),
  response('§8', 'half a status line', REFUSED, 'HTTP/1.1 20'),
  response('§8', 'half a head', REFUSED, 'HTTP/1.1 200 OK\r\nContent-Le'),
  response('§5', 'obs-text in a value', passes(200), ok('Content-Length: 2\r\nX: \xe4\xff\r\n', 'ok')),
  response('§5', 'the same name twice', passes(200), ok('Content-Length: 2\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n', 'ok')),
  response('§5', 'empty value', passes(200), ok('Content-Length: 2\r\nX:\r\n', 'ok')),
  ...(
    [
      ['space before the colon', 'X : a'], ['no colon', 'Xa'], ['no name', ': a'], ['space before the name', ' X: a'], ['folded', 'X: a\r\n b'], ['NUL in a value', 'X: a\0b'], ['bare CR in a value', 'X: a\rb'], ['DEL in a value', 'X: \x7f'],
      ['bare LF behind a value', 'X: a\nY: b'], ['vertical tab in a name', 'X\x0b: a'], ['a byte above ASCII in a name', 'X\xe4: a'], ['brackets in a name', 'X[]: a'],
    ] as const
  ).map(([name, field]) => response('§5', `field with ${name}`, REFUSED, ok(`Content-Length: 2\r\n${field}\r\n`, 'ok'))),
  response('§5', 'a head of 70 KiB', REFUSED, ok(`X: ${'a'.repeat(70 * 1024)}\r\nContent-Length: 2\r\n`, 'ok')),
  response('§5', 'three hundred fields', REFUSED, ok(`${'X: a\r\n'.repeat(300)}Content-Length: 2\r\n`, 'ok')),
  ...(
    [
      ['plus', ' +3'], ['minus', ' -3'], ['hexadecimal', ' 0x3'], ['a letter', ' 3a'], ['a list', ' 3, 3'], ['a list of two', ' 3, 4'], ['nothing', ''], ['a point', ' 3.0'], ['a space inside', ' 3 3'], ['2^64 and 3', ' 18446744073709551619'], ['quotes', ' "3"'], ['NUL', ' 3\0'],
      ['an underscore', ' 0_3'], ['an exponent', ' 3e0'], ['a semicolon', ' 3;'],
    ] as const
  ).map(([name, value]) => response('§6.3', `length with ${name}`, REFUSED, length(value))),
  response('§6.3', 'two equal lengths', REFUSED, ok('Content-Length: 3\r\nContent-Length: 3\r\n', 'abc')),
  response('§6.3', 'two different lengths', REFUSED, ok('Content-Length: 3\r\nContent-Length: 2\r\n', 'abc')),
  response('§6.3', 'length and chunked', REFUSED, ok('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')),
  response('§6.1', 'chunked in HTTP/1.0', REFUSED, 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
  response('§6.1', 'gzip before chunked', REFUSED, ok('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n')),
  response('§6.1', 'chunked twice', REFUSED, ok('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n')),
  response('§6.1', 'two codings', REFUSED, ok('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')),
  response('§6.1', 'unknown coding', REFUSED, ok('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n')),
  response('§6.1', 'chunked with a vertical tab', REFUSED, ok('Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n')),
  response('§6.1', 'space before the colon of the coding', REFUSED, ok('Transfer-Encoding : chunked\r\n', '0\r\n\r\n')),
  response('§6.3', 'length', passes(200), length(' 3')),
  response('§6.3', 'length zero', passes(200), length(' 0', '')),
  response('§6.3', 'until the connection ends', passes(200), ok('X: y\r\n', 'abc')),
  response('§6.3', 'until the connection ends, with nothing', passes(200), ok('X: y\r\n')),
  response('§6.3', 'HTTP/1.0 until the connection ends', passes(200), 'HTTP/1.0 200 OK\r\n\r\nabc'),
  response('§6.3', 'HEAD with a length', passes(200), length(' 3', ''), 'HEAD'),
  response('§6.3', 'HEAD with chunked', passes(200), chunked(''), 'HEAD'),
  response('RFC 9110 §15.3.5', '204', passes(204), 'HTTP/1.1 204 No Content\r\n\r\n'),
  response('RFC 9110 §15.4.5', '304 with a length', passes(304), 'HTTP/1.1 304 Not Modified\r\nContent-Length: 300\r\n\r\n'),
  response('RFC 9110 §15.2', '100, then 200', passes(200), `HTTP/1.1 100 Continue\r\n\r\n${line('HTTP/1.1 200 OK')}`),
  response('RFC 9110 §15.2', '103, then 200', passes(200), `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${line('HTTP/1.1 200 OK')}`),
  response('RFC 9110 §15.2', '103 with a bad field, then 200', REFUSED, `HTTP/1.1 103 Early Hints\r\nLink : a\r\n\r\n${line('HTTP/1.1 200 OK')}`),
  response('RFC 9110 §15.2.2', '101 that nobody asked for', REFUSED, 'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nraw'),
  response('RFC 9110 §15.2.2', '101 without Upgrade', REFUSED, 'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\n\r\nraw', 'UPGRADE'),
  response('RFC 9110 §15.2.2', '101 that was asked for', passes(101), 'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nraw', 'UPGRADE'),
  response('RFC 9110 §15.2.2', '200 to an upgrade', passes(200), line('HTTP/1.1 200 OK'), 'UPGRADE'),
  response('§8', 'less than its length', CUT, length(' 10')),
  response('§8', 'no last chunk', CUT, chunked('3\r\nabc\r\n')),
  response('§8', 'half a chunk', CUT, chunked('3\r\na')),
  response('§8', 'no empty line at the end', CUT, chunked('3\r\nabc\r\n0\r\n')),
  response('§7.1', 'chunks', passes(200), chunked('3\r\nabc\r\n0\r\n\r\n')),
  response('§7.1', 'chunks with an extension', passes(200), chunked('3;a=b\r\nabc\r\n0\r\n\r\n')),
  response('§7.1.2', 'trailer', passes(200), chunked('3\r\nabc\r\n0\r\nX: y\r\n\r\n')),
  ...(
    [
      ['0x', '0x3\r\nabc\r\n0\r\n\r\n'], ['plus', '+3\r\nabc\r\n0\r\n\r\n'], ['minus', '-3\r\nabc\r\n0\r\n\r\n'], ['a space before', ' 3\r\nabc\r\n0\r\n\r\n'], ['nothing', '\r\nabc\r\n0\r\n\r\n'], ['a letter', '3g\r\nabc\r\n0\r\n\r\n'], ['LF', '3\nabc\r\n0\r\n\r\n'],
      ['2^64 and 3', '10000000000000003\r\nabc\r\n0\r\n\r\n'], ['a longer chunk', '3\r\nabcd\r\n0\r\n\r\n'], ['a chunk that ends in LF', '3\r\nabc\n0\r\n\r\n'], ['an extension with a bare LF', '3;a\nb\r\nabc\r\n0\r\n\r\n'], ['an end in LF', '3\r\nabc\r\n0\r\n\n'],
      ['a trailer of a length', '3\r\nabc\r\n0\r\nContent-Length: 3\r\n\r\n'], ['a folded trailer', '3\r\nabc\r\n0\r\nX: a\r\n b\r\n\r\n'], ['NUL in a trailer', '3\r\nabc\r\n0\r\nX: \0\r\n\r\n'],
    ] as const
  ).map(([name, body]) => response('§7.1', `chunks with ${name}`, CUT, chunked(body))),
  response('§9.2', 'a second response behind the first goes to nobody', passes(200), length(' 3') + SECOND),
  response('§9.2', 'rubbish behind the response goes to nobody', passes(200), `${length(' 3')}rubbish`),
  response('§9.2', 'a response behind a 204 goes to nobody', passes(204), `HTTP/1.1 204 No Content\r\n\r\n${SECOND}`),
  response('§9.2', 'content behind a 204 goes to nobody', passes(204), 'HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc'),
  response('§9.2', 'content behind a 304 goes to nobody', passes(304), 'HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\nabc'),
  response('§9.2', 'content of an answer to HEAD goes to nobody', passes(200), length(' 3'), 'HEAD'),
  response('§9.2', 'a response behind the last chunk goes to nobody', passes(200), chunked(`0\r\n\r\n${SECOND}`)),
  response('mesh', 'fields of the mesh from the app go no further', passes(200), ok('Content-Length: 2\r\nl5d-proxy-error: denied\r\nsidelight-mesh: 1\r\n', 'ok')),
  response('RFC 9110 §7.6.1', 'Connection names a field, which goes no further', passes(200), ok('Content-Length: 2\r\nConnection: X-Hop\r\nX-Hop: a\r\n', 'ok')),
  response('RFC 9110 §7.6.1', 'Connection names Content-Length', REFUSED, ok('Connection: Content-Length\r\nContent-Length: 2\r\n', 'ok')),
  response('RFC 9110 §7.6.1', 'Connection: close', passes(200), ok('Content-Length: 2\r\nConnection: close\r\n', 'ok')),
];
