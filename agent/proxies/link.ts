/** One connection on the control port: bytes to messages and back, within limits. What messages mean is the session's. */
import type { TLSSocket } from 'node:tls';
import { FRAME_BYTES_MAX, STATUS_MS_MAX } from '../../proxy/wire/orders.ts';
import type { FromControl, ToControl } from '../../proxy/wire/orders.ts';
import { encodeFrame, FrameReader } from './framing.ts';
import { readToControl } from './messages.ts';

/** A certificate request takes 2 KiB: who hasn't said hello gets no more memory than this. */
export const FRAME_BYTES_STRANGER_MAX = 64 * 1024;
/** Bytes that wait for a proxy that doesn't read: two of the largest orders. */
export const PENDING_BYTES_MAX = 2 * FRAME_BYTES_MAX;
/** From the connection to hello, or to the end of a connection that only certifies. */
export const STRANGER_MS_MAX = 10_000;
/** A frame that began must end, and bytes that wait must be taken, within this. */
export const STALL_MS_MAX = 30_000;

/** The time between two looks. */
export const SWEEP_MS = 1_000;
/** An admitted proxy that says nothing in so many looks has vanished: it says its status at least every `STATUS_MS_MAX`. */
export const SILENT_SWEEPS_MAX = (2.25 * STATUS_MS_MAX) / SWEEP_MS;

/** An idle connection is probed by TCP after this. */
const KEEP_ALIVE_MS = 10_000;

export interface LinkEvents {
  message(message: ToControl): void;
  closed(): void;
}

export class Link {
  readonly socket: TLSSocket;
  /** False until the session has admitted the peer. */
  admitted = false;
  /** The link is closed at this time, ms since 1970: the peer's certificate ends. */
  endsAtMs = Infinity;
  readonly #reader = new FrameReader();
  readonly #events: LinkEvents;
  readonly #openedMs: number;
  #stalledSinceMs: number | null = null;
  #silentSweeps = 0;
  #over = false;
  #endedHere = false;

  /** `nowMs` is the wall clock of certificates. */
  constructor(socket: TLSSocket, nowMs: number, events: LinkEvents) {
    this.socket = socket;
    this.#openedMs = nowMs;
    this.#events = events;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#over = true;
      events.closed();
    });
  }

  /** This side refused or cut the peer, so the link's end says nothing of the peer's. */
  get endedHere(): boolean {
    return this.#endedHere;
  }

  /** Nothing was heard for so long, ms. Counted in looks, so that an agent that stood still blames nobody. */
  get silentMs(): number {
    return this.#silentSweeps * SWEEP_MS;
  }

  send(message: FromControl): void {
    if (this.#over) return;
    const frame = encodeFrame(message);
    if (this.socket.writableLength + frame.length > PENDING_BYTES_MAX) return this.cut();
    this.socket.write(frame);
  }

  /** Says why and ends the connection. */
  refuse(code: string, message: string): void {
    if (this.#over) return;
    this.send({ kind: 'refused', code, message });
    [this.#over, this.#endedHere] = [true, true];
    this.socket.end();
    // Who doesn't close his side is closed.
    setTimeout(() => this.socket.destroy(), 1000).unref();
  }

  cut(): void {
    [this.#over, this.#endedHere] = [true, true];
    this.socket.destroy();
  }

  /** Looked at every second: cuts strangers that dawdle, peers that stall or are silent, and links whose certificate has ended. */
  sweep(nowMs: number): void {
    this.#silentSweeps += 1;
    const stalls = this.#reader.buffered > 0 || this.socket.writableLength > 0;
    this.#stalledSinceMs = stalls ? (this.#stalledSinceMs ?? nowMs) : null;
    if (!this.admitted && nowMs > this.#openedMs + STRANGER_MS_MAX) this.cut();
    else if (this.#stalledSinceMs !== null && nowMs > this.#stalledSinceMs + STALL_MS_MAX) this.cut();
    else if (this.admitted && this.#silentSweeps > SILENT_SWEEPS_MAX) this.cut();
    else if (nowMs > this.endsAtMs) this.refuse('certificate_expired', 'the certificate of this link has ended; connect with the new one');
  }

  #receive(bytes: Buffer): void {
    if (this.#over) return;
    this.#silentSweeps = 0;
    for (const event of this.#reader.push(bytes, this.admitted ? FRAME_BYTES_MAX : FRAME_BYTES_STRANGER_MAX)) {
      if (this.#over) return;
      this.#stalledSinceMs = null;
      if (event.kind === 'too_long') return this.refuse('frame_too_long', `a frame of ${event.length} bytes is too long`);
      const result = readToControl(event.bytes);
      if (result.kind === 'invalid') return this.refuse('message_invalid', result.reason);
      this.#events.message(result.message);
    }
  }
}
