/** Ids of our own rows: a prefix that says what it names, then 80 random bits in Crockford's base 32, lower case. */

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const ID_BYTES = 10;

const PREFIXES = {
  cluster: 'clu',
  token: 'tok',
  rule: 'rul',
  channel: 'cha',
  incident: 'inc',
  delivery: 'del',
  session: 'ses',
  request: 'req',
  invitation: 'inv',
  tap: 'tap',
} as const;

/** Random bytes of the given count; from `node:crypto` in the mains, seeded in tests. */
export type RandomBytes = (count: number) => Uint8Array;

export function newId(kind: keyof typeof PREFIXES, randomBytes: RandomBytes): string {
  return `${PREFIXES[kind]}_${base32(randomBytes(ID_BYTES))}`;
}

/** Crockford's base 32 of the bytes, 8 characters for 5 bytes; the last character is padded with zero bits. */
export function base32(bytes: Uint8Array): string {
  let text = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += ALPHABET.charAt((held >> (bits - 5)) & 31);
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + ALPHABET.charAt((held << (5 - bits)) & 31) : text;
}
