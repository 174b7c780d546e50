/** A TCP or TLS socket of the runtime as a ByteStream: queued writes, one write call per turn, half-close, backpressure. */
import type { Socket } from 'bun';
import { WRITE_BYTES_MAX } from './limits.ts';
import { Slices } from './slices.ts';
import type { ByteStream, StreamEvents } from './stream.ts';
import type { Turn } from './turn.ts';

const SILENT: StreamEvents = {
  received: () => undefined,
  ended: () => undefined,
  congested: () => undefined,
  drained: () => undefined,
  closed: () => undefined,
};

/** Bytes that are copied together before a write; used only within one call. */
const scratch = new Uint8Array(WRITE_BYTES_MAX);

export class Connection implements ByteStream {
  events: StreamEvents = SILENT;
  open = true;
  peerEnded = false;
  blocked = false;
  readonly leaving = false;
  private readonly socket: Socket<Connection | undefined>;
  private readonly turn: Turn;
  private readonly onGone: () => void;
  private readonly queue = new Slices();
  private dirty = false;
  private paused = false;
  private finishing = false;
  private finished = false;
  private parting = false;
  private gone = false;

  /** `onGone` is called once, when the socket is really closed. */
  constructor(socket: Socket<Connection | undefined>, turn: Turn, onGone: () => void) {
    this.socket = socket;
    this.turn = turn;
    this.onGone = onGone;
  }

  /** A listener for both families names IPv4 peers by mapped addresses; people don't. */
  get remoteAddress(): string {
    // A socket that is gone has none, whatever its type says.
    const remoteAddress = (this.socket.remoteAddress as string | undefined) ?? '';
    return remoteAddress.startsWith('::ffff:') ? remoteAddress.slice('::ffff:'.length) : remoteAddress;
  }

  write(bytes: Uint8Array, start: number, end: number): void {
    if (!this.open || this.finishing) return;
    this.queue.write(bytes, start, end);
    this.touch();
  }

  pause(): void {
    if (this.paused || !this.open) return;
    this.paused = true;
    this.socket.pause();
  }

  resume(): void {
    if (!this.paused || !this.open) return;
    this.paused = false;
    this.socket.resume();
  }

  finish(): void {
    if (!this.open || this.finishing) return;
    this.finishing = true;
    this.touch();
  }

  end(): void {
    if (!this.open) return;
    this.events = SILENT;
    this.finishing = this.parting = true;
    this.resume();
    this.touch();
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    this.events = SILENT;
    this.queue.clear();
    this.socket.terminate();
  }

  flush(): void {
    this.dirty = false;
    if (!this.open || this.blocked) return;
    while (this.queue.length > 0) {
      if (this.queue.offer(scratch, this.send)) continue;
      this.blocked = true;
      this.events.congested();
      return;
    }
    if (this.finishing && (!this.finished || this.parting)) this.shutdown();
  }

  /** Called by the socket's handlers. */
  onData(bytes: Uint8Array): void {
    if (this.open) this.events.received(bytes);
  }

  onDrain(): void {
    if (!this.blocked) return;
    this.blocked = false;
    this.flush();
    if (!this.blocked && this.open) this.events.drained();
  }

  onEnd(): void {
    if (this.peerEnded || !this.open) return;
    this.peerEnded = true;
    if (this.finished) this.socket.end();
    this.events.ended();
  }

  onClose(error: Error | null): void {
    if (this.gone) return;
    this.gone = true;
    if (this.open) {
      this.open = false;
      const { events } = this;
      this.events = SILENT;
      this.queue.clear();
      events.closed(error);
    }
    this.onGone();
  }

  private readonly send = (bytes: Uint8Array, start: number, length: number): number => Math.max(0, this.socket.write(bytes, start, length));

  private touch(): void {
    if (this.dirty) return;
    this.dirty = true;
    this.turn.add(this);
  }

  private shutdown(): void {
    this.finished = true;
    if (this.peerEnded || this.parting) this.socket.end();
    else this.socket.shutdown();
  }
}
