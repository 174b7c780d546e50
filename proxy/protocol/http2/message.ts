/** Whether a head is one that may be passed on. RFC 9113 §8.1.1, §8.2, §8.3, §8.5; RFC 8441 §4. */
import { ascii, spells } from '../bytes.ts';
import { FIELD, type FieldList } from '../hpack/fields.ts';
import { NAME } from '../hpack/names.ts';
import { HOST, TARGET, TOKEN, span } from '../http1/grammar.ts';
import { LENGTH_DIGITS_MAX } from '../http1/limits.ts';
import { MalformedError } from './error.ts';

const CONNECT = ascii('CONNECT');
const OPTIONS = ascii('OPTIONS');
const HEAD = ascii('HEAD');
const TRAILERS = ascii('trailers');
const HTTP = ascii('http');
const HTTPS = ascii('https');
const SLASH = 0x2f;
const STAR = 0x2a;

/** No content-length was given. */
export const NO_LENGTH = -1;

/** Indices of the pseudo fields of the head that was read last; −1 where absent. Used only within one call. */
const pseudo = { method: -1, scheme: -1, authority: -1, path: -1, protocol: -1, status: -1, host: -1, length: NO_LENGTH };

/** Checks a request's head; returns its content-length, or NO_LENGTH. Throws MalformedError. `extended`: we announced extended CONNECT. */
export function checkRequest(list: FieldList, extended: boolean): number {
  readFields(list, true);
  if (pseudo.status >= 0) throw new MalformedError('a request has :status');
  if (pseudo.method < 0) throw new MalformedError('a request has no :method');
  if (span(TOKEN, list.bytes, list.valueStart(pseudo.method), list.valueEnd(pseudo.method)) < list.valueEnd(pseudo.method) || emptyValue(list, pseudo.method)) {
    throw new MalformedError(':method is no token');
  }
  const connect = list.valueIs(pseudo.method, CONNECT);
  if (pseudo.protocol >= 0 && !(connect && extended)) throw new MalformedError(':protocol stands where extended CONNECT was not announced or not used');
  if (connect && pseudo.protocol < 0) checkConnect(list);
  else checkTarget(list);
  checkAuthority(list);
  return connect ? NO_LENGTH : pseudo.length;
}

/** RFC 9113 §8.5. */
function checkConnect(list: FieldList): void {
  if (pseudo.scheme >= 0 || pseudo.path >= 0) throw new MalformedError('a CONNECT has :scheme or :path');
  if (pseudo.authority < 0 || emptyValue(list, pseudo.authority)) throw new MalformedError('a CONNECT has no :authority');
}

/** RFC 9113 §8.3.1. */
function checkTarget(list: FieldList): void {
  if (pseudo.scheme < 0 || pseudo.path < 0) throw new MalformedError('a request has no :scheme or no :path');
  if (pseudo.protocol >= 0 && pseudo.authority < 0) throw new MalformedError('an extended CONNECT has no :authority');
  const start = list.valueStart(pseudo.path);
  const end = list.valueEnd(pseudo.path);
  if (start === end || span(TARGET, list.bytes, start, end) < end) throw new MalformedError(':path is empty or no path');
  if (!list.valueIs(pseudo.scheme, HTTP) && !list.valueIs(pseudo.scheme, HTTPS)) return;
  const first = list.bytes[start];
  if (first === SLASH || (first === STAR && end - start === 1 && list.valueIs(pseudo.method, OPTIONS))) return;
  throw new MalformedError(':path does not begin with a slash');
}

/** No user information (§8.3.1), and Host names the same as :authority. */
function checkAuthority(list: FieldList): void {
  const { authority, host } = pseudo;
  for (const index of [authority, host]) {
    if (index >= 0 && span(HOST, list.bytes, list.valueStart(index), list.valueEnd(index)) < list.valueEnd(index)) throw new MalformedError(':authority or host is not one');
  }
  if (authority >= 0 && host >= 0 && !sameIgnoringCase(list, authority, host)) throw new MalformedError('host and :authority are different');
}

/** Checks a response's head; returns its status. Its content-length is in `responseLength`. Throws MalformedError. */
export function checkResponse(list: FieldList): number {
  readFields(list, false);
  const { method, scheme, authority, path, protocol } = pseudo;
  if (method >= 0 || scheme >= 0 || authority >= 0 || path >= 0 || protocol >= 0) throw new MalformedError('a response has pseudo fields of a request');
  const status = list.status();
  if (status === 0) throw new MalformedError('a response has no :status of three digits');
  if (status === 101) throw new MalformedError('101 does not exist in HTTP/2');
  return status;
}

/** Content-length of the response that was checked last, or NO_LENGTH; what its status makes empty has 0. */
export function responseLength(status: number): number {
  return status === 204 || status === 304 ? 0 : pseudo.length;
}

/** Checks trailers: ordinary fields only (§8.1). Throws MalformedError. */
export function checkTrailers(list: FieldList): void {
  for (let index = 0; index < list.count; index++) {
    const meta = list.meta(index);
    if ((meta & (FIELD.pseudo | FIELD.badName | FIELD.badValue)) !== 0) throw new MalformedError('trailers have a pseudo field or one that is not valid');
    refuseConnectionField(list, index, meta & 0xff);
  }
}

/** Whether the request's method is HEAD, whose response has no content whatever its length says. */
export function isHead(list: FieldList): boolean {
  return list.valueIs(list.find(NAME.method), HEAD);
}

/** Whether the request is a CONNECT: content-length means nothing on it. */
export function isConnect(list: FieldList): boolean {
  return list.valueIs(list.find(NAME.method), CONNECT);
}

function readFields(list: FieldList, request: boolean): void {
  pseudo.method = pseudo.scheme = pseudo.authority = pseudo.path = pseudo.protocol = pseudo.status = pseudo.host = -1;
  pseudo.length = NO_LENGTH;
  let ordinary = false;
  for (let index = 0; index < list.count; index++) {
    const meta = list.meta(index);
    if ((meta & (FIELD.badName | FIELD.badValue)) !== 0) throw new MalformedError('a field has a name or value that is not allowed');
    const known = meta & 0xff;
    if ((meta & FIELD.pseudo) !== 0) {
      if (ordinary) throw new MalformedError('a pseudo field stands behind an ordinary one');
      takePseudo(known, index);
    } else {
      ordinary = true;
      if (known !== NAME.other) takeField(list, index, known, request);
    }
  }
}

function takePseudo(known: number, index: number): void {
  switch (known) {
    case NAME.method: return void (pseudo.method = once(pseudo.method, index));
    case NAME.scheme: return void (pseudo.scheme = once(pseudo.scheme, index));
    case NAME.authority: return void (pseudo.authority = once(pseudo.authority, index));
    case NAME.path: return void (pseudo.path = once(pseudo.path, index));
    case NAME.protocol: return void (pseudo.protocol = once(pseudo.protocol, index));
    case NAME.status: return void (pseudo.status = once(pseudo.status, index));
    default: throw new MalformedError('a pseudo field is not known');
  }
}

function once(before: number, index: number): number {
  if (before >= 0) throw new MalformedError('a pseudo field stands twice');
  return index;
}

function takeField(list: FieldList, index: number, known: number, request: boolean): void {
  if (known === NAME['content-length']) pseudo.length = readLength(list, index, pseudo.length);
  else if (known === NAME.host && request) {
    if (pseudo.host >= 0) throw new MalformedError('host stands twice');
    pseudo.host = index;
  } else refuseConnectionField(list, index, known);
}

/** RFC 9113 §8.2.2. */
function refuseConnectionField(list: FieldList, index: number, known: number): void {
  switch (known) {
    case NAME.connection:
    case NAME['keep-alive']:
    case NAME['proxy-connection']:
    case NAME['transfer-encoding']:
    case NAME.upgrade:
      throw new MalformedError(`${list.nameText(index)} does not exist in HTTP/2`);
    case NAME.te:
      if (!spells(list.bytes, list.valueStart(index), list.valueEnd(index), TRAILERS)) throw new MalformedError('te is something else than trailers');
      return;
    default:
  }
}

/** Digits only; standing twice, it must say the same. */
function readLength(list: FieldList, index: number, before: number): number {
  const start = list.valueStart(index);
  const end = list.valueEnd(index);
  if (end === start || end - start > LENGTH_DIGITS_MAX) throw new MalformedError('content-length is no length');
  let length = 0;
  for (let at = start; at < end; at++) {
    const digit = (list.bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) throw new MalformedError('content-length is no length');
    length = length * 10 + digit;
  }
  if (before !== NO_LENGTH && before !== length) throw new MalformedError('content-length stands twice and differs');
  return length;
}

function emptyValue(list: FieldList, index: number): boolean {
  return list.valueStart(index) === list.valueEnd(index);
}

function sameIgnoringCase(list: FieldList, one: number, other: number): boolean {
  const { bytes } = list;
  const start = list.valueStart(one);
  const from = list.valueStart(other);
  const length = list.valueEnd(one) - start;
  if (list.valueEnd(other) - from !== length) return false;
  for (let at = 0; at < length; at++) {
    if (lower(bytes[start + at] ?? 0) !== lower(bytes[from + at] ?? 0)) return false;
  }
  return true;
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}
