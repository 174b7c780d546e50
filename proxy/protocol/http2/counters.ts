/** What the engine counts, for one connection or, when shared, for many. */
export class Http2Counters {
  /** Streams opened by either side. */
  streams = 0;
  /** RST_STREAM frames of the peer. */
  resetsReceived = 0;
  /** Resets that the peer's faults made us send. */
  resetsMade = 0;
  /** Streams refused because too many were open. */
  refused = 0;
  /** Messages that no intermediary may pass on. */
  malformed = 0;
  /** Heads over HEADER_LIST_BYTES_MAX. */
  listsTooLarge = 0;
  /** Streams refused because the heads of a connection had grown out of proportion to what came. */
  bombs = 0;
  pings = 0;
  settings = 0;
  windowUpdates = 0;
  emptyData = 0;
  continuations = 0;
  /** Owners that queued more than STREAM_QUEUE_BYTES_MAX. */
  queueOverruns = 0;
  /** Connections closed because a rule was broken. */
  protocolErrors = 0;
  /** Connections closed by one of the limits (ENHANCE_YOUR_CALM). */
  calmed = 0;
}
