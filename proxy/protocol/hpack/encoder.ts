/** Encodes a FieldList. RFC 7541 §6. Strings go raw; what repeats goes into the table at its second sight, so that one-off values never push out the others. */
import { ascii, same } from '../bytes.ts';
import { HEADER_TABLE_BYTES } from '../http2/limits.ts';
import { FIELD, type FieldList, copy } from './fields.ts';
import { INTEGER_BYTES_MAX, writeInteger } from './integer.ts';
import { NAME, STATIC_TABLE } from './names.ts';
import { DYNAMIC_FIRST, DynamicTable, ENTRY_OVERHEAD } from './table.ts';

const STATIC_VALUES: readonly Uint8Array[] = [new Uint8Array(0), ...STATIC_TABLE.map(([, value]) => ascii(value))];
/** Static entries with the same name stand together; how many, by the first's index. */
const STATIC_RUN = Uint8Array.from({ length: DYNAMIC_FIRST }, (_, index) => STATIC_TABLE.filter(([name]) => name === STATIC_TABLE[index - 1]?.[0]).length);

/** Slots of the hash tables: a power of two, as many as entries that the table can hold. */
const SLOTS = 128;
/** A larger field would push out too many others. */
const ENTRY_SHARE = 1 / 4;
/** Short cookies can be guessed through the compression's size (§7.1); nghttp2 keeps those below 20 bytes out of the table as well. */
const COOKIE_GUESSABLE_BYTES = 20;

/** Representations: pattern and mask of the first byte. */
const INDEXED = 0x80;
const INCREMENTAL = 0x40;
const SIZE_UPDATE = 0x20;
const NEVER = 0x10;

/** One for the life of a connection, since the table is. */
export class Encoder {
  private readonly table: DynamicTable;
  private readonly sizeMax: number;
  /** The smallest and the last size since the last block, or −1. */
  private smallest = -1;
  private pending = -1;
  /** Hash of a field → its number + 1; of a name → a number + 1 of an entry with that name. Stale ones are found by comparing. */
  private fields: Int32Array | null = null;
  private names: Int32Array | null = null;
  /** Hashes of fields that were seen. */
  private seen: Int32Array | null = null;

  /** `sizeMax` bounds our memory whatever the peer allows. */
  constructor(sizeMax = HEADER_TABLE_BYTES) {
    this.sizeMax = sizeMax;
    this.table = new DynamicTable(sizeMax);
  }

  /** Bytes in the table, by §4.1. */
  get tableBytes(): number {
    return this.table.size;
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE; the next block begins by acknowledging it (§4.2). */
  limit(size: number): void {
    const used = Math.min(size, this.sizeMax);
    if (used === this.table.max) return;
    this.smallest = this.smallest < 0 ? used : Math.min(this.smallest, used);
    this.pending = used;
    this.table.resize(used);
  }

  /** Bytes that a list can take at most. */
  static bound(list: FieldList): number {
    return list.length + list.count * 3 * INTEGER_BYTES_MAX + 2 * INTEGER_BYTES_MAX;
  }

  /** Writes the block of the list's fields, pseudo fields first, from `at` on, where `bound` bytes are free; returns the offset behind. */
  encode(list: FieldList, out: Uint8Array, at: number): number {
    let next = this.writeSizeUpdates(out, at);
    const { count } = list;
    let others = 0;
    for (let index = 0; index < count; index++) {
      const meta = list.meta(index);
      if ((meta & FIELD.pseudo) === 0) others++;
      else if ((meta & FIELD.removed) === 0) next = this.writeField(list, index, meta, out, next);
    }
    if (others === 0) return next;
    for (let index = 0; index < count; index++) {
      const meta = list.meta(index);
      if ((meta & (FIELD.pseudo | FIELD.removed)) === 0) next = this.writeField(list, index, meta, out, next);
    }
    return next;
  }

  private writeSizeUpdates(out: Uint8Array, at: number): number {
    if (this.pending < 0) return at;
    let next = at;
    if (this.smallest < this.pending) next = writeInteger(out, next, SIZE_UPDATE, 0x1f, this.smallest);
    next = writeInteger(out, next, SIZE_UPDATE, 0x1f, this.pending);
    this.smallest = this.pending = -1;
    return next;
  }

  private writeField(list: FieldList, index: number, meta: number, out: Uint8Array, at: number): number {
    const known = meta & 0xff;
    const { bytes } = list;
    const start = list.nameStart(index);
    const middle = list.nameEnd(index);
    const end = list.valueEnd(index);
    if ((meta & FIELD.neverIndexed) !== 0) return this.writeLiteral(bytes, start, middle, end, known, NEVER, 0x0f, out, at);
    if (known > 0 && known < DYNAMIC_FIRST) {
      const same = staticIndex(known, bytes, middle, end);
      if (same > 0) return writeInteger(out, at, INDEXED, 0x7f, same);
    }
    if (guessable(known, end - middle)) return this.writeLiteral(bytes, start, middle, end, known, NEVER, 0x0f, out, at);
    if (end - start + ENTRY_OVERHEAD > this.table.max * ENTRY_SHARE) return this.writeLiteral(bytes, start, middle, end, known, 0, 0x0f, out, at);
    return this.writeIndexable(bytes, start, middle, end, known, meta, out, at);
  }

  private writeIndexable(bytes: Uint8Array, start: number, middle: number, end: number, known: number, meta: number, out: Uint8Array, at: number): number {
    const hash = hashOf(bytes, middle, end, known > 0 ? known : hashOf(bytes, start, middle, 0));
    const slot = hash & (SLOTS - 1);
    const fields = (this.fields ??= new Int32Array(SLOTS));
    const { table } = this;
    const number = (fields[slot] ?? 0) - 1;
    if (number >= 0 && table.alive(number) && this.isEntry(number, bytes, start, middle, end)) return writeInteger(out, at, INDEXED, 0x7f, table.indexOf(number));
    const seen = (this.seen ??= new Int32Array(SLOTS));
    if (seen[slot] !== hash) {
      seen[slot] = hash;
      return this.writeLiteral(bytes, start, middle, end, known, 0, 0x0f, out, at);
    }
    const behind = this.writeLiteral(bytes, start, middle, end, known, INCREMENTAL, 0x3f, out, at);
    table.insert(bytes, start, middle, middle, end, meta);
    fields[slot] = table.inserted;
    if (known === 0 || known >= DYNAMIC_FIRST) (this.names ??= new Int32Array(SLOTS))[nameSlot(bytes, start, middle, known)] = table.inserted;
    return behind;
  }

  private isEntry(number: number, bytes: Uint8Array, start: number, middle: number, end: number): boolean {
    const { table } = this;
    const from = table.start(number);
    if (table.middle(number) - from !== middle - start || table.end(number) - from !== end - start) return false;
    return sameRange(table.bytes, from, bytes, start, end - start);
  }

  private writeLiteral(bytes: Uint8Array, start: number, middle: number, end: number, known: number, pattern: number, mask: number, out: Uint8Array, at: number): number {
    const name = known > 0 && known < DYNAMIC_FIRST ? known : this.nameIndex(bytes, start, middle, known);
    let next = writeInteger(out, at, pattern, mask, name);
    if (name === 0) next = writeString(bytes, start, middle, out, next);
    return writeString(bytes, middle, end, out, next);
  }

  /** Index of an entry of the dynamic table with this name, or 0. */
  private nameIndex(bytes: Uint8Array, start: number, middle: number, known: number): number {
    if (this.names === null) return 0;
    const { table } = this;
    const number = (this.names[nameSlot(bytes, start, middle, known)] ?? 0) - 1;
    if (number < 0 || !table.alive(number)) return 0;
    const from = table.start(number);
    if (table.middle(number) - from !== middle - start || !sameRange(table.bytes, from, bytes, start, middle - start)) return 0;
    return table.indexOf(number);
  }
}

function staticIndex(known: number, bytes: Uint8Array, middle: number, end: number): number {
  const behind = known + (STATIC_RUN[known] ?? 0);
  for (let index = known; index < behind; index++) {
    const value = STATIC_VALUES[index];
    if (value !== undefined && same(bytes, middle, end, value)) return index;
  }
  return 0;
}

function guessable(known: number, valueBytes: number): boolean {
  if (known === NAME.authorization || known === NAME['proxy-authorization']) return true;
  return known === NAME.cookie && valueBytes < COOKIE_GUESSABLE_BYTES;
}

function nameSlot(bytes: Uint8Array, start: number, middle: number, known: number): number {
  return (known > 0 ? Math.imul(known, 0x9e3779b1) >>> 8 : hashOf(bytes, start, middle, 0)) & (SLOTS - 1);
}

/** FNV-1a with its high bits folded in. */
function hashOf(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return hash ^ (hash >>> 15);
}

function sameRange(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, length: number): boolean {
  for (let at = 0; at < length; at++) {
    if (a[aStart + at] !== b[bStart + at]) return false;
  }
  return true;
}

function writeString(bytes: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  const next = writeInteger(out, at, 0, 0x7f, end - start);
  copy(bytes, start, end, out, next);
  return next + end - start;
}
