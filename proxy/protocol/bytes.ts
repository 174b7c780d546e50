/** Bytes and ASCII without the runtime: no TextEncoder, no Buffer, nothing that a pure folder may not name. */

/** The bytes of an ASCII text; throws `RangeError` for any other character. */
export function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) throw new RangeError(`character ${at} of ${JSON.stringify(text)} is not ASCII`);
    bytes[at] = code;
  }
  return bytes;
}

/** The text of a range, each byte as the character of its number (ISO 8859-1). */
export function text(bytes: Uint8Array, start: number, end: number): string {
  let out = '';
  for (let at = start; at < end; at++) out += String.fromCharCode(bytes[at] ?? 0);
  return out;
}

/** Whether the range spells `lower` (lower-case letters, digits and `-`), whatever its case. The range must be a token. */
export function spells(bytes: Uint8Array, start: number, end: number, lower: Uint8Array): boolean {
  if (end - start !== lower.length) return false;
  return startsWith(bytes, start, end, lower);
}

/** Whether the range begins with `lower`, whatever its case. The range must be a token. */
export function startsWith(bytes: Uint8Array, start: number, end: number, lower: Uint8Array): boolean {
  if (end - start < lower.length) return false;
  for (let at = 0; at < lower.length; at++) {
    if (((bytes[start + at] ?? 0) | 0x20) !== lower[at]) return false;
  }
  return true;
}

/** Whether the range is exactly these bytes. */
export function same(bytes: Uint8Array, start: number, end: number, exact: Uint8Array): boolean {
  if (end - start !== exact.length) return false;
  for (let at = 0; at < exact.length; at++) {
    if (bytes[start + at] !== exact[at]) return false;
  }
  return true;
}

/** One array of several. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
