/** What all connections of a data path share: the turn, the clock and the timers. */
import { type Timer, TimerWheel } from './timer-wheel.ts';
import { ListenerShelf } from './shelf.ts';
import { Turn } from './turn.ts';

/** Ten wake-ups a second while a connection is open; every limit is far longer than one of them. */
const TICK_MS = 100;
/** 25 s ahead; longer timers are looked at again when they come round. */
const SLOTS = 256;

export class Sockets {
  readonly turn: Turn;
  readonly shelf: ListenerShelf;
  /** Monotonic µs. */
  readonly nowUs: () => number;
  private readonly wheel: TimerWheel;
  private interval: ReturnType<typeof setInterval> | null = null;

  /** Keeps small what is read at once of a process on this machine: see RECEIVE_BYTES_MAX. */
  readonly near: (socket: object) => void;

  /** `bug` is told of exceptions of ours. */
  constructor(nowUs: () => number, bug: (error: Error) => void, shelf = new ListenerShelf(), near: (socket: object) => void = () => undefined) {
    this.shelf = shelf;
    this.near = near;
    this.nowUs = nowUs;
    this.turn = new Turn(bug);
    this.wheel = new TimerWheel(TICK_MS, SLOTS, nowUs() / 1000);
  }

  /** Arms a timer, or puts it off. */
  arm(timer: Timer, delayMs: number): void {
    this.wheel.arm(timer, this.nowUs() / 1000, delayMs);
    this.interval ??= setInterval(() => this.tick(), TICK_MS);
  }

  remove(timer: Timer): void {
    this.wheel.remove(timer);
  }

  private tick(): void {
    this.wheel.advance(this.nowUs() / 1000);
    this.turn.flush();
    if (this.wheel.size > 0 || this.interval === null) return;
    clearInterval(this.interval);
    this.interval = null;
  }
}
