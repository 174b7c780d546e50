/** Copies bytes between two streams, each direction at the pace of its slower side and ended by itself. */
import { STREAM_IDLE_MS_MAX } from './limits.ts';
import type { Sockets } from './sockets.ts';
import type { ByteStream, StreamEvents } from './stream.ts';
import { Timer, type TimerOwner } from './timer-wheel.ts';

export interface PumpOptions {
  readonly sockets: Sockets;
  /** Who opened the connection. */
  readonly caller: ByteStream;
  readonly callee: ByteStream;
  /** Bytes as they pass, caller to callee and back. */
  readonly passed: (bytesIn: number, bytesOut: number) => void;
  /** Both sides are over. */
  readonly done: (end: PumpEnd) => void;
}

/** `reset`: a side broke instead of ending. `idle`: nothing passed for STREAM_IDLE_MS_MAX. */
export type PumpEnd = { readonly kind: 'ended' } | { readonly kind: 'reset'; readonly by: 'caller' | 'callee' } | { readonly kind: 'idle' } | { readonly kind: 'stopped' };

export interface Pump {
  /** Ends both sides now. */
  stop(): void;
}

/** Begins copying; both streams may have been paused and hold bytes already. */
export function pump(options: PumpOptions): Pump {
  const copying = new Copying(options);
  copying.start();
  return copying;
}

class Copying implements Pump, TimerOwner {
  private readonly options: PumpOptions;
  private readonly timer = new Timer(this);
  private over = false;

  constructor(options: PumpOptions) {
    this.options = options;
  }

  start(): void {
    const { caller, callee, passed } = this.options;
    caller.events = this.side(callee, 'caller', (length) => passed(length, 0));
    callee.events = this.side(caller, 'callee', (length) => passed(0, length));
    this.rearm();
    if (!caller.blocked) callee.resume();
    if (!callee.blocked) caller.resume();
    if (!caller.open || !callee.open) return this.finish({ kind: 'ended' });
    if (caller.peerEnded) callee.finish();
    if (callee.peerEnded) caller.finish();
  }

  stop(): void {
    this.finish({ kind: 'stopped' });
  }

  expired(): void {
    this.finish({ kind: 'idle' });
  }

  private side(to: ByteStream, name: 'caller' | 'callee', passed: (length: number) => void): StreamEvents {
    return {
      received: (bytes) => {
        this.rearm();
        to.write(bytes, 0, bytes.length);
        passed(bytes.length);
      },
      ended: () => to.finish(),
      congested: () => to.pause(),
      drained: () => to.resume(),
      closed: (error) => {
        if (error !== null) this.finish({ kind: 'reset', by: name });
        else if (to.open) this.endOther(to);
        else this.finish({ kind: 'ended' });
      },
    };
  }

  /** One side ended in good order: what is queued for the other still goes out. */
  private endOther(to: ByteStream): void {
    if (!to.peerEnded) {
      to.events = { ...to.events, received: () => undefined };
      to.resume();
    }
    to.finish();
  }

  private rearm(): void {
    this.options.sockets.arm(this.timer, STREAM_IDLE_MS_MAX);
  }

  private finish(end: PumpEnd): void {
    if (this.over) return;
    this.over = true;
    this.options.sockets.remove(this.timer);
    this.options.caller.close();
    this.options.callee.close();
    this.options.done(end);
  }
}
