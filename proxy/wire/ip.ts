/** IP addresses as text in one form each, so that addresses can be compared as strings. Pure. */

/** The bytes of an address: 4 or 16; null for what is none. An IPv4 address mapped into IPv6 is IPv4. */
export function parseIp(text: string): readonly number[] | null {
  const bytes = text.includes(':') ? parseIpv6(text) : parseIpv4(text);
  return bytes === null ? null : unmapped(bytes);
}

/** The address in its one form: IPv4 in decimals, IPv6 by RFC 5952 §4. `bytes`: 4 or 16. */
export function formatIp(bytes: readonly number[]): string {
  const plain = unmapped(bytes);
  if (plain.length === 4) return plain.join('.');
  const groups = Array.from({ length: 8 }, (_, at) => ((plain[2 * at] ?? 0) << 8) | (plain[2 * at + 1] ?? 0));
  const [from, length] = longestZeros(groups);
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  return length < 2 ? text(groups) : `${text(groups.slice(0, from))}::${text(groups.slice(from + length))}`;
}

/** The one form of an address, or null for what is none. */
export function canonicalIp(text: string): string | null {
  const bytes = parseIp(text);
  return bytes === null ? null : formatIp(bytes);
}

/** 127.0.0.0/8 and ::1. */
export function isLoopbackIp(text: string): boolean {
  const bytes = parseIp(text);
  return bytes !== null && (bytes.length === 4 ? bytes[0] === 127 : formatIp(bytes) === '::1');
}

function parseIpv4(text: string): number[] | null {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) return null;
  const bytes = text.split('.').map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : null;
}

function parseIpv6(text: string): number[] | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0] ?? '', halves.length === 1);
  const tail = groupsOf(halves[1] ?? '', true);
  if (head === null || tail === null) return null;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return null;
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

/** Bytes of colon-separated groups; the last may be an IPv4 address where `last` says that nothing follows. */
function groupsOf(text: string, last: boolean): number[] | null {
  if (text === '') return [];
  const groups = text.split(':');
  const bytes: number[] = [];
  for (const [at, group] of groups.entries()) {
    const ipv4 = last && at === groups.length - 1 && group.includes('.') ? parseIpv4(group) : null;
    if (ipv4 !== null) bytes.push(...ipv4);
    else if (/^[0-9a-fA-F]{1,4}$/.test(group)) bytes.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255);
    else return null;
  }
  return bytes;
}

/** RFC 4291 §2.5.5.2. */
function unmapped(bytes: readonly number[]): readonly number[] {
  const mapped = bytes.length === 16 && bytes[10] === 255 && bytes[11] === 255 && bytes.slice(0, 10).every((byte) => byte === 0);
  return mapped ? bytes.slice(12) : bytes;
}

/** RFC 5952 §4.2: the longest run of zeros, the first of equals. */
function longestZeros(groups: readonly number[]): [from: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let from = 0; from < groups.length; from++) {
    let length = 0;
    while (groups[from + length] === 0) length++;
    if (length > best[1]) best = [from, length];
  }
  return best;
}
