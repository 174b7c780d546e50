/**
 * Windows from the counting to the acknowledgement: which tick one belongs to, and the ring in which it waits. Pure: time
 * comes as monotonic ms. A window's sequence and tick, once given, never change.
 */
import { RING_BYTES_MAX, RING_MS_MAX, WINDOW_MS } from '../wire/report.ts';
import type { SealedRows } from './series.ts';

/** What the control link said last about the wall clock's windows. */
export interface TickAnchor {
  readonly tick: number;
  readonly tickMs: number;
  /** Monotonic ms at which that tick began. */
  readonly beganMs: number;
}

/** The tick that a moment (monotonic ms) belongs to, counted on from the anchor in both directions. */
export function tickAt(anchor: TickAnchor, atMs: number): number {
  return anchor.tick + Math.floor((atMs - anchor.beganMs) / anchor.tickMs);
}

/** Monotonic ms at which a tick begins. */
export function tickBeginMs(anchor: TickAnchor, tick: number): number {
  return anchor.beganMs + (tick - anchor.tick) * anchor.tickMs;
}

/** While more windows wait, rows that only say what is open are left out: they tell of the present, and the ring is for counts. */
export const OPEN_WHILE_WAITING_MAX = 2;

/** A window in the ring. */
interface Waiting {
  readonly sequence: number;
  readonly beganMs: number;
  readonly sealedMs: number;
  /** Null until the first tick is known. */
  tick: number | null;
  /** The JSON members after `tick`; kept as text, which is smaller than the objects and is what gets sent. */
  readonly body: string;
  readonly dropped: { readonly windows: number; readonly folded: number };
}

/** A window ready to be sent: the text of a `window` message. */
export interface SendableWindow {
  readonly sequence: number;
  readonly message: string;
}

export class WindowRing {
  readonly #instance: string;
  readonly #seal: (withOpen: boolean) => SealedRows | null;
  #anchor: TickAnchor | null = null;
  #beganMs: number;
  /** Name of the window now counted, given when it began; null while no tick is known. */
  #tick: number | null = null;
  #sequence = 0;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #lost = { windows: 0, folded: 0 };
  /** Windows dropped before they were acknowledged, since the start. */
  droppedTotal = 0;
  /** Acknowledgements of windows that were never sealed; a fault of the control side. */
  badAcknowledgements = 0;

  /** `instance` is the process's; `seal` ends the counting of a window. */
  constructor(instance: string, seal: (withOpen: boolean) => SealedRows | null, nowMs: number) {
    this.#instance = instance;
    this.#seal = seal;
    this.#beganMs = nowMs;
  }

  /** The sequence of the last sealed window, 0 before the first. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Monotonic ms from which on nothing is acknowledged: the oldest waiting window's begin, or the one's that is counted now. */
  get unacknowledgedSinceMs(): number {
    return this.#waiting[0]?.beganMs ?? this.#beganMs;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get anchor(): TickAnchor | null {
    return this.#anchor;
  }

  /** The tick message: window `tick` began `elapsedMs` ago. Ends an older window and names those that had to wait for it. */
  announce(tick: number, tickMs: number, elapsedMs: number, nowMs: number): void {
    const anchor = { tick, tickMs, beganMs: nowMs - elapsedMs };
    if (this.#anchor === null) this.#nameWaiting(anchor);
    this.#anchor = anchor;
    const current = (this.#tick ??= tickAt(anchor, this.#beganMs));
    // One ahead is this proxy's clock being a little fast; more is a clock that was corrected.
    if (current === tick || current === tick + 1) return;
    this.flush(nowMs);
    this.#tick = tick;
  }

  /** Monotonic ms at which the window now counted ends by this proxy's own clock. */
  dueMs(): number {
    if (this.#anchor === null || this.#tick === null) return this.#beganMs + WINDOW_MS;
    return tickBeginMs(this.#anchor, this.#tick + 1);
  }

  /** Ends the window now counted. Returns true when there was something in it. */
  flush(nowMs: number): boolean {
    const beganMs = this.#beganMs;
    const tick = this.#tick;
    this.#beganMs = nowMs;
    this.#tick = this.#anchor === null ? null : tickAt(this.#anchor, nowMs);
    const rows = this.#seal(this.#waiting.length <= OPEN_WHILE_WAITING_MAX);
    this.#expire(nowMs);
    if (rows === null && this.#lost.windows === 0) return false;
    const dropped = { windows: this.#lost.windows, folded: this.#lost.folded + (rows?.folded ?? 0) };
    this.#lost = { windows: 0, folded: 0 };
    this.#sequence += 1;
    const body = `"edges":${JSON.stringify(rows?.edges ?? [])},"routes":${JSON.stringify(rows?.routes ?? [])},"dropped":${JSON.stringify(dropped)}`;
    this.#waiting.push({ sequence: this.#sequence, beganMs, sealedMs: nowMs, tick, body, dropped });
    this.#bytes += body.length;
    while (this.#bytes > RING_BYTES_MAX && this.#waiting.length > 1) this.#dropOldest();
    return true;
  }

  /** Unacknowledged windows with a sequence above `after`, oldest first; those without a tick have to wait. */
  sendable(after: number): SendableWindow[] {
    const ready: SendableWindow[] = [];
    for (const window of this.#waiting) {
      if (window.tick === null || window.sequence <= after) continue;
      ready.push({ sequence: window.sequence, message: this.#message(window, window.tick) });
    }
    return ready;
  }

  /** All windows up to `sequence` are safe. */
  acknowledge(sequence: number): void {
    if (sequence > this.#sequence) {
      this.badAcknowledgements += 1;
      return;
    }
    while (this.#waiting[0] !== undefined && this.#waiting[0].sequence <= sequence) this.#removeOldest();
  }

  #message(window: Waiting, tick: number): string {
    return `{"kind":"window","window":{"instance":"${this.#instance}","sequence":${window.sequence},"tick":${tick},${window.body}}}`;
  }

  #nameWaiting(anchor: TickAnchor): void {
    for (const window of this.#waiting) window.tick ??= tickAt(anchor, window.beganMs);
  }

  #expire(nowMs: number): void {
    while (this.#waiting[0] !== undefined && nowMs - this.#waiting[0].sealedMs > RING_MS_MAX) this.#dropOldest();
  }

  #dropOldest(): void {
    const dropped = this.#removeOldest();
    if (dropped === null) return;
    this.droppedTotal += 1;
    // What a dropped window had to say about older ones goes on with the next.
    this.#lost = { windows: this.#lost.windows + dropped.dropped.windows + 1, folded: this.#lost.folded + dropped.dropped.folded };
  }

  #removeOldest(): Waiting | null {
    const oldest = this.#waiting.shift();
    if (oldest === undefined) return null;
    this.#bytes -= oldest.body.length;
    return oldest;
  }
}
