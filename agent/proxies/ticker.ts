/** Says when a window begins, by the mesh's clock. */

export interface TickerParts {
  /** The corrected clock, ms since 1970. */
  readonly nowMs: () => number;
  readonly windowMs: number;
  readonly onTick: () => void;
}

/** A clock that stands still after a correction is looked at again this soon. */
const WAIT_MS_MIN = 5;

export class Ticker {
  readonly #parts: TickerParts;
  #timer: NodeJS.Timeout | null = null;
  #last: number;

  constructor(parts: TickerParts) {
    this.#parts = parts;
    this.#last = this.tick().tick;
  }

  /** The window that is open, and for how long. */
  tick(): { readonly kind: 'tick'; readonly tick: number; readonly tickMs: number; readonly elapsedMs: number } {
    const { nowMs, windowMs } = this.#parts;
    const now = nowMs();
    const tick = Math.floor(now / windowMs);
    return { kind: 'tick', tick, tickMs: windowMs, elapsedMs: now - tick * windowMs };
  }

  /** Begins, and begins anew after the clock was corrected. */
  start(): void {
    this.stop();
    const { tick, tickMs, elapsedMs } = this.tick();
    if (tick !== this.#last) {
      this.#last = tick;
      this.#parts.onTick();
    }
    this.#timer = setTimeout(() => this.start(), Math.max(WAIT_MS_MIN, tickMs - elapsedMs));
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
  }
}
