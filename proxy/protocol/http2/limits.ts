/** Limits of the HTTP/2 engine, each with its reason. What goes over one is counted (see `Http2Counters`). */

/** Bytes of a frame that we take; the standard's least, so that no frame holds up the others for long (RFC 9113 §4.2). */
export const FRAME_BYTES_MAX = 16_384;

/** Bytes of our DATA frames: streams take turns so often. */
export const DATA_BYTES_MAX = 16_384;

/** Bytes of each HPACK table; the standard's default. Larger saves little and costs memory on every connection. */
export const HEADER_TABLE_BYTES = 4_096;

/** Bytes of a field list, each field counting 32 more (RFC 9113 §6.5.2); the same as for HTTP/1.1. A larger request is answered 431. */
export const HEADER_LIST_BYTES_MAX = 64 * 1024;

/** A list so many times too large is a header bomb (CVE-2016-6581): the connection ends before more of it is decoded. */
export const HEADER_LIST_EXCESS = 4;

/** Bytes of decoded heads of open streams for each byte of HEADERS that the connection has had: a bomb's table entries are cheap to refer to. */
export const HEADS_AMPLIFIED_MAX = 64;

/** A connection's list of decoded fields that has grown above this is not kept for the next head. */
export const LIST_KEPT_BYTES = 8 * 1024;

/** Bytes of the CONTINUATION frames of one header block: with HEADERS in front, a list somewhat above its limit still gets its 431 (CVE-2024-27316). */
export const CONTINUATION_BYTES_MAX = 64 * 1024;

/** CONTINUATION frames of one header block; four full ones are all that fits, empty ones are an attack. */
export const CONTINUATIONS_MAX = 16;

/** Bytes of a stream's receive window: what one stream may hold in our memory. The standard's initial size. */
export const STREAM_WINDOW_BYTES = 65_535;

/** Bytes of a connection's receive window: what all its streams together may hold. */
export const CONNECTION_WINDOW_BYTES = 1024 * 1024;

/** Bytes queued on a stream from which it is `blocked`. */
export const STREAM_QUEUE_BYTES = 64 * 1024;

/** Bytes queued on all streams of a connection from which every stream that has any is `blocked`. */
export const CONNECTION_QUEUE_BYTES = 1024 * 1024;

/** Bytes queued on one stream by an owner that doesn't heed `blocked`: a bug of ours costs one stream, not the memory. */
export const STREAM_QUEUE_BYTES_MAX = 16 * 1024 * 1024;

/** Behind a whole answer, a request that has not ended may send so much more before it is told to stop: most end by themselves. */
export const LINGER_BYTES_MAX = 16 * 1024;

/** And may take so long. */
export const LINGER_MS_MAX = 1_000;

/** Streams that a peer may have open; nginx allows 128, Envoy 100 by default and Go 250. */
export const STREAMS_MAX = 256;

/** Streams that we open at one peer, whatever it allows: the next connection is cheaper than a longer queue. */
export const STREAMS_OPENED_MAX = 1_000;

/** Resets, the peer's and those that it made us send, that streams ended in good order and time haven't paid off (CVE-2023-44487, CVE-2025-8671). */
export const RESETS_UNPAID_MAX = 490;

/** Resets that a second pays off; nghttp2's number. */
export const RESETS_PER_SECOND = 33;

/** Frames that cost the peer nothing (PING, SETTINGS, PRIORITY, WINDOW_UPDATE, unknown ones) and that no data and no time has paid off. */
export const FREE_FRAMES_UNPAID_MAX = 9_900;

/** Such frames that a second pays off. */
export const FREE_FRAMES_PER_SECOND = 100;

/** Such frames that each DATA frame of ours pays off: simple readers credit stream and connection for each. */
export const CREDITS_PER_DATA = 2;

/** And one more for so many bytes of it: others credit in small steps. */
export const CREDIT_PER_BYTES = 512;

/** DATA frames without a byte of data and without END_STREAM, unpaid (CVE-2019-9518). */
export const EMPTY_DATA_UNPAID_MAX = 1_000;

/** Answers to PING and SETTINGS that wait for a peer that doesn't read (CVE-2019-9512, CVE-2019-9515). */
export const ANSWERS_QUEUED_MAX = 5_000;

/** Streams that we reset and whose late frames are still taken for late. */
export const RESET_REMEMBERED_MAX = 1_024;

/** Gaps in the ids of the peer's streams that are told from closed streams. */
export const GAPS_REMEMBERED_MAX = 16;

/** Bytes of a GOAWAY's debug data that we keep. */
export const DEBUG_BYTES_MAX = 256;

/** RFC 9113 §6.9.1. */
export const WINDOW_BYTES_MAX = 2 ** 31 - 1;

/** RFC 9113 §5.1.1. */
export const STREAM_ID_MAX = 2 ** 31 - 1;
