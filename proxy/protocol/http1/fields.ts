/** The field lines of a head, checked in one pass; the few that the proxy acts on are noted in the head. */
import { ascii, spells, startsWith, text } from '../bytes.ts';
import { framingUnsupported, malformed, tooLarge } from '../error.ts';
import { COLON, COMMA, CR, FIELD_VALUE, HOST, HTAB, LF, SP, TOKEN, span } from './grammar.ts';
import type { Head } from './head.ts';
import { FIELDS_MAX, LENGTH_DIGITS_MAX } from './limits.ts';

const TE = ascii('te');
const HOST_NAME = ascii('host');
const EXPECT = ascii('expect');
const UPGRADE = ascii('upgrade');
const CONNECTION = ascii('connection');
const KEEP_ALIVE = ascii('keep-alive');
const CONTENT_LENGTH = ascii('content-length');
const PROXY_CONNECTION = ascii('proxy-connection');
const TRANSFER_ENCODING = ascii('transfer-encoding');
const PROXY_ERROR = ascii('l5d-proxy-error');
const L5D = ascii('l5d-');
const SIDELIGHT = ascii('sidelight-');
const CLOSE = ascii('close');
const CHUNKED = ascii('chunked');
const CONTINUE = ascii('100-continue');
const LETTER_L = 0x6c;
const LETTER_S = 0x73;

/**
 * Reads field lines from `head.fields` to the empty line before `head.end`. `stripMesh`: fields of the mesh's own
 * prefixes are left out when the head is forwarded. Throws ProtocolError for what RFC 9110 §5 and RFC 9112 §5 forbid.
 */
export function readFields(head: Head, stripMesh: boolean): void {
  const { bytes } = head;
  const last = head.end - 2;
  let at = head.fields;
  let count = 0;
  while (at < last) {
    if (++count > FIELDS_MAX) throw tooLarge(`more than ${FIELDS_MAX} header fields`);
    const nameEnd = span(TOKEN, bytes, at, last);
    if (nameEnd === at || bytes[nameEnd] !== COLON) throw badName(bytes, at, nameEnd);
    const lineEnd = span(FIELD_VALUE, bytes, nameEnd + 1, last);
    if (bytes[lineEnd] !== CR || bytes[lineEnd + 1] !== LF) throw malformed('a header value has a forbidden byte');
    noteField(head, at, nameEnd, lineEnd, stripMesh);
    at = lineEnd + 2;
  }
  if (head.othersListed) cutListedFields(head);
}

function badName(bytes: Uint8Array, at: number, nameEnd: number): Error {
  const first = bytes[at];
  if (first === SP || first === HTAB) return malformed('a header is folded over two lines');
  if (bytes[nameEnd] === SP || bytes[nameEnd] === HTAB) return malformed('there is a space before the colon of a header');
  return malformed('a header name is empty or has a forbidden byte');
}

/** Most names differ from all of these by length or first letter, so that few bytes are read twice. */
function noteField(head: Head, at: number, nameEnd: number, lineEnd: number, stripMesh: boolean): void {
  const { bytes } = head;
  switch (nameEnd - at) {
    case 2:
      if (spells(bytes, at, nameEnd, TE)) return head.cut(at, lineEnd + 2);
      break;
    case 4:
      if (spells(bytes, at, nameEnd, HOST_NAME)) return noteHost(head, nameEnd, lineEnd);
      break;
    case 6:
      if (spells(bytes, at, nameEnd, EXPECT)) return noteExpect(head, at, nameEnd, lineEnd);
      break;
    case 7:
      if (spells(bytes, at, nameEnd, UPGRADE)) return noteUpgrade(head, at, lineEnd);
      break;
    case 10:
      if (spells(bytes, at, nameEnd, CONNECTION)) return noteConnection(head, at, nameEnd, lineEnd);
      if (spells(bytes, at, nameEnd, KEEP_ALIVE)) return head.cut(at, lineEnd + 2);
      break;
    case 14:
      if (spells(bytes, at, nameEnd, CONTENT_LENGTH)) return noteLength(head, at, nameEnd, lineEnd);
      break;
    case 16:
      if (spells(bytes, at, nameEnd, PROXY_CONNECTION)) return head.cut(at, lineEnd + 2);
      break;
    case 17:
      if (spells(bytes, at, nameEnd, TRANSFER_ENCODING)) return noteCoding(head, at, nameEnd, lineEnd);
      break;
  }
  const first = (bytes[at] ?? 0) | 0x20;
  if (first === LETTER_L || first === LETTER_S) noteMeshField(head, at, nameEnd, lineEnd, stripMesh);
}

function valueStart(bytes: Uint8Array, nameEnd: number, lineEnd: number): number {
  let at = nameEnd + 1;
  while (at < lineEnd && (bytes[at] === SP || bytes[at] === HTAB)) at++;
  return at;
}

function trimmedEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && (bytes[at - 1] === SP || bytes[at - 1] === HTAB)) at--;
  return at;
}

/** RFC 9112 §3.2: two Host fields, or one that is no host, are refused. */
function noteHost(head: Head, nameEnd: number, lineEnd: number): void {
  if (head.kind === 'response') return;
  if (head.hostStart >= 0) throw malformed('there are two Host headers');
  head.hostStart = valueStart(head.bytes, nameEnd, lineEnd);
  head.hostEnd = trimmedEnd(head.bytes, head.hostStart, lineEnd);
  if (span(HOST, head.bytes, head.hostStart, head.hostEnd) !== head.hostEnd) throw malformed('the Host header is not a host');
}

/** RFC 9110 §10.1.1: what HTTP/1.0 expects is ignored, so it may not become an expectation by going on as HTTP/1.1. */
function noteExpect(head: Head, at: number, nameEnd: number, lineEnd: number): void {
  if (head.minor === 0) return head.cut(at, lineEnd + 2);
  const start = valueStart(head.bytes, nameEnd, lineEnd);
  head.expectContinue = spells(head.bytes, start, trimmedEnd(head.bytes, start, lineEnd), CONTINUE);
}

/** Left out unless the whole head turns out to be an upgrade. */
function noteUpgrade(head: Head, at: number, lineEnd: number): void {
  head.upgradeFields++;
  head.upgradeAt = at;
  head.cut(at, lineEnd + 2);
}

/** RFC 9110 §7.6.1. The line is never forwarded: connections on both sides of a proxy are its own. */
function noteConnection(head: Head, at: number, nameEnd: number, lineEnd: number): void {
  const { bytes } = head;
  let from = nameEnd + 1;
  while (from <= lineEnd) {
    let to = from;
    while (to < lineEnd && bytes[to] !== COMMA) to++;
    const start = valueStart(bytes, from - 1, to);
    const end = trimmedEnd(bytes, start, to);
    if (span(TOKEN, bytes, start, end) !== end) throw malformed('the Connection header is not a list of names');
    if (end > start) noteConnectionOption(head, start, end);
    from = to + 1;
  }
  head.cut(at, lineEnd + 2);
}

function noteConnectionOption(head: Head, start: number, end: number): void {
  const { bytes } = head;
  if (spells(bytes, start, end, CLOSE)) head.close = true;
  else if (spells(bytes, start, end, KEEP_ALIVE)) head.keepAlive = true;
  else if (spells(bytes, start, end, UPGRADE)) head.upgradeListed = true;
  else if (!spells(bytes, start, end, TE)) head.othersListed = true;
}

/** RFC 9112 §6.2, without its leniency for equal lists: one field, digits only. */
function noteLength(head: Head, at: number, nameEnd: number, lineEnd: number): void {
  const { bytes } = head;
  if (head.length >= 0) throw malformed('there are two Content-Length headers');
  const start = valueStart(bytes, nameEnd, lineEnd);
  const end = trimmedEnd(bytes, start, lineEnd);
  if (end === start || end - start > LENGTH_DIGITS_MAX) throw malformed('Content-Length is empty or too large');
  let length = 0;
  for (let digit = start; digit < end; digit++) {
    const value = (bytes[digit] ?? 0) - 0x30;
    if (value < 0 || value > 9) throw malformed('Content-Length is not a number');
    length = length * 10 + value;
  }
  head.length = length;
  if (isBodiless(head)) head.cut(at, lineEnd + 2);
}

/** RFC 9112 §6.1: only `chunked`, once. Another coding before it is 501; anything else has no certain end. */
function noteCoding(head: Head, at: number, nameEnd: number, lineEnd: number): void {
  const { bytes } = head;
  if (head.codingStart >= 0) throw malformed('there are two Transfer-Encoding headers');
  head.codingStart = at;
  head.codingEnd = lineEnd + 2;
  const start = valueStart(bytes, nameEnd, lineEnd);
  const end = trimmedEnd(bytes, start, lineEnd);
  // Allowed as white space, but Node reads a coding with a tab behind it as another one, and beside an upgrade as none.
  for (let at = nameEnd + 1; at < lineEnd; at++) if (bytes[at] === HTAB) throw malformed('Transfer-Encoding has a tab');
  if (!spells(bytes, start, end, CHUNKED)) throw badCoding(text(bytes, start, end).toLowerCase());
  head.chunked = true;
  if (isBodiless(head)) head.cut(at, lineEnd + 2);
}

function badCoding(value: string): Error {
  const codings = value.split(',').map((coding) => coding.replace(/^[ \t]+|[ \t]+$/g, ''));
  const certain = codings.pop() === 'chunked' && codings.every((coding) => /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(coding) && coding !== 'chunked');
  return certain ? framingUnsupported('only the transfer coding chunked is supported') : malformed('Transfer-Encoding does not end in one chunked');
}

/** RFC 9110 §8.6: 1xx and 204 have neither length nor coding; what a server says all the same is not passed on. */
function isBodiless(head: Head): boolean {
  return head.kind === 'response' && (head.status < 200 || head.status === 204);
}

function noteMeshField(head: Head, at: number, nameEnd: number, lineEnd: number, stripMesh: boolean): void {
  const { bytes } = head;
  if (!startsWith(bytes, at, nameEnd, L5D) && !startsWith(bytes, at, nameEnd, SIDELIGHT)) return;
  if (stripMesh) head.cut(at, lineEnd + 2);
  if (!spells(bytes, at, nameEnd, PROXY_ERROR)) return;
  head.proxyErrorStart = valueStart(bytes, nameEnd, lineEnd);
  head.proxyErrorEnd = trimmedEnd(bytes, head.proxyErrorStart, lineEnd);
}

/** Fields that Connection names are for this hop only; those that frame or route the message can't be (a known attack). */
function cutListedFields(head: Head): void {
  const listed = new Set<string>();
  head.eachField((nameStart, nameEnd, start, end) => {
    if (!spells(head.bytes, nameStart, nameEnd, CONNECTION)) return;
    for (const name of text(head.bytes, start, end).toLowerCase().split(',')) listed.add(name.trim());
  });
  for (const name of ['host', 'content-length', 'transfer-encoding']) {
    if (listed.has(name)) throw malformed(`the Connection header names ${name}`);
  }
  head.eachField((nameStart, nameEnd, _start, _end, lineEnd) => {
    const name = text(head.bytes, nameStart, nameEnd).toLowerCase();
    if (name !== 'upgrade' && listed.has(name)) head.cutLine(nameStart, lineEnd);
  });
}
