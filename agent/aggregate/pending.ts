/** Proxies' windows that wait for the seal, and when it is time. */
import type { ProxyWindow } from '../../proxy/wire/report.ts';

/** Per proxy instance the highest window sequence. */
export type Marks = Readonly<Record<string, number>>;

/** What one seal takes. */
export interface Batch {
  readonly windows: readonly ProxyWindow[];
  /** Highest sequence in it per instance; all earlier ones are in this or an earlier batch. */
  readonly marks: Marks;
  /** Windows of proxies that ended, which nobody has any more; absent: none. */
  readonly lost?: number;
  /** Instances whose loss that is: on disk with it, so that no later start tells it again. */
  readonly lostOf?: readonly string[];
}

/** More rows than this wait only while the disk fails or a flood of late windows comes; 3 full clusters' worth. */
export const PENDING_ROWS_MAX = 120_000;
/** From here on the seal doesn't wait for the window's end. */
export const PENDING_ROWS_EARLY = 60_000;

/** Ticks in one batch: a frame of more windows than this is too large for its reader. The rest goes into the next. */
export const TICKS_PER_BATCH_MAX = 256;

export interface SealTimes {
  readonly windowMs: number;
  /** A window is sealed this long after its end at the latest. */
  readonly sealDelayMs: number;
}

interface Waiting {
  readonly window: ProxyWindow;
  /** When a seal may take it: a while after its window's end. */
  readonly sealAtMs: number;
  /** When a seal must take it: then, or for a late one as long after its arrival, so that late ones come together. */
  readonly dueAtMs: number;
}

export class Pending {
  readonly #times: SealTimes;
  readonly #leaving = new Set<string>();
  #waiting: Waiting[] = [];
  #rows = 0;

  constructor(times: SealTimes) {
    this.#times = times;
  }

  get rows(): number {
    return this.#rows;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** False, with nothing taken, when too much waits already. */
  add(window: ProxyWindow, nowMs: number): boolean {
    const rows = rowsOf(window);
    if (this.#rows > 0 && this.#rows + rows > PENDING_ROWS_MAX) return false;
    const sealAtMs = (window.tick + 1) * this.#times.windowMs + this.#times.sealDelayMs;
    const dueAtMs = this.isLate(window.tick, nowMs) ? nowMs + this.#times.sealDelayMs : sealAtMs;
    this.#waiting.push({ window, sealAtMs, dueAtMs });
    this.#rows += rows;
    return true;
  }

  /** This instance's process ends and waits for its windows to be safe: they are sealed with the next look, whole tick or not. */
  leave(instance: string): void {
    if (this.#waiting.some(({ window }) => window.instance === instance)) this.#leaving.add(instance);
  }

  /** Whether a window of this tick comes after its time. */
  isLate(tick: number, nowMs: number): boolean {
    return nowMs >= (tick + 1) * this.#times.windowMs + this.#times.sealDelayMs;
  }

  /**
   * What is to be sealed now, or null: the windows whose delay is over, those of the window that just ended as soon as
   * every one of the `live` instances has reported it, and those of processes that wait for it at their end.
   */
  take(nowMs: number, live: ReadonlySet<string>): Batch | null {
    if (this.#rows >= PENDING_ROWS_EARLY) return this.takeAll();
    const currentTick = Math.floor(nowMs / this.#times.windowMs);
    const completeTick = this.#isComplete(currentTick - 1, live) ? currentTick - 1 : -1;
    // A tick ahead of the clock is from before the clock was set back: nothing more will come for it.
    const isOver = ({ tick, instance }: ProxyWindow): boolean => tick <= completeTick || tick > currentTick || this.#leaving.has(instance);
    if (!this.#waiting.some(({ window, dueAtMs }) => dueAtMs <= nowMs || isOver(window))) return null;
    return this.#takeWhere(({ window, sealAtMs }) => sealAtMs <= nowMs || isOver(window));
  }

  /** All of it, or null when nothing waits. */
  takeAll(): Batch | null {
    return this.#takeWhere(() => true);
  }

  /** Drops the windows that are safe elsewhere already; returns how many. */
  forget(marks: Marks): number {
    const before = this.#waiting.length;
    this.#keepAbove(marks);
    return before - this.#waiting.length;
  }

  #isComplete(tick: number, live: ReadonlySet<string>): boolean {
    if (live.size === 0) return false;
    const reported = new Set(this.#waiting.filter(({ window }) => window.tick === tick).map(({ window }) => window.instance));
    return [...live].every((instance) => reported.has(instance));
  }

  #takeWhere(isTaken: (waiting: Waiting) => boolean): Batch | null {
    const wanted = marksOf(this.#waiting.filter(isTaken).map(({ window }) => window));
    // A mark stands for all sequences below it, so an instance's earlier windows go along whatever their tick.
    const due = this.#waiting.map(({ window }) => window).filter((window) => window.sequence <= (wanted[window.instance] ?? 0));
    const windows = firstTicks(due, TICKS_PER_BATCH_MAX);
    const marks = marksOf(windows);
    this.#keepAbove(marks);
    return windows.length === 0 ? null : { windows, marks };
  }

  #keepAbove(marks: Marks): void {
    this.#waiting = this.#waiting.filter(({ window }) => window.sequence > (marks[window.instance] ?? 0));
    this.#rows = this.#waiting.reduce((sum, { window }) => sum + rowsOf(window), 0);
    for (const instance of this.#leaving) if (!this.#waiting.some(({ window }) => window.instance === instance)) this.#leaving.delete(instance);
  }
}

/** Windows in the order of their arrival, which is that of each instance's sequences, until there are too many ticks. */
function firstTicks(windows: readonly ProxyWindow[], max: number): readonly ProxyWindow[] {
  const ticks = new Set<number>();
  const end = windows.findIndex(({ tick }) => ticks.add(tick).size > max);
  return end < 0 ? windows : windows.slice(0, end);
}

/** The highest sequence per instance. */
export function marksOf(windows: Iterable<ProxyWindow>): Marks {
  const marks: Record<string, number> = {};
  for (const { instance, sequence } of windows) marks[instance] = Math.max(sequence, marks[instance] ?? 0);
  return marks;
}

/** An empty window counts as one row. */
function rowsOf(window: ProxyWindow): number {
  return 1 + window.edges.length + window.routes.length;
}
