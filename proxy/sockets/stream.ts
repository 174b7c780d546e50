/** A connection as the data path sees it: a socket, or a stream of a mesh link. */
import type { ByteSink } from '../protocol/sink.ts';

/** What happens to a stream. After the own `close()` nothing is called any more. */
export interface StreamEvents {
  /** The array is the receiver's to keep. */
  received(bytes: Uint8Array): void;
  /** The peer ended its side; it may still read. */
  ended(): void;
  /** More is queued than the peer takes now: stop what feeds this stream. */
  congested(): void;
  /** All that was queued is out. */
  drained(): void;
  /** Gone, by the peer or the network; null when it ended in good order. */
  closed(error: Error | null): void;
}

export interface ByteStream extends ByteSink {
  events: StreamEvents;
  /** Neither closed by us nor by the peer. */
  readonly open: boolean;
  /** The peer's address, where the stream has one of its own. */
  readonly remoteAddress?: string;
  /** The peer ended its side. */
  readonly peerEnded: boolean;
  /** Congested, and not drained since. */
  readonly blocked: boolean;
  /** What it runs on is about to go: fine for what is in flight, not for another exchange. */
  readonly leaving: boolean;
  /** Queues bytes; they go out together at the end of the turn. */
  write(bytes: Uint8Array, start: number, end: number): void;
  pause(): void;
  resume(): void;
  /** Ends our side behind what is queued; the peer may still send. */
  finish(): void;
  /** Ends both sides in good order behind what is queued; what the peer still sends is dropped. */
  end(): void;
  /** Breaks both sides off now, which the peer sees; what is queued is dropped. */
  close(): void;
}
