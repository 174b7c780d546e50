/** A field section as flat bytes and offsets: what the decoder fills, a forwarder edits and the encoder reads. No strings, no map. */
import { ascii, same, text } from '../bytes.ts';
import { NAME, NAME_BYTES, lookUp } from './names.ts';

/** Offsets per field: name, value (where the name ends), end, meta. */
const STRIDE = 4;
const META = 3;
const KNOWN_MASK = 0xff;

/** Bits of a field's meta, above the number of its name. */
export const FIELD = {
  /** RFC 7541 §7.1.3: no hop may put it into a table. */
  neverIndexed: 0x100,
  /** Left out when the list is written or copied. */
  removed: 0x200,
  /** Not a lower-case token (RFC 9113 §8.2.1), or a pseudo field that nobody knows. */
  badName: 0x400,
  /** Has NUL, CR, LF or surrounding white space (RFC 9113 §8.2.1). */
  badValue: 0x800,
  /** Its name begins with a colon. */
  pseudo: 0x1000,
} as const;

const FIRST_BYTES = 512;
const FIRST_FIELDS = 16;
const COLON = 0x3a;

/**
 * Fields in their order, each by an index from 0 to `count` − 1. Offsets are into `bytes`, which moves when the list
 * grows: don't keep it. A list that an engine hands out is reused for its next head; `copyFrom` keeps it.
 */
export class FieldList {
  bytes: Uint8Array;
  /** Bytes used. */
  length = 0;
  /** Fields, removed ones too. */
  count = 0;
  private marks: Int32Array;

  constructor(bytes = FIRST_BYTES, fields = FIRST_FIELDS) {
    this.bytes = new Uint8Array(bytes);
    this.marks = new Int32Array(fields * STRIDE);
  }

  /** Forgets all fields and keeps the memory. */
  clear(): void {
    this.length = this.count = 0;
  }

  nameStart(index: number): number {
    return this.marks[index * STRIDE] ?? 0;
  }

  /** Where the value starts, which is where the name ends. */
  valueStart(index: number): number {
    return this.marks[index * STRIDE + 1] ?? 0;
  }

  nameEnd(index: number): number {
    return this.marks[index * STRIDE + 1] ?? 0;
  }

  valueEnd(index: number): number {
    return this.marks[index * STRIDE + 2] ?? 0;
  }

  /** Number of the field's name (see `NAME`), 0 for any other. */
  known(index: number): number {
    return (this.marks[index * STRIDE + META] ?? 0) & KNOWN_MASK;
  }

  /** Number and bits of `FIELD`. */
  meta(index: number): number {
    return this.marks[index * STRIDE + META] ?? 0;
  }

  removed(index: number): boolean {
    return (this.meta(index) & FIELD.removed) !== 0;
  }

  /** The first field of this known name, or −1. */
  find(known: number): number {
    return this.findFrom(known, 0);
  }

  /** The first field of this known name from an index on, or −1. */
  findFrom(known: number, from: number): number {
    const { marks, count } = this;
    for (let index = from; index < count; index++) {
      if (((marks[index * STRIDE + META] ?? 0) & (KNOWN_MASK | FIELD.removed)) === known) return index;
    }
    return -1;
  }

  /** The first field with this name in lower case, known or not, or −1. */
  findName(name: Uint8Array): number {
    for (let index = 0; index < this.count; index++) {
      if (!this.removed(index) && same(this.bytes, this.nameStart(index), this.nameEnd(index), name)) return index;
    }
    return -1;
  }

  /** Whether a field's value is exactly this; false for index −1. */
  valueIs(index: number, value: Uint8Array): boolean {
    return index >= 0 && same(this.bytes, this.valueStart(index), this.valueEnd(index), value);
  }

  /** Text of a field's name; for rare reads only. */
  nameText(index: number): string {
    return text(this.bytes, this.nameStart(index), this.nameEnd(index));
  }

  /** Text of a field's value, each byte as a character; for rare reads only. */
  valueText(index: number): string {
    return text(this.bytes, this.valueStart(index), this.valueEnd(index));
  }

  /** Text of the first field of a known name, or null; for rare reads only. */
  text(known: number): string | null {
    const index = this.find(known);
    return index < 0 ? null : this.valueText(index);
  }

  /** The three digits of `:status`, or 0. */
  status(): number {
    const index = this.find(NAME.status);
    if (index < 0) return 0;
    const { bytes } = this;
    const at = this.valueStart(index);
    if (this.valueEnd(index) - at !== 3) return 0;
    const hundreds = (bytes[at] ?? 0) - 48;
    const tens = (bytes[at + 1] ?? 0) - 48;
    const ones = (bytes[at + 2] ?? 0) - 48;
    if (hundreds < 1 || hundreds > 9 || tens < 0 || tens > 9 || ones < 0 || ones > 9) return 0;
    return hundreds * 100 + tens * 10 + ones;
  }

  /** Appends a field from two ranges. `bits` are those of `FIELD`; the name's number is looked up. */
  add(name: Uint8Array, nameStart: number, nameEnd: number, value: Uint8Array, valueStart: number, valueEnd: number, bits = 0): void {
    const known = lookUp(name, nameStart, nameEnd);
    const pseudo = name[nameStart] === COLON ? FIELD.pseudo : 0;
    this.append(name, nameStart, nameEnd, value, valueStart, valueEnd, known | pseudo | bits);
  }

  /** Appends a field of a known name. */
  addKnown(known: number, value: Uint8Array, valueStart: number, valueEnd: number, bits = 0): void {
    const name = NAME_BYTES[known] ?? value;
    this.append(name, 0, name.length, value, valueStart, valueEnd, known | (name[0] === COLON ? FIELD.pseudo : 0) | bits);
  }

  /** Appends a field from texts of ASCII; for rare writes only. */
  addText(name: string, value: string, bits = 0): void {
    const nameBytes = ascii(name);
    const valueBytes = ascii(value);
    this.add(nameBytes, 0, nameBytes.length, valueBytes, 0, valueBytes.length, bits);
  }

  /** Appends a field of another list as it is, its bits with it. */
  addFrom(other: FieldList, index: number): void {
    const start = other.nameStart(index);
    const middle = other.nameEnd(index);
    this.append(other.bytes, start, middle, other.bytes, middle, other.valueEnd(index), other.meta(index));
  }

  /** Leaves a field out from now on; indices of the others stay. */
  remove(index: number): void {
    this.marks[index * STRIDE + META] = this.meta(index) | FIELD.removed;
  }

  /** Leaves out every field of a known name. */
  removeAll(known: number): void {
    for (let index = this.find(known); index >= 0; index = this.findFrom(known, index + 1)) this.remove(index);
  }

  /** Gives a field another value in its place; its bits stay. */
  replace(index: number, value: Uint8Array, valueStart: number, valueEnd: number): void {
    const nameStart = this.nameStart(index);
    const nameEnd = this.nameEnd(index);
    const at = this.length;
    this.reserve(nameEnd - nameStart + valueEnd - valueStart);
    this.bytes.copyWithin(at, nameStart, nameEnd);
    copy(value, valueStart, valueEnd, this.bytes, at + nameEnd - nameStart);
    this.length = at + nameEnd - nameStart + valueEnd - valueStart;
    this.marks[index * STRIDE] = at;
    this.marks[index * STRIDE + 1] = at + nameEnd - nameStart;
    this.marks[index * STRIDE + 2] = this.length;
  }

  /** Becomes a copy of another list. */
  copyFrom(other: FieldList): void {
    this.clear();
    this.reserve(other.length);
    this.reserveFields(other.count);
    copy(other.bytes, 0, other.length, this.bytes, 0);
    for (let at = 0; at < other.count * STRIDE; at++) this.marks[at] = other.marks[at] ?? 0;
    this.length = other.length;
    this.count = other.count;
  }

  /** Appends with all bits given: number of the name, `FIELD` bits. For the decoder; others use `add`. */
  append(name: Uint8Array, nameStart: number, nameEnd: number, value: Uint8Array, valueStart: number, valueEnd: number, meta: number): void {
    const start = this.length;
    const middle = start + nameEnd - nameStart;
    const end = middle + valueEnd - valueStart;
    this.reserve(end - start);
    copy(name, nameStart, nameEnd, this.bytes, start);
    copy(value, valueStart, valueEnd, this.bytes, middle);
    this.mark(start, middle, end, meta);
  }

  /** Takes bytes that were written behind `length` as a field. For the decoder. */
  mark(start: number, middle: number, end: number, meta: number): void {
    this.reserveFields(1);
    const at = this.count++ * STRIDE;
    this.marks[at] = start;
    this.marks[at + 1] = middle;
    this.marks[at + 2] = end;
    this.marks[at + META] = meta;
    this.length = end;
  }

  /** Makes room for so many more bytes behind `length`; keeps what the decoder has written there already. */
  reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.length + more, this.bytes.length * 2));
    grown.set(this.bytes);
    this.bytes = grown;
  }

  private reserveFields(more: number): void {
    const needed = (this.count + more) * STRIDE;
    if (needed <= this.marks.length) return;
    const grown = new Int32Array(Math.max(needed, this.marks.length * 2));
    grown.set(this.marks);
    this.marks = grown;
  }
}

/** Ranges below this are copied faster by a loop than through a view. */
const LOOP_BYTES_MAX = 48;

/** Copies a range into another array. */
export function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start > LOOP_BYTES_MAX) {
    to.set(from.subarray(start, end), at);
    return;
  }
  for (let index = start, out = at; index < end; index++, out++) to[out] = from[index] ?? 0;
}
