/** What a reader says about the message that it reads: one vocabulary for HTTP/1.1 and HTTP/2. */

/**
 * Called in order: `head`, then any number of `framing`, `data` and `trailers`, then `end`. Ranges are of the pushed
 * bytes; they may be kept only if the pusher never reuses its arrays.
 */
export interface MessageSink<Head> {
  /** A whole, valid head. The object is reused for the next message. */
  head(head: Head): void;
  /** Content. */
  data(bytes: Uint8Array, start: number, end: number): void;
  /** Bytes on the wire that only say where content begins and ends; a writer of the same version copies them. */
  framing(bytes: Uint8Array, start: number, end: number): void;
  /** Field lines after the content, valid, with the empty line that ends them. */
  trailers(bytes: Uint8Array, start: number, end: number): void;
  /** The message is complete. */
  end(): void;
}

/** Takes a range of bytes on its way out. */
export interface ByteSink {
  write(bytes: Uint8Array, start: number, end: number): void;
}
