/** Flow control. RFC 9113 §5.2, §6.9. */
import { WINDOW_BYTES_MAX } from './limits.ts';

/** What the peer may still send, for a stream or the connection, and what it is owed. */
export class ReceiveWindow {
  private readonly size: number;
  /** What the peer may send by what it knows. */
  private left: number;
  /** Consumed, but not announced yet. */
  private owed = 0;

  /** `size` is what is held at most; `left` may be more while the peer doesn't know of it. */
  constructor(size: number, left: number) {
    this.size = size;
    this.left = left;
  }

  /** The peer sent so much; false when it was not allowed to. */
  take(count: number): boolean {
    this.left -= count;
    return this.left >= 0;
  }

  /** So much has been consumed; returns the WINDOW_UPDATE to send now, or 0: half a window is announced at once. */
  give(count: number): number {
    this.owed += count;
    if (this.owed * 2 < this.size) return 0;
    const increment = Math.min(this.owed, Math.max(0, this.size - this.left));
    this.owed = 0;
    this.left += increment;
    return increment;
  }
}

/** A send window after an increment, or null when it grew above 2^31 − 1 (§6.9.1). It may be negative (§6.9.2). */
export function widened(window: number, increment: number): number | null {
  return window + increment > WINDOW_BYTES_MAX ? null : window + increment;
}
