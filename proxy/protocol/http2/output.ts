/** Bytes on their way to the owner's sink: frames are written into chunks one after the other, large data passes by. */
import { copy } from '../hpack/fields.ts';
import type { ByteSink } from '../sink.ts';

/** A busy turn's frames of one connection mostly fit, so that they leave in one write. */
const CHUNK_BYTES = 16 * 1024;
/** The first chunk of a connection that was idle; each next one is twice as large. */
const FIRST_CHUNK_BYTES = 512;
/** Chunks kept for reuse by all connections of the process. */
const SPARE_MAX = 16;
/** Data below this is copied behind its frame header, since two small writes cost more than one copy. */
const PASS_BYTES_MIN = 4 * 1024;

const spare: Uint8Array[] = [];
const NOTHING = new Uint8Array(0);

export class Output {
  /** Bytes written here ever, and bytes handed over ever. */
  written = 0;
  handed = 0;
  /** Being written; a range that was handed over is not written again before `reuse`. */
  bytes: Uint8Array = NOTHING;
  private from = 0;
  private at = 0;
  private nextBytes = FIRST_CHUNK_BYTES;
  /** Chunks that filled up before they were handed over, with their ranges. */
  private readonly full: { readonly bytes: Uint8Array; readonly from: number; readonly to: number }[] = [];

  get pending(): boolean {
    return this.written > this.handed;
  }

  /** Makes room for so many bytes in a row at the returned offset of `bytes`. */
  reserve(count: number): number {
    if (this.at + count > this.bytes.length) this.nextChunk(count);
    return this.at;
  }

  /** Bytes of `bytes` were written up to this offset. */
  commit(end: number): void {
    this.written += end - this.at;
    this.at = end;
  }

  /** Data of a frame: copied when small, else passed to the sink as it is, behind what is pending. */
  data(bytes: Uint8Array, start: number, end: number, out: ByteSink): void {
    if (end - start < PASS_BYTES_MIN) {
      const at = this.reserve(end - start);
      copy(bytes, start, end, this.bytes, at);
      this.commit(at + end - start);
      return;
    }
    this.handOver(out);
    out.write(bytes, start, end);
  }

  /** Gives all that is pending to the sink. */
  handOver(out: ByteSink): void {
    if (!this.pending) return;
    if (this.full.length > 0) {
      for (const { bytes, from, to } of this.full) out.write(bytes, from, to);
      this.full.length = 0;
    }
    if (this.at > this.from) out.write(this.bytes, this.from, this.at);
    this.from = this.at;
    this.handed = this.written;
  }

  /** Nobody holds what was handed over: its memory is free again. */
  reuse(): void {
    if (this.pending || this.bytes.length === 0) return;
    if (this.bytes.length === CHUNK_BYTES && spare.length < SPARE_MAX) spare.push(this.bytes);
    this.bytes = NOTHING;
    this.from = this.at = 0;
  }

  /** The connection is idle: it keeps no memory. What the sink still holds lives on by itself. */
  forget(): void {
    if (this.pending) return;
    this.bytes = NOTHING;
    this.from = this.at = 0;
    this.nextBytes = FIRST_CHUNK_BYTES;
  }

  private nextChunk(count: number): void {
    if (this.at > this.from) this.full.push({ bytes: this.bytes, from: this.from, to: this.at });
    this.bytes = this.chunk(count);
    this.from = this.at = 0;
  }

  private chunk(count: number): Uint8Array {
    const size = this.nextBytes;
    this.nextBytes = Math.min(CHUNK_BYTES, size * 2);
    if (size === CHUNK_BYTES && count <= size) return spare.pop() ?? new Uint8Array(size);
    return new Uint8Array(Math.max(size, count));
  }
}
