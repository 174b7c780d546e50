/**
 * The bytes of RFC 9110 §5 and RFC 9112 §2–4 as tables:
 *   token          = 1*tchar          field-value = *( HTAB / SP / VCHAR / obs-text )
 *   request-target : visible ASCII without `#`; raw bytes above 0x7F are no URI (RFC 3986) and are refused
 *   Host           = uri-host [ ":" port ], here as the set of bytes that it may have
 */

function table(...allowed: readonly (string | readonly [number, number])[]): Uint8Array {
  const set = new Uint8Array(256);
  for (const part of allowed) {
    if (typeof part === 'string') for (const letter of part) set[letter.charCodeAt(0)] = 1;
    else set.fill(1, part[0], part[1] + 1);
  }
  return set;
}

const DIGITS = [0x30, 0x39] as const;
const UPPER = [0x41, 0x5a] as const;
const LOWER = [0x61, 0x7a] as const;

/** RFC 9110 §5.6.2 tchar. */
export const TOKEN = table("!#$%&'*+-.^_`|~", DIGITS, UPPER, LOWER);

/** RFC 9110 §5.5, plus the spaces around it. */
export const FIELD_VALUE = table('\t', [0x20, 0x7e], [0x80, 0xff]);

/** RFC 9112 §3.2. */
export const TARGET = without(table([0x21, 0x7e]), '#');

/** RFC 3986 §3.2.2–3.2.3: reg-name, IP-literal, port. */
export const HOST = table("-._~!$&'()*+;=%:[]", DIGITS, UPPER, LOWER);

/** RFC 9112 §4 reason-phrase. */
export const REASON = FIELD_VALUE;

/** Value of a hexadecimal digit, 255 for any other byte. */
export const HEX = hexTable();

function without(set: Uint8Array, letters: string): Uint8Array {
  for (const letter of letters) set[letter.charCodeAt(0)] = 0;
  return set;
}

function hexTable(): Uint8Array {
  const values = new Uint8Array(256).fill(255);
  for (let digit = 0; digit < 16; digit++) {
    const letter = digit.toString(16);
    values[letter.charCodeAt(0)] = digit;
    values[letter.toUpperCase().charCodeAt(0)] = digit;
  }
  return values;
}

/** The first byte of the range that the table doesn't allow, or `end`. */
export function span(allowed: Uint8Array, bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && allowed[bytes[at] ?? 0] === 1) at++;
  return at;
}

export const CR = 0x0d;
export const LF = 0x0a;
export const SP = 0x20;
export const HTAB = 0x09;
export const COLON = 0x3a;
export const COMMA = 0x2c;
