/** Ends windows by this proxy's own clock when no tick message does: before the first one and while the link is away. */
import type { WindowRing } from './window.ts';

/** With a link up its tick message comes first; only when that is so late does the own clock decide. Below the agent's 2 s. */
export const TICK_GRACE_MS = 500;
/** And at most this share of a tick, for the short ticks of tests. */
const TICK_GRACE_SHARE = 0.1;

export class WindowClock {
  readonly #ring: WindowRing;
  readonly #nowMs: () => number;
  readonly #linked: () => boolean;
  readonly #sealed: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `nowMs` is monotonic; `sealed` is called when a window with something in it has ended. */
  constructor(ring: WindowRing, nowMs: () => number, linked: () => boolean, sealed: () => void) {
    this.#ring = ring;
    this.#nowMs = nowMs;
    this.#linked = linked;
    this.#sealed = sealed;
  }

  /** Begins, and begins anew after a tick message or when the link comes or goes. */
  arm(): void {
    clearTimeout(this.#timer);
    const tickMs = this.#ring.anchor?.tickMs ?? 0;
    const graceMs = this.#linked() ? Math.min(TICK_GRACE_MS, tickMs * TICK_GRACE_SHARE) : 0;
    const waitMs = this.#ring.dueMs() + graceMs - this.#nowMs();
    this.#timer = setTimeout(() => this.#fire(), Math.max(1, Math.ceil(waitMs)));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #fire(): void {
    // Timers may come a little early.
    if (this.#nowMs() >= this.#ring.dueMs() && this.#ring.flush(this.#nowMs())) this.#sealed();
    this.arm();
  }
}
