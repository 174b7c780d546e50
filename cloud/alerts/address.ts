/** Which IP addresses a request of ours may go to: the public internet and nothing else. Pure; unknown forms are refused. */

export type AddressKind =
  | 'public' | 'unspecified' | 'private' | 'loopback' | 'link-local' | 'shared' | 'reserved' | 'documentation' | 'benchmark'
  | 'multicast' | 'metadata' | 'unique-local' | 'tunnel' | 'unreadable';

type Prefix = readonly [bytes: readonly number[], bits: number, kind: AddressKind];

/** IPv4 space that is not the public internet (IANA special-purpose registry), and a metadata service on a public address. */
const IPV4: readonly Prefix[] = [
  [[0], 8, 'unspecified'],
  [[10], 8, 'private'],
  [[100, 64], 10, 'shared'],
  [[127], 8, 'loopback'],
  [[168, 63, 129, 16], 32, 'metadata'],
  [[169, 254], 16, 'link-local'],
  [[172, 16], 12, 'private'],
  [[192, 0, 0], 24, 'reserved'],
  [[192, 0, 2], 24, 'documentation'],
  [[192, 88, 99], 24, 'tunnel'],
  [[192, 168], 16, 'private'],
  [[198, 18], 15, 'benchmark'],
  [[198, 51, 100], 24, 'documentation'],
  [[203, 0, 113], 24, 'documentation'],
  [[224], 4, 'multicast'],
  [[240], 4, 'reserved'],
];

/** IPv6 prefixes in order; the first that fits decides. Only 2000::/3 is public at all. */
const IPV6: readonly Prefix[] = [
  [[0xfe, 0x80], 10, 'link-local'],
  [[0xfe, 0xc0], 10, 'private'],
  [[0xfc], 7, 'unique-local'],
  [[0xff], 8, 'multicast'],
  [[0x20, 0x01, 0x0d, 0xb8], 32, 'documentation'],
  [[0x20, 0x01, 0x00, 0x00], 32, 'tunnel'],
  [[0x20, 0x01, 0x00], 23, 'reserved'],
  [[0x20, 0x02], 16, 'tunnel'],
  [[0x3f, 0xff, 0x00], 20, 'documentation'],
  [[0x20], 3, 'public'],
];

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
/** RFC 6052 well-known NAT64 prefix: the address that counts is the IPv4 one inside. */
const NAT64 = [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];

/** What kind of address a textual IPv4 (four decimals) or IPv6 address is; brackets and zones are not addresses. */
export function classifyAddress(text: string): AddressKind {
  const bytes = text.includes(':') ? parseIpv6(text) : parseIpv4(text);
  if (bytes === null) return 'unreadable';
  return bytes.length === 4 ? classifyIpv4(bytes) : classifyIpv6(bytes);
}

function classifyIpv4(bytes: readonly number[]): AddressKind {
  return IPV4.find(([prefix, bits]) => matches(bytes, prefix, bits))?.[2] ?? 'public';
}

function classifyIpv6(bytes: readonly number[]): AddressKind {
  if (matches(bytes, MAPPED, 96) || matches(bytes, NAT64, 96)) return classifyIpv4(bytes.slice(12));
  if (bytes.every((byte) => byte === 0)) return 'unspecified';
  if (bytes.every((byte, at) => byte === (at === 15 ? 1 : 0))) return 'loopback';
  return IPV6.find(([prefix, bits]) => matches(bytes, prefix, bits))?.[2] ?? 'reserved';
}

function matches(bytes: readonly number[], prefix: readonly number[], bits: number): boolean {
  for (let bit = 0; bit < bits; bit += 8) {
    const mask = bits - bit >= 8 ? 0xff : 0xff & (0xff << (8 - (bits - bit)));
    if (((bytes[bit / 8] ?? 0) & mask) !== ((prefix[bit / 8] ?? 0) & mask)) return false;
  }
  return true;
}

/** Four decimals without leading zeros; other spellings are for URL parsers, not for resolved addresses. */
function parseIpv4(text: string): number[] | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part))) return null;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : null;
}

/** RFC 4291 §2.2: groups of hex, one `::`, and perhaps four decimals at the end. */
function parseIpv6(text: string): number[] | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = groups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? groups(halves[1] ?? '', true) : [];
  if (head === null || tail === null) return null;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return null;
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

function groups(text: string, last: boolean): number[] | null {
  if (text === '') return [];
  const bytes: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const decimals = last && index === parts.length - 1 ? parseIpv4(part) : null;
    if (decimals !== null) bytes.push(...decimals);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) bytes.push(Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 0xff);
    else return null;
  }
  return bytes;
}
