/** Bytes on their way out, kept as ranges of the arrays that they came in; neighbours become one range. */
import type { ByteSink } from '../protocol/sink.ts';

export class Slices implements ByteSink {
  private readonly arrays: Uint8Array[] = [];
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  private first = 0;
  private total = 0;

  /** Bytes held. */
  get length(): number {
    return this.total;
  }

  write(bytes: Uint8Array, start: number, end: number): void {
    if (end <= start) return;
    this.total += end - start;
    const last = this.arrays.length - 1;
    if (last >= this.first && this.arrays[last] === bytes && this.ends[last] === start) {
      this.ends[last] = end;
      return;
    }
    this.arrays.push(bytes);
    this.starts.push(start);
    this.ends.push(end);
  }

  /**
   * Gives the next bytes to `take`, which returns how many it took: one range as it is, or several small ones copied
   * into `scratch`. Returns whether all that was offered was taken.
   */
  offer(scratch: Uint8Array, take: (bytes: Uint8Array, start: number, length: number) => number): boolean {
    const array = this.arrays[this.first];
    const start = this.starts[this.first];
    const end = this.ends[this.first];
    if (array === undefined || start === undefined || end === undefined) return true;
    if (this.first === this.arrays.length - 1 || end - start >= scratch.length / 2) return this.took(end - start, take(array, start, end - start));
    const length = this.gather(scratch);
    return this.took(length, take(scratch, 0, length));
  }

  /** Moves all to another sink. */
  moveTo(sink: ByteSink): void {
    this.copyTo(sink);
    this.clear();
  }

  /** Writes all to another sink and keeps it. */
  copyTo(sink: ByteSink): void {
    for (let at = this.first; at < this.arrays.length; at++) {
      const array = this.arrays[at];
      if (array !== undefined) sink.write(array, this.starts[at] ?? 0, this.ends[at] ?? 0);
    }
  }

  clear(): void {
    this.arrays.length = this.starts.length = this.ends.length = 0;
    this.first = this.total = 0;
  }

  private gather(scratch: Uint8Array): number {
    let length = 0;
    for (let at = this.first; at < this.arrays.length; at++) {
      const start = this.starts[at] ?? 0;
      const end = this.ends[at] ?? 0;
      if (length + end - start > scratch.length) break;
      const array = this.arrays[at];
      if (array !== undefined) scratch.set(array.subarray(start, end), length);
      length += end - start;
    }
    return length;
  }

  private took(offered: number, taken: number): boolean {
    let left = taken;
    this.total -= taken;
    while (left > 0) {
      const start = this.starts[this.first] ?? 0;
      const length = (this.ends[this.first] ?? 0) - start;
      if (length > left) {
        this.starts[this.first] = start + left;
        break;
      }
      left -= length;
      this.first++;
    }
    if (this.first === this.arrays.length) this.clear();
    return taken === offered;
  }
}
