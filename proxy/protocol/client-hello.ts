/** Reads the ClientHello of a TLS connection that is passed through: whether it is one, and the server name in it (RFC 8446 §4.1.2, RFC 6066 §3). */
import { text } from './bytes.ts';

export type HelloReading =
  /** So far it could be one. */
  | { readonly kind: 'more' }
  | { readonly kind: 'other' }
  /** `serverName` in lower case; null when it names none, or none that is a host name. */
  | { readonly kind: 'hello'; readonly serverName: string | null };

/** Post-quantum key shares make hellos of some 1,800 bytes; a longer one than this is passed on unread. */
export const HELLO_BYTES_MAX = 16 * 1024;
/** RFC 8446 §5.1. */
const RECORD_BYTES_MAX = 16 * 1024;
const RECORD_HEAD = 5;
const HANDSHAKE_HEAD = 4;

const MORE: HelloReading = { kind: 'more' };
const OTHER: HelloReading = { kind: 'other' };
const NAMELESS: HelloReading = { kind: 'hello', serverName: null };

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const HOST_NAME = 0;
const HOST = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*$/;

/** Looks at a connection's first bytes. Says `other` as soon as they can't be a ClientHello. */
export function readClientHello(bytes: Uint8Array, start: number, end: number): HelloReading {
  const hello = new Uint8Array(Math.min(end - start, HELLO_BYTES_MAX));
  let length = 0;
  for (let at = start; at < end; ) {
    const record = recordAt(bytes, at, end);
    if (record.kind !== 'record') return record.kind === 'more' ? partial(hello, length) : OTHER;
    const upTo = Math.min(at + RECORD_HEAD + record.length, end);
    const taken = bytes.subarray(at + RECORD_HEAD, Math.min(upTo, at + RECORD_HEAD + hello.length - length));
    hello.set(taken, length);
    length += taken.length;
    const reading = partial(hello, length);
    if (reading.kind !== 'more' || upTo === end) return reading;
    at = upTo;
  }
  return MORE;
}

type Found = { readonly kind: 'more' } | { readonly kind: 'other' } | { readonly kind: 'record'; readonly length: number };

/** RFC 8446 §5.1: type, a version of 3.x, a length. */
function recordAt(bytes: Uint8Array, at: number, end: number): Found {
  if (bytes[at] !== HANDSHAKE) return { kind: 'other' };
  if (end - at > 1 && bytes[at + 1] !== 3) return { kind: 'other' };
  if (end - at > 2 && (bytes[at + 2] ?? 0) > 4) return { kind: 'other' };
  if (end - at < RECORD_HEAD) return { kind: 'more' };
  const length = uint16(bytes, at + 3);
  return length === 0 || length > RECORD_BYTES_MAX ? { kind: 'other' } : { kind: 'record', length };
}

/** What the handshake message is, of which so many bytes are there. */
function partial(hello: Uint8Array, length: number): HelloReading {
  if (length > 0 && hello[0] !== CLIENT_HELLO) return OTHER;
  if (length < HANDSHAKE_HEAD) return MORE;
  const size = HANDSHAKE_HEAD + (((hello[1] ?? 0) << 16) | uint16(hello, 2));
  if (size > HELLO_BYTES_MAX) return NAMELESS;
  return length < size ? MORE : readBody(hello, size);
}

/** Steps over version, random, session, cipher suites and compressions to the extensions. */
function readBody(hello: Uint8Array, size: number): HelloReading {
  const version = HANDSHAKE_HEAD;
  const session = version + 2 + 32;
  const suites = session + 1 + (hello[session] ?? size);
  const compressions = suites + 2 + uint16(hello, suites);
  const extensions = compressions + 1 + (hello[compressions] ?? size);
  if (hello[version] !== 3 || extensions > size) return OTHER;
  // TLS 1.2 allows none at all.
  if (extensions + 2 > size) return NAMELESS;
  const end = extensions + 2 + uint16(hello, extensions);
  return end > size ? OTHER : { kind: 'hello', serverName: findServerName(hello, extensions + 2, end) };
}

function findServerName(hello: Uint8Array, start: number, end: number): string | null {
  for (let at = start; at + 4 <= end; at += 4 + uint16(hello, at + 2)) {
    if (uint16(hello, at) === SERVER_NAME) return hostName(hello, at + 4, Math.min(end, at + 4 + uint16(hello, at + 2)));
  }
  return null;
}

/** RFC 6066 §3: a list, in which only one name of type host_name may be. */
function hostName(hello: Uint8Array, start: number, end: number): string | null {
  if (start + 5 > end || hello[start + 2] !== HOST_NAME) return null;
  const length = uint16(hello, start + 3);
  if (start + 5 + length > end) return null;
  const name = text(hello, start + 5, start + 5 + length).toLowerCase();
  return HOST.test(name) ? name : null;
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
