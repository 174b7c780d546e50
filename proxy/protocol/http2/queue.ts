/** Which stream sends next: round robin, a frame a turn, which is fair by bytes since frames are of one size. */
import type { Http2Stream } from './stream.ts';

/** A queue of streams linked through `nextInQueue`; a stream stands in at most one. */
export class StreamQueue {
  private first: Http2Stream | null = null;
  private last: Http2Stream | null = null;

  get empty(): boolean {
    return this.first === null;
  }

  push(stream: Http2Stream): void {
    if (stream.inQueue) return;
    stream.inQueue = true;
    stream.nextInQueue = null;
    if (this.last === null) this.first = stream;
    else this.last.nextInQueue = stream;
    this.last = stream;
  }

  shift(): Http2Stream | null {
    const stream = this.first;
    if (stream === null) return null;
    this.first = stream.nextInQueue;
    if (this.first === null) this.last = null;
    stream.nextInQueue = null;
    stream.inQueue = false;
    return stream;
  }

  clear(): void {
    while (this.shift() !== null);
  }
}

/** A range of data on its way out. */
interface Piece {
  readonly bytes: Uint8Array;
  start: number;
  end: number;
  next: Piece | null;
}

/** The data of one stream, by ranges; nothing is copied. */
export class DataQueue {
  length = 0;
  private first: Piece | null = null;
  private last: Piece | null = null;

  push(bytes: Uint8Array, start: number, end: number): void {
    if (end <= start) return;
    this.length += end - start;
    const { last } = this;
    if (last !== null && last.bytes === bytes && last.end === start) {
      last.end = end;
      return;
    }
    const piece: Piece = { bytes, start, end, next: null };
    if (last === null) this.first = piece;
    else last.next = piece;
    this.last = piece;
  }

  /** Takes so many bytes off the front, which must be there, and shows them to `take` range by range. */
  shift(count: number, take: (bytes: Uint8Array, start: number, end: number) => void): void {
    let left = count;
    this.length -= count;
    while (left > 0 && this.first !== null) {
      const piece = this.first;
      const taken = Math.min(left, piece.end - piece.start);
      take(piece.bytes, piece.start, piece.start + taken);
      piece.start += taken;
      left -= taken;
      if (piece.start === piece.end) this.first = piece.next;
    }
    if (this.first === null) this.last = null;
  }

  clear(): void {
    this.first = this.last = null;
    this.length = 0;
  }
}
