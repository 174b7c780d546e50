/** Many timers that are mostly put off before they expire: arming is a store, the wheel moves a timer only when its slot comes. */

export interface TimerOwner {
  expired(): void;
}

/** One timer; made once per connection and armed again and again. */
export class Timer {
  readonly owner: TimerOwner;
  /** When it expires; Infinity: not armed. */
  deadlineMs = Infinity;
  /** When the wheel looks at it next; Infinity: not in the wheel. */
  lookMs = Infinity;
  slot: Set<Timer> | null = null;

  constructor(owner: TimerOwner) {
    this.owner = owner;
  }

  disarm(): void {
    this.deadlineMs = Infinity;
  }
}

/** Timers expire up to one tick late, never early. Time comes as an argument, ms of any monotonic clock. */
export class TimerWheel {
  readonly tickMs: number;
  private readonly slots: readonly Set<Timer>[];
  private lastTick: number;
  private inside = 0;

  constructor(tickMs: number, slots: number, nowMs: number) {
    this.tickMs = tickMs;
    this.slots = Array.from({ length: slots }, () => new Set<Timer>());
    this.lastTick = Math.floor(nowMs / tickMs);
  }

  /** Timers in the wheel, disarmed ones included until their slot comes. */
  get size(): number {
    return this.inside;
  }

  arm(timer: Timer, nowMs: number, delayMs: number): void {
    timer.deadlineMs = nowMs + delayMs;
    if (timer.deadlineMs < timer.lookMs) this.place(timer);
  }

  /** Takes a timer out for good. */
  remove(timer: Timer): void {
    timer.deadlineMs = Infinity;
    if (timer.slot?.delete(timer) === true) this.inside--;
    timer.slot = null;
    timer.lookMs = Infinity;
  }

  /** Expires what is due. */
  advance(nowMs: number): void {
    const tick = Math.floor(nowMs / this.tickMs);
    const from = Math.max(this.lastTick + 1, tick - this.slots.length + 1);
    this.lastTick = tick;
    for (let at = from; at <= tick; at++) this.look(at, nowMs);
  }

  private look(tick: number, nowMs: number): void {
    const slot = this.slots[tick % this.slots.length];
    if (slot === undefined || slot.size === 0) return;
    for (const timer of [...slot]) {
      if (timer.slot !== slot) continue;
      slot.delete(timer);
      this.inside--;
      timer.slot = null;
      timer.lookMs = Infinity;
      if (timer.deadlineMs <= nowMs) {
        timer.deadlineMs = Infinity;
        timer.owner.expired();
      } else if (timer.deadlineMs !== Infinity) this.place(timer);
    }
  }

  private place(timer: Timer): void {
    if (timer.slot?.delete(timer) === true) this.inside--;
    const due = Math.ceil(timer.deadlineMs / this.tickMs);
    const tick = Math.min(Math.max(due, this.lastTick + 1), this.lastTick + this.slots.length - 1);
    const slot = this.slots[tick % this.slots.length];
    if (slot === undefined) return;
    slot.add(timer);
    this.inside++;
    timer.slot = slot;
    timer.lookMs = tick * this.tickMs;
  }
}
