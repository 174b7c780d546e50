/** Which streams there are, and what became of the ids that are none any more. RFC 9113 §5.1.1. */
import { GAPS_REMEMBERED_MAX, RESET_REMEMBERED_MAX, STREAM_ID_MAX } from './limits.ts';
import type { Http2Stream } from './stream.ts';

/** What an id means that has no stream: never used, closed in the ordinary way, reset by us, passed over by the peer, or above our GOAWAY. */
export type Absence = 'idle' | 'closed' | 'reset' | 'skipped' | 'refused';

export class StreamRegistry {
  /** Streams that are neither closed nor reset. */
  readonly streams = new Map<number, Http2Stream>();
  /** The highest id that the peer opened. */
  lastPeer = 0;
  /** Ids of the peer above this are not served: our GOAWAY said so. */
  acceptMax: number = STREAM_ID_MAX;
  /** Bytes of the decoded heads of these streams. */
  headBytes = 0;
  private readonly server: boolean;
  /** The id that we open next (client). */
  private nextOwn = 1;
  /** Streams that count against the peer's limit though they are closed: their last frames still wait to go out. */
  private leaving = 0;
  private readonly resets = new Set<number>();
  /** From and to of passed-over ids. */
  private readonly gaps: number[] = [];

  constructor(server: boolean) {
    this.server = server;
  }

  /** Streams that count. */
  get active(): number {
    return this.streams.size + this.leaving;
  }

  /** Ids are left to open streams with. */
  get idsLeft(): boolean {
    return this.nextOwn < STREAM_ID_MAX;
  }

  takeOwnId(): number {
    const id = this.nextOwn;
    this.nextOwn += 2;
    return id;
  }

  /** The peer opens this id: it must be odd and above all before, which the caller has checked by `absence`. */
  openedByPeer(id: number): void {
    if (id > this.lastPeer + 2) {
      this.gaps.push(this.lastPeer + 1, id - 1);
      if (this.gaps.length > 2 * GAPS_REMEMBERED_MAX) this.gaps.splice(0, 2);
    }
    this.lastPeer = id;
  }

  absence(id: number): Absence {
    if (this.resets.has(id)) return 'reset';
    if (id % 2 === 0) return 'idle';
    if (!this.server) return id < this.nextOwn ? 'closed' : 'idle';
    if (id > this.acceptMax) return 'refused';
    if (id > this.lastPeer) return 'idle';
    for (let at = 0; at < this.gaps.length; at += 2) {
      if (id >= (this.gaps[at] ?? 0) && id <= (this.gaps[at + 1] ?? 0)) return 'skipped';
    }
    return 'closed';
  }

  /** The stream is over. `waits`: its last frames are not produced yet. */
  remove(stream: Http2Stream, waits: boolean): void {
    if (!this.streams.delete(stream.id)) return;
    this.headBytes -= stream.headBytes;
    if (waits) this.leaving++;
  }

  /** All frames are out. */
  produced(): void {
    this.leaving = 0;
  }

  /** We reset it: what the peer had sent before it knew is no fault. */
  rememberReset(id: number): void {
    this.resets.add(id);
    if (this.resets.size <= RESET_REMEMBERED_MAX) return;
    for (const oldest of this.resets) {
      this.resets.delete(oldest);
      break;
    }
  }
}
