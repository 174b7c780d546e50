import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SNIFF_BYTES_MAX, sniff } from './sniff.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const kind = (text: string): string => sniff(bytes(text), 0, text.length).kind;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

test.each([
  ['GET / HTTP/1.1\r\n', 'http1'],
  ['POST /a?b=c%20d HTTP/1.0\r\nhost: a\r\n\r\n', 'http1'],
  ['OPTIONS * HTTP/1.1\r\n', 'http1'],
  ['CONNECT a:80 HTTP/1.1\r\n', 'http1'],
  ['M-SEARCH http://a/ HTTP/1.1\n', 'http1'],
  ['\r\n\r\nGET / HTTP/1.1\r\n', 'http1'],
  [PREFACE, 'http2'],
  [`${PREFACE}\0\0\0\x04\0\0\0\0\0`, 'http2'],
  ['SSH-2.0-OpenSSH_9.2\r\n', 'opaque'],
  ['EHLO mail.example.org\r\n', 'opaque'],
  ['*1\r\n$4\r\nPING\r\n', 'opaque'],
  ['GET key\r\n', 'opaque'],
  ['GET / HTTP/2.0\r\n', 'opaque'],
  ['GET / HTTP/1.\r\n', 'opaque'],
  ['GET /\r\n', 'opaque'],
  ['\0\0\0\x08\x04\xd2\x16\x2f', 'opaque'],
  ['\x16\x03\x01\0\0', 'opaque'],
  ['GET /\x01 HTTP/1.1\r\n', 'opaque'],
  [' GET / HTTP/1.1\r\n', 'opaque'],
  ['PRI * HTTP/2.0\r\n\r\nSN\r\n\r\n', 'opaque'],
])('%j is %s', (text, expected) => {
  expect(kind(text)).toBe(expected);
});

test.each(['GET / HTTP/1.1\r\n', PREFACE])('%j is certain at its end and not a byte before', (text) => {
  for (let length = 0; length < text.length - 1; length++) expect(kind(text.slice(0, length))).toBe('more');
});

test('a ClientHello is TLS to the server that it names, only when all of it is there', () => {
  const captures = JSON.parse(readFileSync(new URL('./captures/client-hellos.json', import.meta.url), 'utf8')) as Record<string, string>;
  const hello = new Uint8Array(Buffer.from(captures['go'] ?? '', 'base64'));
  expect(sniff(hello, 0, hello.length)).toEqual({ kind: 'tls', serverName: 'shop.example.org' });
  expect(sniff(hello, 0, hello.length - 1)).toEqual({ kind: 'more' });
});

test('a first line without an end stops being waited for', () => {
  expect(kind(`GET /${'a'.repeat(SNIFF_BYTES_MAX - 5)}`)).toBe('more');
  expect(kind(`GET /${'a'.repeat(SNIFF_BYTES_MAX)}`)).toBe('opaque');
  expect(kind('A'.repeat(33))).toBe('opaque');
});
