/** Random field lists that any HTTP/2 implementation must take: names old and new, values short, long and repeated. */
import type { Pairs } from '../../protocol/http2/testing.ts';

/** Each stands once in a list: implementations fold or refuse repeated ones. */
const SINGLE: readonly string[] = ['accept', 'user-agent', 'content-type', 'cache-control', 'etag', 'if-none-match', 'date', 'referer', 'traceparent', 'x-request-id', 'grpc-timeout', 'authorization', 'te'];
const VALUES: readonly string[] = ['', '0', 'no-cache', 'application/json', 'gzip, deflate', 'Mon, 23 Nov 2026 00:00:00 GMT', 'text/html;charset=utf-8'];
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789-._~!#$%&\'*+^`|';
const FIELDS_MAX = 20;
const LONG_BYTES = 3_000;

export interface RandomList {
  readonly path: string;
  readonly fields: Pairs;
  /** Names of fields that may not be indexed. */
  readonly sensitive: readonly string[];
}

/** The n-th list of a seed's `random`. */
export function randomList(random: () => number, index: number): RandomList {
  const pick = (count: number): number => Math.floor(random() * count);
  const names = new Set<string>();
  const fields: [string, string][] = [];
  const sensitive: string[] = [];
  for (let left = pick(FIELDS_MAX); left > 0; left--) {
    const name = nameOf(pick);
    if (names.has(name)) continue;
    names.add(name);
    fields.push([name, name === 'te' ? 'trailers' : valueOf(pick)]);
    // What every encoder keeps out of its tables, and what is marked so.
    if (name === 'authorization' || pick(20) === 0) sensitive.push(name);
  }
  return { path: pick(3) === 0 ? `/${index}` : `/shop/items?page=${pick(10)}`, fields, sensitive };
}

function nameOf(pick: (count: number) => number): string {
  if (pick(2) === 0) return SINGLE[pick(SINGLE.length)] ?? 'accept';
  // The first letter keeps it from looking like a number, which objects would put first.
  return `x${Array.from({ length: 1 + pick(12) }, () => LETTERS[pick(pick(3) === 0 ? LETTERS.length : 3)] ?? 'a').join('')}`;
}

function valueOf(pick: (count: number) => number): string {
  if (pick(3) > 0) return VALUES[pick(VALUES.length)] ?? '';
  const length = pick(40) === 0 ? pick(LONG_BYTES) : pick(40);
  return Array.from({ length }, () => String.fromCharCode(0x20 + pick(0x5f))).join('').trim();
}
