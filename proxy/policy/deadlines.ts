/** The times by which an exchange, its response and its attempt must have come, and how long it may be quiet. */
import type { Sockets } from '../sockets/sockets.ts';
import type { FaultCodeName } from '../wire/mesh.ts';
import { Timer, type TimerOwner } from '../sockets/timer-wheel.ts';

export type DeadlineName = 'request' | 'response' | 'attempt' | 'idle';

/** What is answered when a limit is over. */
export const TIMEOUT_CODES: Readonly<Record<DeadlineName, FaultCodeName>> = {
  request: 'request-timeout', response: 'response-timeout', attempt: 'response-timeout', idle: 'idle-timeout',
};

export interface DeadlineOwner {
  /** Changes whenever a byte passes. */
  readonly progress: number;
  /** Called once; nothing else of the same begin expires behind it but after `attempt`. */
  timedOut(name: DeadlineName): void;
}

/** One per caller connection whose service has timeouts; armed again for each exchange. */
export class Deadlines implements TimerOwner {
  private readonly sockets: Sockets;
  private readonly owner: DeadlineOwner;
  private readonly timer = new Timer(this);
  private requestMs = Infinity;
  private responseMs = Infinity;
  private attemptMs = Infinity;
  private idleMs = Infinity;
  private idleLimitMs = Infinity;
  private progress = -1;

  constructor(sockets: Sockets, owner: DeadlineOwner) {
    this.sockets = sockets;
    this.owner = owner;
  }

  /** Limits in ms from now; undefined: none. */
  begin(requestLimitMs: number | undefined, idleLimitMs: number | undefined): void {
    const nowMs = this.nowMs();
    this.requestMs = nowMs + (requestLimitMs ?? Infinity);
    this.idleLimitMs = idleLimitMs ?? Infinity;
    this.idleMs = nowMs + this.idleLimitMs;
    this.progress = this.owner.progress;
    this.responseMs = this.attemptMs = Infinity;
    this.arm();
  }

  /** The request went out whole: the response is awaited from now on. */
  sent(responseLimitMs: number | undefined, attemptLimitMs: number | undefined): void {
    const nowMs = this.nowMs();
    this.responseMs = nowMs + (responseLimitMs ?? Infinity);
    this.attemptMs = nowMs + (attemptLimitMs ?? Infinity);
    this.arm();
  }

  /** The response's head has come, or the attempt is over. */
  answered(): void {
    this.attemptMs = Infinity;
  }

  /** Another attempt begins: only the whole exchange's limits go on. */
  again(): void {
    this.responseMs = this.attemptMs = Infinity;
  }

  end(): void {
    this.requestMs = this.responseMs = this.attemptMs = this.idleMs = Infinity;
    this.sockets.remove(this.timer);
  }

  expired(): void {
    const nowMs = this.nowMs();
    const due = this.due(nowMs);
    if (due === null) return this.arm();
    if (due === 'attempt') this.attemptMs = Infinity;
    else this.end();
    this.owner.timedOut(due);
    if (due === 'attempt') this.arm();
  }

  private due(nowMs: number): DeadlineName | null {
    if (nowMs >= this.requestMs) return 'request';
    if (nowMs >= this.responseMs) return 'response';
    if (nowMs >= this.attemptMs) return 'attempt';
    return nowMs >= this.idleMs && this.quiet(nowMs) ? 'idle' : null;
  }

  /** Bytes put the idle limit off only when it is looked at, so that they cost nothing as they pass. */
  private quiet(nowMs: number): boolean {
    const { progress } = this.owner;
    if (progress === this.progress) return true;
    this.progress = progress;
    this.idleMs = nowMs + this.idleLimitMs;
    return false;
  }

  private arm(): void {
    const nextMs = Math.min(this.requestMs, this.responseMs, this.attemptMs, this.idleMs);
    if (nextMs !== Infinity) this.sockets.arm(this.timer, Math.max(0, nextMs - this.nowMs()));
  }

  private nowMs(): number {
    return this.sockets.nowUs() / 1000;
  }
}
