/** Says from a connection's first bytes what is spoken on it. */
import { ascii } from './bytes.ts';
import { readClientHello } from './client-hello.ts';

export type Sniffed =
  /** Nothing is certain yet. */
  | { readonly kind: 'more' }
  | { readonly kind: 'http1' }
  | { readonly kind: 'http2' }
  | { readonly kind: 'tls'; readonly serverName: string | null }
  | { readonly kind: 'opaque' };

/** A request line that is longer is no HTTP/1.1 that the reader would take. */
export const SNIFF_BYTES_MAX = 64 * 1024;
/** Longest method; the longest registered one has 17 letters. */
const METHOD_LETTERS_MAX = 32;

const MORE: Sniffed = { kind: 'more' };
const HTTP1: Sniffed = { kind: 'http1' };
const HTTP2: Sniffed = { kind: 'http2' };
const OPAQUE: Sniffed = { kind: 'opaque' };

/** RFC 9113 §3.4. */
const PREFACE = ascii('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const VERSION = ascii(' HTTP/1.');
const CR = 13;
const LF = 10;
const SPACE = 32;
const DELETE = 127;
const TLS_HANDSHAKE = 22;

/** Looks at all bytes that came so far. Everything but `more` is final. */
export function sniff(bytes: Uint8Array, start: number, end: number): Sniffed {
  if (start === end) return MORE;
  if (bytes[start] === TLS_HANDSHAKE) return sniffTls(bytes, start, end);
  const matched = prefix(bytes, start, end, PREFACE);
  if (matched === PREFACE.length) return HTTP2;
  if (matched === end - start) return MORE;
  return sniffRequestLine(bytes, start, end);
}

function sniffTls(bytes: Uint8Array, start: number, end: number): Sniffed {
  const reading = readClientHello(bytes, start, end);
  switch (reading.kind) {
    case 'more':
      return MORE;
    case 'other':
      return OPAQUE;
    case 'hello':
      return { kind: 'tls', serverName: reading.serverName };
    default:
      return reading satisfies never;
  }
}

/** `method SP target SP HTTP/1.x`: many protocols begin with an upper-case word, only HTTP's first line ends in its version. */
function sniffRequestLine(bytes: Uint8Array, from: number, end: number): Sniffed {
  let at = from;
  // RFC 9112 §2.2: an empty line before a request is read over.
  while (at < end && (bytes[at] === CR || bytes[at] === LF)) at++;
  const start = at;
  while (at < end && isLetter(bytes[at] ?? 0)) at++;
  if (at - start > METHOD_LETTERS_MAX) return OPAQUE;
  if (at === end) return MORE;
  if (at === start || bytes[at] !== SPACE) return OPAQUE;
  return sniffTarget(bytes, from, at + 1, end);
}

function sniffTarget(bytes: Uint8Array, from: number, targetStart: number, end: number): Sniffed {
  for (let at = targetStart; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === CR || byte === LF) return endsInVersion(bytes, targetStart, at) ? HTTP1 : OPAQUE;
    if (byte < SPACE || byte === DELETE) return OPAQUE;
  }
  return end - from > SNIFF_BYTES_MAX ? OPAQUE : MORE;
}

/** The minor version's digit stands behind VERSION. */
function endsInVersion(bytes: Uint8Array, targetStart: number, lineEnd: number): boolean {
  const at = lineEnd - VERSION.length - 1;
  return at > targetStart && prefix(bytes, at, lineEnd, VERSION) === VERSION.length;
}

/** How many bytes agree with the beginning of `expected`. */
function prefix(bytes: Uint8Array, start: number, end: number, expected: Uint8Array): number {
  const length = Math.min(end - start, expected.length);
  for (let at = 0; at < length; at++) if (bytes[start + at] !== expected[at]) return at;
  return length;
}

/** Registered methods are upper-case words, some with a hyphen (RFC 9110 §16.1.1); others have been seen in lower case. */
function isLetter(byte: number): boolean {
  return (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte === 45 || byte === 95;
}
