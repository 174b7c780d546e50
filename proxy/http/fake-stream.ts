/** A stream without a network for tests: what was written can be read, and the test plays the peer. */
import type { ByteStream, StreamEvents } from '../sockets/stream.ts';

const NOBODY: StreamEvents = {
  received: () => undefined, ended: () => undefined, congested: () => undefined, drained: () => undefined, closed: () => undefined,
};

export class FakeStream implements ByteStream {
  events: StreamEvents = NOBODY;
  open = true;
  peerEnded = false;
  blocked = false;
  leaving = false;
  paused = false;
  /** How our side ended. */
  ending: 'no' | 'finished' | 'ended' | 'closed' = 'no';
  written = '';

  write(bytes: Uint8Array, start: number, end: number): void {
    this.written += Buffer.from(bytes.subarray(start, end)).toString('latin1');
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  finish(): void {
    this.ending = 'finished';
  }

  end(): void {
    this.ending = 'ended';
    this.open = false;
  }

  close(): void {
    this.ending = 'closed';
    this.open = false;
  }

  /** The peer sends. */
  say(text: string): this {
    this.events.received(new Uint8Array(Buffer.from(text, 'latin1')));
    return this;
  }

  /** The peer ends its side. */
  hangUp(): void {
    this.peerEnded = true;
    this.events.ended();
  }

  /** The connection breaks. */
  break(error: Error | null): void {
    this.open = false;
    this.events.closed(error);
  }
}
