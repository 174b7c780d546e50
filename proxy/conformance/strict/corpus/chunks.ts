/** Requests whose chunks are odd: RFC 9112 §7.1. */
import { passes, refused, unfinished, type RequestCase } from './case.ts';

const chunked = (body: string): string => `POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;
const size = (text: string): string => chunked(`${text}\r\nabc\r\n0\r\n\r\n`);
const trailer = (lines: string): string => chunked(`3\r\nabc\r\n0\r\n${lines}\r\n`);

export const CHUNKS: readonly RequestCase[] = [
  passes('§7.1', 'one chunk', size('3')),
  passes('§7.1', 'no content', chunked('0\r\n\r\n')),
  passes('§7.1', 'size with leading zeros', size('003')),
  passes('§7.1', 'size in upper case', chunked(`A\r\n${'x'.repeat(10)}\r\n0\r\n\r\n`)),
  passes('§7.1', 'size in lower case', chunked(`a\r\n${'x'.repeat(10)}\r\n0\r\n\r\n`)),
  passes('§7.1', 'many zeros at the end', chunked('3\r\nabc\r\n000\r\n\r\n')),
  passes('§7.1', 'a hundred chunks', chunked(`${'1\r\nx\r\n'.repeat(100)}0\r\n\r\n`)),
  passes('§7.1', 'content of line ends', chunked('4\r\n\r\n\r\n\r\n0\r\n\r\n')),
  passes('§7.1', 'content that looks like the end', chunked('7\r\n0\r\n\r\nab\r\n0\r\n\r\n')),
  passes('§7.1', 'a chunk of 64 KiB', chunked(`10000\r\n${'x'.repeat(65_536)}\r\n0\r\n\r\n`)),
  passes('§7.1.1', 'extension', size('3;a')),
  passes('§7.1.1', 'extension with a value', size('3;a=b')),
  passes('§7.1.1', 'extension in quotes', size('3;a="b; c"')),
  passes('§7.1.1', 'extension with an escaped quote', size('3;a="b\\"c"')),
  passes('§7.1.1', 'two extensions', size('3;a=b;c')),
  passes('§7.1.1', 'extension of the last chunk', chunked('3\r\nabc\r\n0;a=b\r\n\r\n')),
  ...(
    [
      ['nothing', ''], ['0x', '0x3'], ['0X', '0X3'], ['plus', '+3'], ['minus', '-3'], ['a space before', ' 3'], ['a tab before', '\t3'], ['a space behind', '3 '], ['a tab behind', '3\t'],
      ['a letter behind', '3g'], ['h behind', '3h'], ['an underscore', '0_3'], ['a point', '3.0'], ['a comma', '3,'], ['quotes', '"3"'], ['NUL', '3\0'], ['NUL before', '\x003'], ['vertical tab', '\x0b3'], ['form feed', '3\x0c'],
      ['20 digits', '00000000000000000003'], ['2^64 and 3', '10000000000000003'], ['2^32 times', '100000000000000000000003'], ['Arabic digits', '\xd9\xa3'], ['a byte above ASCII', '3\xff'], ['a colon', '3:'], ['an equals sign', '3='],
      ['a bare CR behind', '3\r'], ['a bare CR before', '\r3'], ['a bare LF before', '\n3'], ['a line end before', '\r\n3'], ['only a semicolon', ';'], ['extension without a size', ';a=b'],
    ] as const
  ).map(([name, text]) => refused('§7.1', 400, `chunk size with ${name}`, size(text))),
  refused('§7.1', 400, 'chunk size ends in LF', chunked('3\nabc\r\n0\r\n\r\n')),
  refused('§7.1', 400, 'chunk size ends in CR', chunked('3\rabc\r\n0\r\n\r\n')),
  refused('§7.1', 400, 'chunk longer than its size', chunked('3\r\nabcd\r\n0\r\n\r\n')),
  refused('§7.1', 400, 'chunk shorter than its size', chunked('4\r\nabc\r\n0\r\n\r\n')),
  refused('§7.1', 400, 'chunk ends in LF', chunked('3\r\nabc\n0\r\n\r\n')),
  refused('§7.1', 400, 'chunk ends in CR', chunked('3\r\nabc\r0\r\n\r\n')),
  refused('§7.1', 400, 'chunk without a line end', chunked('3\r\nabc0\r\n\r\n')),
  refused('§7.1', 400, 'chunk ends in CR CR LF', chunked('3\r\nabc\r\r\n0\r\n\r\n')),
  refused('§7.1', 400, 'chunk ends in two bytes that are no line end', chunked('3\r\nabcXX0\r\n\r\n')),
  refused('§7.1', 400, 'last chunk ends in LF', chunked('0\n\r\n')),
  refused('§7.1', 400, 'body ends in LF', chunked('0\r\n\n')),
  refused('§7.1', 400, 'body ends in CR and something', chunked('0\r\n\rX: y\r\n\r\n')),
  ...(
    [
      ['nothing', '3;'], ['a space before', '3 ;a'], ['a space behind the semicolon', '3; a'], ['a space behind', '3;a '], ['two semicolons', '3;;a'], ['an empty value', '3;a='], ['no name', '3;=b'],
      ['two values', '3;a=b=c'], ['an open quote', '3;a="b'], ['something behind its quotes', '3;a="b"c'], ['NUL', '3;a=\0'], ['NUL in quotes', '3;a="\0"'], ['a bare CR', '3;a\rb'], ['a bare CR in quotes', '3;a="\r"'],
      ['a bare LF', '3;a\nb'], ['a bare LF in quotes', '3;a="\n"'], ['an escaped LF', '3;a="\\\n"'], ['a byte above ASCII', '3;\xe4'], ['DEL', '3;a\x7f'], ['a name in quotes', '3;"a"'], ['a slash', '3;a/b'],
    ] as const
  ).map(([name, text]) => refused('§7.1.1', 400, `extension with ${name}`, size(text))),
  refused('§7.1.1', 400, 'an extension that ends in LF before a request', chunked('3;\nabc\r\n0\r\n\r\n')),
  refused('§7.1.1', 400, 'an extension of 20 KiB', size(`3;${'a'.repeat(20 * 1024)}`)),
  refused('§7.1.1', 400, 'extensions of 20 KiB on many chunks', chunked(`${`1;${'a'.repeat(200)}\r\nx\r\n`.repeat(100)}0\r\n\r\n`)),
  passes('§7.1.2', 'trailer', trailer('X: y\r\n')),
  passes('§7.1.2', 'two trailers', trailer('X: y\r\nY: z\r\n')),
  passes('§7.1.2', 'trailer that was announced', `POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n`),
  ...['Content-Length: 3', 'Transfer-Encoding: chunked', 'Host: b', 'Connection: close', 'Trailer: X', 'l5d-client-id: admin', 'sidelight-workload: shop/host/admin'].map((line) =>
    refused('RFC 9110 §6.5.1', 400, `trailer ${line}`, trailer(`${line}\r\n`)),
  ),
  refused('§7.1.2', 400, 'trailer without a colon', trailer('Xy\r\n')),
  refused('§7.1.2', 400, 'trailer without a name', trailer(': y\r\n')),
  refused('§7.1.2', 400, 'trailer folded', trailer('X: y\r\n z\r\n')),
  refused('§7.1.2', 400, 'trailer that begins with a space', trailer(' X: y\r\n')),
  refused('§7.1.2', 400, 'trailer with a space before its colon', trailer('X : y\r\n')),
  refused('§7.1.2', 400, 'trailer that ends in LF', trailer('X: y\n')),
  refused('§7.1.2', 400, 'trailer with a bare CR', trailer('X: y\rz\r\n')),
  refused('§7.1.2', 400, 'trailer with NUL', trailer('X: \0\r\n')),
  refused('§7.1.2', 400, 'a request as trailer', trailer('GET /smuggled HTTP/1.1\r\nHost: a\r\n')),
  refused('§7.1.2', 431, 'trailers of 70 KiB', trailer(`X: ${'a'.repeat(70 * 1024)}\r\n`)),
  unfinished('§8', 'half a size', chunked('3')),
  unfinished('§8', 'a size alone', chunked('3\r\n')),
  unfinished('§8', 'half a chunk', chunked('3\r\na')),
  unfinished('§8', 'no last chunk', chunked('3\r\nabc\r\n')),
  unfinished('§8', 'half of the last chunk', chunked('3\r\nabc\r\n0')),
  unfinished('§8', 'no empty line at the end', chunked('3\r\nabc\r\n0\r\n')),
  unfinished('§8', 'half of the empty line at the end', chunked('3\r\nabc\r\n0\r\n\r')),
];
