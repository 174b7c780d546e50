/** Decodes header blocks into a FieldList. RFC 7541 §3, §6; names and values are checked as RFC 9113 §8.2.1 asks. */
import { FIELD_VALUE, HTAB, SP, TOKEN, span } from '../http1/grammar.ts';
import { HEADER_LIST_EXCESS, HEADER_TABLE_BYTES } from '../http2/limits.ts';
import { FIELD, type FieldList, copy } from './fields.ts';
import { decodeHuffman, decodedMax } from './huffman.ts';
import { CompressionError, IntegerReader } from './integer.ts';
import { NAME, NAME_BYTES, STATIC_TABLE, lookUp } from './names.ts';
import { DYNAMIC_FIRST, DynamicTable, ENTRY_OVERHEAD } from './table.ts';
import { ascii } from '../bytes.ts';

const COLON = 0x3a;
const STATIC_VALUES: readonly Uint8Array[] = [new Uint8Array(0), ...STATIC_TABLE.map(([, value]) => ascii(value))];
/** Number and bits of the name of each index of the static table. */
const STATIC_META = Int32Array.from([0, ...STATIC_TABLE.map(([name]) => lookUp(ascii(name), 0, name.length) | (name.startsWith(':') ? FIELD.pseudo : 0))]);
/** Bits that belong to an entry whoever refers to it. */
const NAME_BITS = ~(FIELD.badValue | FIELD.neverIndexed | FIELD.removed);

/** One for the life of a connection, since the table is. */
export class Decoder {
  private readonly table: DynamicTable;
  private readonly integers = new IntegerReader();
  /** What we announced as SETTINGS_HEADER_TABLE_SIZE. */
  private tableMax: number;
  /** The list got larger than allowed: what follows only keeps the table right. */
  private overflow = false;
  private listBytes = 0;

  constructor(tableMax = HEADER_TABLE_BYTES) {
    this.tableMax = tableMax;
    this.table = new DynamicTable(tableMax);
  }

  /** Bytes in the table, by §4.1. */
  get tableBytes(): number {
    return this.table.size;
  }

  /** The peer has acknowledged another SETTINGS_HEADER_TABLE_SIZE. */
  limit(tableMax: number): void {
    this.tableMax = tableMax;
    if (tableMax < this.table.max) this.table.resize(tableMax);
  }

  /**
   * Decodes a whole block into the list, which it clears first. Returns false when the list, counted as RFC 9113 §6.5.2
   * does, is larger than `listBytesMax`: then it is cut, and the table is right all the same. Throws CompressionError.
   */
  decode(bytes: Uint8Array, start: number, end: number, list: FieldList, listBytesMax: number): boolean {
    list.clear();
    this.overflow = false;
    this.listBytes = 0;
    let at = this.readSizeUpdates(bytes, start, end);
    while (at < end) {
      const byte = bytes[at] ?? 0;
      if (byte >= 0x80) at = this.readIndexed(bytes, at, end, list);
      else if (byte >= 0x40) at = this.readLiteral(bytes, at, end, list, 0x3f, 0, true);
      else if (byte >= 0x20) throw new CompressionError('a size update stands behind a field');
      else at = this.readLiteral(bytes, at, end, list, 0x0f, byte >= 0x10 ? FIELD.neverIndexed : 0, false);
      if (this.listBytes > listBytesMax) this.tooLarge(listBytesMax);
    }
    return !this.overflow;
  }

  private tooLarge(listBytesMax: number): void {
    this.overflow = true;
    if (this.listBytes > listBytesMax * HEADER_LIST_EXCESS) throw new CompressionError(`a field list is more than ${HEADER_LIST_EXCESS} times too large`, true);
  }

  /** §4.2, §6.3: at the start of a block only. */
  private readSizeUpdates(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && ((bytes[at] ?? 0) & 0xe0) === 0x20) {
      const size = this.integers.read(bytes, at, end, 0x1f);
      if (size > this.tableMax) throw new CompressionError(`the table can't grow to ${size} bytes, above the announced ${this.tableMax}`);
      this.table.resize(size);
      at = this.integers.at;
    }
    return at;
  }

  private readIndexed(bytes: Uint8Array, at: number, end: number, list: FieldList): number {
    const index = this.integers.read(bytes, at, end, 0x7f);
    const behind = this.integers.at;
    const { table } = this;
    if (index > 0 && index < DYNAMIC_FIRST) {
      const name = NAME_BYTES[index] ?? bytes;
      const value = STATIC_VALUES[index] ?? bytes;
      if (this.counts(name.length + value.length)) list.append(name, 0, name.length, value, 0, value.length, STATIC_META[index] ?? 0);
      return behind;
    }
    const number = index === 0 ? -1 : table.numberAt(index);
    if (number < 0) throw new CompressionError(`there is no table entry ${index}`);
    const from = table.start(number);
    const to = table.end(number);
    if (this.counts(to - from)) list.append(table.bytes, from, table.middle(number), table.bytes, table.middle(number), to, table.meta(number));
    return behind;
  }

  /** Counts a field of so many bytes; says whether it still goes into the list. */
  private counts(length: number): boolean {
    this.listBytes += length + ENTRY_OVERHEAD;
    return !this.overflow;
  }

  /** A literal is written behind the list's last byte, goes into the table from there, and stays in the list if it fits. */
  private readLiteral(bytes: Uint8Array, at: number, end: number, list: FieldList, mask: number, bits: number, indexed: boolean): number {
    const index = this.integers.read(bytes, at, end, mask);
    const start = list.length;
    let meta = bits;
    let behind = this.integers.at;
    if (index === 0) {
      behind = this.readString(bytes, behind, end, list, start);
      meta |= metaOfName(list.bytes, start, this.written);
    } else meta |= this.copyName(index, list, start);
    const middle = this.written;
    behind = this.readString(bytes, behind, end, list, middle);
    if (!validValue(list.bytes, middle, this.written)) meta |= FIELD.badValue;
    if (indexed) this.table.insert(list.bytes, start, middle, middle, this.written, meta);
    if (this.counts(this.written - start)) list.mark(start, middle, this.written, meta);
    return behind;
  }

  /** Offset in the list behind what was written last. */
  private written = 0;

  private copyName(index: number, list: FieldList, at: number): number {
    const { table } = this;
    if (index < DYNAMIC_FIRST) {
      const name = NAME_BYTES[index] ?? list.bytes;
      list.reserve(name.length);
      copy(name, 0, name.length, list.bytes, at);
      this.written = at + name.length;
      return STATIC_META[index] ?? 0;
    }
    const number = table.numberAt(index);
    if (number < 0) throw new CompressionError(`there is no table entry ${index}`);
    const from = table.start(number);
    const to = table.middle(number);
    list.reserve(to - from);
    copy(table.bytes, from, to, list.bytes, at);
    this.written = at + to - from;
    return table.meta(number) & NAME_BITS;
  }

  /** §5.2. Writes the string into the list's bytes at an offset at or behind its length. */
  private readString(bytes: Uint8Array, at: number, end: number, list: FieldList, to: number): number {
    if (at >= end) throw new CompressionError('a string is missing');
    const huffman = (bytes[at] ?? 0) >= 0x80;
    const length = this.integers.read(bytes, at, end, 0x7f);
    const from = this.integers.at;
    if (length > end - from) throw new CompressionError('a string is cut');
    const ahead = to - list.length;
    if (huffman) {
      list.reserve(ahead + decodedMax(length));
      this.written = decodeHuffman(bytes, from, from + length, list.bytes, to);
    } else {
      list.reserve(ahead + length);
      copy(bytes, from, from + length, list.bytes, to);
      this.written = to + length;
    }
    return from + length;
  }
}

function metaOfName(bytes: Uint8Array, start: number, end: number): number {
  const known = lookUp(bytes, start, end);
  const pseudo = end > start && bytes[start] === COLON ? FIELD.pseudo : 0;
  if (known !== NAME.other) return known | pseudo;
  return pseudo | (pseudo === 0 && validName(bytes, start, end) ? 0 : FIELD.badName);
}

function validName(bytes: Uint8Array, start: number, end: number): boolean {
  if (end === start || span(TOKEN, bytes, start, end) < end) return false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x41 && byte <= 0x5a) return false;
  }
  return true;
}

function validValue(bytes: Uint8Array, start: number, end: number): boolean {
  if (end === start) return true;
  if (isBlank(bytes[start]) || isBlank(bytes[end - 1])) return false;
  return span(FIELD_VALUE, bytes, start, end) === end;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SP || byte === HTAB;
}
