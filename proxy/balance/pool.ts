/**
 * Connections to one endpoint, reused for one exchange after another. What a connection is, is the opener's business:
 * a socket's HTTP/1.1 today, a stream of a shared connection later.
 */
import type { FaultCodeName } from '../wire/mesh.ts';

export interface Member {
  /** Of the leaf that it was opened with. */
  readonly generation: number;
  /** Open, with nothing in flight. */
  readonly usable: boolean;
  idleSinceMs: number;
  /** Ends it; the pool has forgotten it already. */
  retire(): void;
}

export interface Waiter<M> {
  connected(member: M): void;
  failed(code: FaultCodeName): void;
}

export interface PoolOptions<M> {
  /** Opens one more connection and says once how it went. */
  readonly open: (opened: (member: M) => void, failed: (code: FaultCodeName) => void) => void;
  readonly connectionsMax: number;
  readonly idleMax: number;
  readonly idleMsMax: number;
  readonly queueMax: number;
}

export class Pool<M extends Member> {
  private readonly options: PoolOptions<M>;
  /** The last used is used next, so that the others can go. */
  private readonly idle: M[] = [];
  private readonly waiters = new Set<Waiter<M>>();
  /** Idle ones, those in use and those being opened. */
  private open = 0;
  private opening = 0;
  private oldestGeneration = 0;
  private closed = false;

  constructor(options: PoolOptions<M>) {
    this.options = options;
  }

  get connections(): number {
    return this.open;
  }

  /** An idle connection, or null. */
  take(): M | null {
    for (let member = this.idle.pop(); member !== undefined; member = this.idle.pop()) {
      if (member.usable && member.generation >= this.oldestGeneration) return member;
      this.discard(member);
    }
    return null;
  }

  get waiting(): number {
    return this.waiters.size;
  }

  /** Waits for the next connection: one that is opened for it, or one that is given back before. */
  wait(waiter: Waiter<M>): void {
    if (this.waiters.size >= this.options.queueMax) {
      waiter.failed('queue-full');
      return;
    }
    this.waiters.add(waiter);
    if (this.open < this.options.connectionsMax) this.openOne();
  }

  cancel(waiter: Waiter<M>): void {
    this.waiters.delete(waiter);
  }

  /** Takes a connection back that is fit for another exchange. */
  give(member: M, nowMs: number): void {
    if (!member.usable || member.generation < this.oldestGeneration) return this.discard(member);
    const waiter = this.nextWaiter();
    if (waiter !== null) return waiter.connected(member);
    if (this.closed || this.idle.length >= this.options.idleMax) return this.discard(member);
    member.idleSinceMs = nowMs;
    this.idle.push(member);
  }

  /** Ends a connection that was taken or is idle. */
  discard(member: M): void {
    this.forget(member);
    member.retire();
  }

  /** A connection ended by itself. */
  forget(member: M): void {
    const at = this.idle.indexOf(member);
    if (at >= 0) this.idle.splice(at, 1);
    this.open--;
    if (this.waiters.size > this.opening && this.open < this.options.connectionsMax) this.openOne();
  }

  /** Ends what was idle too long or has an older leaf. */
  sweep(nowMs: number, oldestGeneration: number): void {
    this.oldestGeneration = oldestGeneration;
    const before = nowMs - this.options.idleMsMax;
    for (const member of this.idle.filter((one) => one.idleSinceMs <= before || one.generation < oldestGeneration || !one.usable)) this.discard(member);
  }

  /** The endpoint is gone: idle connections end now, those in use when they are given back. */
  close(): void {
    this.closed = true;
    for (const member of [...this.idle]) this.discard(member);
  }

  private openOne(): void {
    this.open++;
    this.opening++;
    this.options.open(
      (member) => {
        this.opening--;
        this.give(member, 0);
      },
      (code) => {
        this.opening--;
        this.open--;
        this.nextWaiter()?.failed(code);
      },
    );
  }

  private nextWaiter(): Waiter<M> | null {
    for (const waiter of this.waiters) {
      this.waiters.delete(waiter);
      return waiter;
    }
    return null;
  }
}
