/** A request's content while it may still have to be sent, for the first time or once more: ranges, never copies. */
import type { Http2Stream } from '../protocol/http2/stream.ts';

/** More is not kept: whoever refuses a stream behind that much of it has read some. Linkerd's limit for repeated bodies. */
export const REPLAY_BYTES_MAX = 64 * 1024;

export class RequestBody {
  private readonly arrays: Uint8Array[] = [];
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  private total = 0;
  /** All that came is here. */
  whole = true;

  /** Keeps a range, or lets go of all once there is too much; `must`: it was never sent, so that it is kept in any case. */
  keep(bytes: Uint8Array, start: number, end: number, must: boolean): void {
    if (!this.whole || start === end) return;
    this.total += end - start;
    if (this.total > REPLAY_BYTES_MAX && !must) return this.drop();
    this.arrays.push(bytes);
    this.starts.push(start);
    this.ends.push(end);
  }

  /** Sends what is kept; `last` ends the request. */
  sendTo(stream: Http2Stream, last: boolean): void {
    const { arrays, starts, ends } = this;
    const final = arrays.length - 1;
    for (const [at, array] of arrays.entries()) stream.sendData(array, starts[at] ?? 0, ends[at] ?? 0, last && at === final);
    if (last && final < 0) stream.end();
  }

  /** What was sent can't be sent again. */
  drop(): void {
    this.whole = false;
    this.arrays.length = this.starts.length = this.ends.length = 0;
  }
}
