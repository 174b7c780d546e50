/** The dynamic table: entries in a flat buffer, the newest first by index, evicted from the oldest. RFC 7541 §2.3.2, §4. */
import { copy } from './fields.ts';
import { STATIC_TABLE } from './names.ts';

/** First index of the dynamic table. */
export const DYNAMIC_FIRST = STATIC_TABLE.length + 1;
/** What an entry counts beyond its bytes (§4.1). */
export const ENTRY_OVERHEAD = 32;

const STRIDE = 4;
const FIRST_ENTRIES = 8;
const FIRST_BYTES = 256;

/** Memory grows with use, at most to twice the table's size. Entries are found by number: each insertion has the next. */
export class DynamicTable {
  bytes = new Uint8Array(0);
  /** Entries held. */
  count = 0;
  /** Insertions ever; entry numbers are `inserted − count` to `inserted − 1`. */
  inserted = 0;
  /** By §4.1. */
  size = 0;
  private sizeMax: number;
  /** start, middle, end, meta of each entry, in a ring by number. */
  private marks = new Int32Array(0);
  private entries = 0;
  /** Where the next entry's bytes go. */
  private at = 0;

  constructor(sizeMax: number) {
    this.sizeMax = sizeMax;
  }

  get max(): number {
    return this.sizeMax;
  }

  /** Changes the size, which evicts (§4.3). */
  resize(sizeMax: number): void {
    this.sizeMax = sizeMax;
    this.evictTo(sizeMax);
  }

  /** The entry's number for an index from DYNAMIC_FIRST on, or −1. */
  numberAt(index: number): number {
    const back = index - DYNAMIC_FIRST;
    return back < this.count ? this.inserted - 1 - back : -1;
  }

  /** Index of an entry by its number, which must be alive. */
  indexOf(number: number): number {
    return DYNAMIC_FIRST + this.inserted - 1 - number;
  }

  alive(number: number): boolean {
    return number >= this.inserted - this.count && number < this.inserted;
  }

  start(number: number): number {
    return this.marks[(number & (this.entries - 1)) * STRIDE] ?? 0;
  }

  middle(number: number): number {
    return this.marks[(number & (this.entries - 1)) * STRIDE + 1] ?? 0;
  }

  end(number: number): number {
    return this.marks[(number & (this.entries - 1)) * STRIDE + 2] ?? 0;
  }

  meta(number: number): number {
    return this.marks[(number & (this.entries - 1)) * STRIDE + 3] ?? 0;
  }

  /** Inserts name and value, ranges of an array other than the table's own. An entry larger than the table empties it (§4.4). */
  insert(from: Uint8Array, nameStart: number, nameEnd: number, valueStart: number, valueEnd: number, meta: number): void {
    const nameBytes = nameEnd - nameStart;
    const length = nameBytes + valueEnd - valueStart;
    this.evictTo(this.sizeMax - length - ENTRY_OVERHEAD);
    if (length + ENTRY_OVERHEAD > this.sizeMax) return;
    this.makeRoom(length);
    const at = this.at;
    copy(from, nameStart, nameEnd, this.bytes, at);
    copy(from, valueStart, valueEnd, this.bytes, at + nameBytes);
    const mark = (this.inserted & (this.entries - 1)) * STRIDE;
    this.marks[mark] = at;
    this.marks[mark + 1] = at + nameBytes;
    this.marks[mark + 2] = this.at = at + length;
    this.marks[mark + 3] = meta;
    this.inserted++;
    this.count++;
    this.size += length + ENTRY_OVERHEAD;
  }

  private evictTo(size: number): void {
    while (this.count > 0 && this.size > size) {
      const oldest = this.inserted - this.count;
      this.size -= this.end(oldest) - this.start(oldest) + ENTRY_OVERHEAD;
      this.count--;
    }
    if (this.count === 0) this.at = 0;
  }

  private makeRoom(length: number): void {
    if (this.count === this.entries) this.growEntries();
    if (this.at + length <= this.bytes.length) return;
    const first = this.count === 0 ? this.at : this.start(this.inserted - this.count);
    const live = this.at - first;
    if ((live + length) * 2 > this.bytes.length) {
      const grown = new Uint8Array(Math.max(FIRST_BYTES, (live + length) * 2));
      grown.set(this.bytes.subarray(first, this.at));
      this.bytes = grown;
    } else this.bytes.copyWithin(0, first, this.at);
    for (let number = this.inserted - this.count; number < this.inserted; number++) this.shift(number, first);
    this.at = live;
  }

  private shift(number: number, by: number): void {
    const mark = (number & (this.entries - 1)) * STRIDE;
    for (let part = 0; part < 3; part++) this.marks[mark + part] = (this.marks[mark + part] ?? 0) - by;
  }

  /** The ring's size stays a power of two, so that a number's place is a mask away. */
  private growEntries(): void {
    const entries = Math.max(FIRST_ENTRIES, this.entries * 2);
    const marks = new Int32Array(entries * STRIDE);
    for (let number = this.inserted - this.count; number < this.inserted; number++) {
      const from = (number & (this.entries - 1)) * STRIDE;
      marks.set(this.marks.subarray(from, from + STRIDE), (number & (entries - 1)) * STRIDE);
    }
    this.marks = marks;
    this.entries = entries;
  }
}
