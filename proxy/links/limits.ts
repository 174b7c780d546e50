/** Limits of mesh links, each with its reason. Times in ms. */

/** Links to one endpoint's proxy: one for small streams, the others for those that would hold it up. */
export const LINKS_MAX = 4;
/** Bytes that one stream may have under way to us: what a reader that stops costs. The standard's own number. */
export const STREAM_WINDOW = 65_535;
/** Bytes that all streams of a link may have under way to us. */
export const LINK_WINDOW = 1024 * 1024;
/**
 * Share of that window from which streams that stand still give their part of it back to the others. Then they cost a stream's
 * window each beyond it; sixteen readers that stopped would otherwise stop everybody.
 */
export const LINK_CROWDED = 0.5;
/** Streams on one link; as many as connections to one endpoint. */
export const LINK_STREAMS_MAX = 1_024;
/** Resets of a verified peer at once: all that its clients had open may break off together. */
export const LINK_RESETS_MAX = 5_000;
/** And for ever: their aborts share the link, and ending it would break everyone's streams. */
export const LINK_RESETS_PER_SECOND = 2_000;
/** What is taken from the streams before the socket is asked again: a write of the socket's own size. */
export const PRODUCE_BYTES = 64 * 1024;
/** How often a link looks at itself. */
export const BEAT_MS = 1_000;
/** A link with open streams that heard nothing for so long asks whether the other side is there; Linkerd's keepalive. */
export const PING_MS = 10_000;
/** And so long it may take to say something. */
export const PONG_MS = 3_000;
/** A link without streams at the caller's proxy; longer than a pooled stream is kept, so that links outlive pauses. */
export const LINK_IDLE_MS_MAX = 60_000;
/** The same at the callee's proxy, where it only catches callers that are gone without a word. */
export const PEER_IDLE_MS_MAX = 300_000;
/** A stream that moved so much within a beat is bulk: small ones open elsewhere. 1 MiB/s fills no link, but shows who will. */
export const BULK_BYTES = 1024 * 1024;
/** So long after the last bulk beat a link is left to bulk. */
export const BULK_MS = 3_000;
/** A link ends so long before the first of both leaves does: longer than most requests take. */
export const EXPIRY_MARGIN_MS = 60_000;
/** But never before this share of what is left at its opening: leaves of tests live for seconds. */
export const EXPIRY_SHARE = 0.9;
/** So long an endpoint that speaks only an older version of the hop is spoken to in it, before the newer one is tried again. */
export const OLDER_VERSION_MS = 60_000;
/** After GOAWAY the caller's proxy ends its idle streams; those of one that doesn't are ended after this. */
export const RETIRE_STREAM_IDLE_MS = 5_000;
