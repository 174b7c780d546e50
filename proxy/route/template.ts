/** Turns a request into its route's template, `GET /users/:id`: pure, bounded, and cached by the bytes of the path. */
import { concat, same, text } from '../protocol/bytes.ts';
import type { FieldList } from '../protocol/hpack/fields.ts';
import { NAME as NAME_OF } from '../protocol/hpack/names.ts';
import type { Head } from '../protocol/http1/head.ts';

/** Segments kept; what is deeper is `*`. */
const SEGMENTS_MAX = 6;
/** A longer segment is a value, not a name. */
const SEGMENT_LETTERS_MAX = 40;
/** Paths remembered; a power of two. */
const CACHE_SLOTS = 512;
/** A longer path is not remembered. */
const CACHED_BYTES_MAX = 256;

/** Numbers, dates, UUIDs, hexadecimal with a digit in it. Each alternative is anchored and linear. */
const VALUE = /^(?:[-+]?\d[\d.,:_-]*|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?:0x)?(?=[a-f]*\d)[0-9a-f]{8,})$/i;
/** A name doesn't hold so many digits in a row: `order-20240001`. */
const LONG_NUMBER = /\d{5,}/;
/** Keys of other alphabets: as long as this, with digits and letters, and without the hyphens or dots of names. */
const TOKEN_LETTERS_MIN = 16;
const TOKEN = /^(?=[A-Za-z_]*\d)(?=[0-9_]*[A-Za-z])[A-Za-z0-9_]+$/;
const NAME = /^[A-Za-z0-9._~@:+-]+$/;
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']);
const QUESTION = 0x3f;
const SLASH = 0x2f;

interface Remembered {
  readonly bytes: Uint8Array;
  readonly template: string;
}

/** The template of a method and a path without its query. */
export function templateOf(method: string, path: string): string {
  const segments = path.split('/').slice(1);
  const kept = segments.slice(0, SEGMENTS_MAX).map(templateSegment);
  if (segments.length > SEGMENTS_MAX) kept.push('*');
  return `${method} /${kept.join('/')}`;
}

function templateSegment(segment: string): string {
  if (segment === '') return '';
  return isValue(segment) ? ':id' : segment;
}

function isValue(segment: string): boolean {
  if (segment.length > SEGMENT_LETTERS_MAX || !NAME.test(segment)) return true;
  return VALUE.test(segment) || LONG_NUMBER.test(segment) || (segment.length >= TOKEN_LETTERS_MIN && TOKEN.test(segment));
}

/** Templates of heads; one per proxy. */
export class RouteTemplates {
  private readonly slots: (Remembered | undefined)[] = new Array<Remembered | undefined>(CACHE_SLOTS).fill(undefined);
  private readonly fieldSlots: (Remembered | undefined)[] = new Array<Remembered | undefined>(CACHE_SLOTS).fill(undefined);

  /** The template of a request's head. */
  of(head: Head): string {
    if (head.method === 'CONNECT') return 'CONNECT';
    const { bytes, start } = head;
    const end = pathEnd(bytes, head.targetStart, head.targetEnd);
    const slot = hash(bytes, start, end) & (CACHE_SLOTS - 1);
    const remembered = this.slots[slot];
    if (remembered !== undefined && same(bytes, start, end, remembered.bytes)) return remembered.template;
    const template = readTemplate(head, end);
    if (end - start <= CACHED_BYTES_MAX) this.slots[slot] = { bytes: bytes.slice(start, end), template };
    return template;
  }

  /** The template of an HTTP/2 request's head. */
  ofFields(fields: FieldList): string {
    const method = fields.find(NAME_OF.method);
    const path = fields.find(NAME_OF.path);
    if (method < 0 || path < 0) return templateOfFields(fields);
    const end = pathEnd(fields.bytes, fields.valueStart(path), fields.valueEnd(path));
    const slot = hash(fields.bytes, fields.valueStart(path), end) & (CACHE_SLOTS - 1);
    const remembered = this.fieldSlots[slot];
    if (remembered !== undefined && sameFields(fields, method, path, end, remembered.bytes)) return remembered.template;
    const template = templateOfFields(fields);
    if (end - fields.valueStart(path) <= CACHED_BYTES_MAX) this.fieldSlots[slot] = { bytes: keyOf(fields, method, path, end), template };
    return template;
  }
}

function keyOf(fields: FieldList, method: number, path: number, end: number): Uint8Array {
  return concat([fields.bytes.subarray(fields.valueStart(method), fields.valueEnd(method)), fields.bytes.subarray(fields.valueStart(path), end)]);
}

/** `method` and `path` (with its query) are values of HTTP/2's pseudo fields; `*` and an empty path are OPTIONS' and CONNECT's. */
export function templateOfFields(fields: FieldList): string {
  const method = fields.text(NAME_OF.method) ?? '';
  const path = fields.text(NAME_OF.path);
  if (path === null) return 'CONNECT';
  const known = METHODS.has(method) ? method : 'OTHER';
  const end = path.indexOf('?');
  return path.startsWith('/') ? templateOf(known, end < 0 ? path : path.slice(0, end)) : `${known} *`;
}

function readTemplate(head: Head, end: number): string {
  const method = head.method === 'other' ? 'OTHER' : head.method;
  const target = text(head.bytes, head.targetStart, end);
  if (target === '*') return `${method} *`;
  if (head.bytes[head.targetStart] === SLASH) return templateOf(method, target);
  return templateOf(method, target.replace(/^https?:\/\/[^/]*/i, '') || '/');
}

function pathEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== QUESTION) at++;
  return at;
}

/** Whether a list asks for what is remembered: its method's bytes, then those of its path. */
function sameFields(fields: FieldList, method: number, path: number, end: number, remembered: Uint8Array): boolean {
  const start = fields.valueStart(method);
  const letters = fields.valueEnd(method) - start;
  if (remembered.length !== letters + end - fields.valueStart(path)) return false;
  for (let at = 0; at < letters; at++) if (fields.bytes[start + at] !== remembered[at]) return false;
  for (let at = fields.valueStart(path), to = letters; at < end; at++, to++) if (fields.bytes[at] !== remembered[to]) return false;
  return true;
}

/** FNV-1a. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let value = 0x811c9dc5;
  for (let at = start; at < end; at++) value = Math.imul(value ^ (bytes[at] ?? 0), 0x01000193);
  return value >>> 8;
}
