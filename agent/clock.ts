/** The wall clock that the whole mesh shares: the agent's own, corrected to the cloud's. It never goes back a little. */

/** An earlier reading than this much is a clock that was wrong, and is set back; less is waited out. */
const HOLD_WINDOWS = 1;

export interface ClockSources {
  /** Ms that never go back. */
  readonly monotonicMs: () => number;
  /** Ms since 1970. */
  readonly wallMs: () => number;
}

export type Correction =
  | { readonly kind: 'kept' }
  | { readonly kind: 'moved'; readonly byMs: number }
  /** Set back by more than a window: windows of that time come a second time. */
  | { readonly kind: 'stepped'; readonly byMs: number };

export class Clock {
  readonly #sources: ClockSources;
  readonly #holdMs: number;
  #offsetMs: number;
  #lastMs = 0;

  constructor(sources: ClockSources, windowMs: number) {
    this.#sources = sources;
    this.#holdMs = windowMs * HOLD_WINDOWS;
    this.#offsetMs = sources.wallMs() - sources.monotonicMs();
  }

  /** Ms since 1970. */
  nowMs(): number {
    this.#lastMs = Math.max(this.#lastMs, this.#sources.monotonicMs() + this.#offsetMs);
    return this.#lastMs;
  }

  /** The cloud's clock said `cloudMs` somewhere within the last `roundTripMs`. */
  correct(cloudMs: number, roundTripMs: number): Correction {
    const currentMs = this.#sources.monotonicMs() + this.#offsetMs;
    const byMs = cloudMs + roundTripMs / 2 - currentMs;
    // A difference that the round trip may explain is none.
    if (Math.abs(byMs) <= roundTripMs / 2) return { kind: 'kept' };
    this.#offsetMs += byMs;
    if (currentMs + byMs >= this.#lastMs - this.#holdMs) return { kind: 'moved', byMs };
    this.#lastMs = currentMs + byMs;
    return { kind: 'stepped', byMs };
  }
}
