/** Requests of one service that wait until an endpoint is ready, first come first served. */
import { QUEUE_MAX, READY_LOOK_MS } from '../sockets/limits.ts';
import type { Sockets } from '../sockets/sockets.ts';
import { Timer, type TimerOwner } from '../sockets/timer-wheel.ts';

export interface Queued {
  /** Looks again whether it may go on; it may wait again. */
  proceed(): void;
}

export class ReadinessQueue implements TimerOwner {
  private readonly sockets: Sockets;
  private readonly timer = new Timer(this);
  private waiting = new Set<Queued>();

  constructor(sockets: Sockets) {
    this.sockets = sockets;
  }

  get length(): number {
    return this.waiting.size;
  }

  /** False when too many wait already. */
  wait(queued: Queued): boolean {
    if (this.waiting.size >= QUEUE_MAX) return false;
    this.waiting.add(queued);
    this.sockets.arm(this.timer, READY_LOOK_MS);
    return true;
  }

  cancel(queued: Queued): void {
    this.waiting.delete(queued);
  }

  /** An endpoint is ready: all may look again. */
  release(): void {
    const { waiting } = this;
    if (waiting.size === 0) return;
    this.waiting = new Set();
    for (const queued of waiting) queued.proceed();
  }

  expired(): void {
    this.release();
  }
}
