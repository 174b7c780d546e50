/** The first line of a message: RFC 9112 §3 (request line) and §4 (status line). */
import { ascii, same, spells } from '../bytes.ts';
import { malformed, versionUnsupported } from '../error.ts';
import { CR, HOST, LF, REASON, SP, TARGET, TOKEN, span } from './grammar.ts';
import type { Head, Method } from './head.ts';
import { METHOD_BYTES_MAX } from './limits.ts';

const HTTP = ascii('HTTP/');
const HTTP_SCHEME = ascii('http://');
const HTTPS_SCHEME = ascii('https://');
const SLASH = 0x2f;
const STAR = 0x2a;
const DOT = 0x2e;
const QUESTION = 0x3f;
const METHODS: readonly (readonly [Method, Uint8Array])[] = (
  ['GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH', 'CONNECT', 'TRACE'] as const
).map((method) => [method, ascii(method)] as const);

/** method SP request-target SP HTTP-version CRLF, each space exactly one. Sets `head.fields`. */
export function readRequestLine(head: Head): void {
  const { bytes, start, end } = head;
  const methodEnd = span(TOKEN, bytes, start, end);
  if (methodEnd === start || bytes[methodEnd] !== SP) throw malformed('the request does not begin with a method');
  if (methodEnd - start > METHOD_BYTES_MAX) throw malformed('the method is too long');
  const targetEnd = span(TARGET, bytes, methodEnd + 1, end);
  if (targetEnd === methodEnd + 1 || bytes[targetEnd] !== SP) throw malformed('the request target has a forbidden byte');
  head.method = methodOf(bytes, start, methodEnd);
  head.methodEnd = methodEnd;
  head.targetStart = methodEnd + 1;
  head.targetEnd = targetEnd;
  const behind = readVersion(head, targetEnd + 1);
  if (bytes[behind] !== CR || bytes[behind + 1] !== LF) throw malformed('the request line does not end behind its version');
  head.fields = behind + 2;
}

function methodOf(bytes: Uint8Array, start: number, end: number): Method {
  for (const [method, letters] of METHODS) if (same(bytes, start, end, letters)) return method;
  return 'other';
}

/** RFC 9112 §2.3: `HTTP/` DIGIT `.` DIGIT. A well-formed other version is 505. Returns the offset behind it. */
function readVersion(head: Head, at: number): number {
  const { bytes } = head;
  const major = bytes[at + 5] ?? 0;
  const minor = bytes[at + 7] ?? 0;
  const wellFormed = same(bytes, at, at + 5, HTTP) && isDigit(major) && bytes[at + 6] === DOT && isDigit(minor);
  if (!wellFormed || isDigit(bytes[at + 8] ?? 0)) throw malformed('the HTTP version is malformed');
  if (major !== 0x31 || minor > 0x31) throw versionUnsupported('only HTTP/1.0 and HTTP/1.1 are spoken here');
  head.minor = minor - 0x30;
  head.minorAt = at + 7;
  return at + 8;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** RFC 9112 §3.2: origin-form, absolute-form, authority-form for CONNECT only, `*` for OPTIONS only. */
export function checkTarget(head: Head): void {
  const { bytes, targetStart, targetEnd, method } = head;
  const first = bytes[targetStart];
  if (method === 'CONNECT') return checkAuthority(head, targetStart, targetEnd, true);
  if (first === SLASH) return;
  if (first === STAR && targetEnd === targetStart + 1 && method === 'OPTIONS') return;
  const scheme = schemeLength(bytes, targetStart, targetEnd);
  if (scheme === 0) throw malformed('the request target is neither a path nor an absolute URI');
  let authorityEnd = targetStart + scheme;
  while (authorityEnd < targetEnd && bytes[authorityEnd] !== SLASH && bytes[authorityEnd] !== QUESTION) authorityEnd++;
  checkAuthority(head, targetStart + scheme, authorityEnd, false);
  checkHostAgrees(head, targetStart + scheme, authorityEnd);
}

function schemeLength(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > 7 && spells(bytes, start, start + 7, HTTP_SCHEME)) return 7;
  if (end - start > 8 && spells(bytes, start, start + 8, HTTPS_SCHEME)) return 8;
  return 0;
}

function checkAuthority(head: Head, start: number, end: number, withPort: boolean): void {
  if (start === end || span(HOST, head.bytes, start, end) !== end) throw malformed('the authority of the request target is not a host');
  if (!withPort) return;
  const colon = head.bytes.lastIndexOf(0x3a, end - 1);
  let digits = colon + 1;
  while (digits < end && isDigit(head.bytes[digits] ?? 0)) digits++;
  if (colon <= start || digits !== end || end - colon < 2 || end - colon > 6) throw malformed('CONNECT needs host:port');
}

/** RFC 9112 §3.2.2 lets the target win over Host; whoever reads them differently is being attacked, so both must agree. */
function checkHostAgrees(head: Head, start: number, end: number): void {
  if (head.hostStart < 0) return;
  const { bytes } = head;
  let same = head.hostEnd - head.hostStart === end - start;
  for (let at = 0; same && at < end - start; at++) same = lower(bytes[start + at]) === lower(bytes[head.hostStart + at]);
  if (!same) throw malformed('the Host header is another than the host of the request target');
}

function lower(byte = 0): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

/** HTTP-version SP 3DIGIT [ SP [ reason-phrase ] ] CRLF. Sets `head.fields`. */
export function readStatusLine(head: Head): void {
  const { bytes, start, end } = head;
  const at = readVersion(head, start);
  if (bytes[at] !== SP) throw malformed('the status line has no status');
  let status = 0;
  for (let digit = at + 1; digit < at + 4; digit++) {
    if (!isDigit(bytes[digit] ?? 0)) throw malformed('the status is not three digits');
    status = status * 10 + (bytes[digit] ?? 0) - 0x30;
  }
  if (status < 100) throw malformed('the status is below 100');
  let behind = at + 4;
  if (bytes[behind] === SP) behind = span(REASON, bytes, behind + 1, end);
  if (bytes[behind] !== CR || bytes[behind + 1] !== LF) throw malformed('the status line has a forbidden byte');
  head.status = status;
  head.fields = behind + 2;
}
