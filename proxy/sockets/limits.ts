/** Limits of connections, each with its reason. Times in ms. */

/** linkerd2-proxy's limit for the way to another host. */
export const CONNECT_MS_MAX = 1_000;
/** And for the app beside the proxy: an accept queue that was full is tried again long before the kernel would (1 s). */
export const APP_CONNECT_MS_MAX = 100;
/** TLS and the CONNECT's answer, behind the TCP connect: two round trips and two signatures on a busy core. */
export const HOP_MS_MAX = 3_000;
/** For first bytes that say what is spoken; then the connection is opaque. Linkerd's. */
export const DETECT_MS_MAX = 10_000;
/** A server that says something so soon, before its caller did, speaks first; HTTP servers that tire of waiting take longer. */
export const SPEAKS_FIRST_MS_MAX = 3_000;
/** From accepted to a verified peer that has sent its CONNECT. */
export const ACCEPT_MS_MAX = 10_000;
/** From a head's first byte to its last; the field's number for detection. */
export const HEAD_MS_MAX = 10_000;
/** Between two requests of one caller: longer than usual clients keep idle connections, so that they close first. */
export const CALLER_IDLE_MS_MAX = 120_000;
/** Idle hop connections at the caller's proxy: well below CALLER_IDLE_MS_MAX, so that the callee never closes one first. */
export const HOP_IDLE_MS_MAX = 30_000;
/** Idle connections to an app: below the shortest usual keep-alive (gunicorn 2 s, Node and Apache 5 s). */
export const APP_IDLE_MS_MAX = 1_500;
/** Idle HTTP/2 connections to an app: GOAWAY tells when it closes one, so that nothing gets lost. */
export const APP_STREAMS_IDLE_MS_MAX = 30_000;
/** Nothing moves in an exchange, a tunnel or an opaque connection: long polls and idle databases are normal, for ever is not. */
export const STREAM_IDLE_MS_MAX = 3_600_000;
/** What is queued for an HTTP/2 caller that gives no credit: slow readers are normal, such as a stream that a person looks at. */
export const STALL_MS_MAX = 300_000;
/** The same while such streams hold nearly all of a shared connection's window, by `STOPPING`. */
export const STALL_STOPPING_MS_MAX = 4_000;
/** Share of a connection's receive window that streams hold which stand still: from here on they stop the others. */
export const STOPPING = 0.85;
/** And from here on new streams go onto another connection. */
export const CROWDED = 0.5;
/** How often an HTTP/2 connection looks at itself and its streams. */
export const SESSION_TICK_MS = 1_000;
/** Who sends less than this in a tick and is within a frame at each for HEAD_MS_MAX holds us up. */
export const SLOW_BYTES_PER_TICK = 32;
/** An HTTP/2 connection with open streams that says nothing for so long is asked whether it is there, and so long it may take; Linkerd's. */
export const KEEPALIVE_MS = 10_000;
export const KEEPALIVE_ANSWER_MS_MAX = 3_000;
/** The same where something was sent since the peer was heard last: kernels hold megabytes, which a slow network takes a minute for. */
export const SLOW_ANSWER_MS_MAX = 60_000;
/** After our end of a connection was closed: how long the peer may go on sending what nobody reads. */
export const LINGER_MS_MAX = 2_000;
/** A caller that ended its side may have gone: so long its reset may take to arrive behind our answer. */
export const RESET_MS_MAX = 20;
/** An idle connection that is to go is ended only then: a request may be on its way, and a closed connection would lose a POST. */
export const RETIRE_IDLE_MS = 500;
/** Requests that wait for a ready endpoint look again so often. */
export const READY_LOOK_MS = 100;
/** Waiting for an endpoint and a connection, all attempts together. */
export const WAIT_MS_MAX = 10_000;
/** A listener whose port is in use is tried again. */
export const LISTEN_RETRY_MS = 1_000;

/**
 * What the kernel may hold of a connection to a process on this machine, the app. The runtime reads up to 512 KiB at once,
 * and a body that is read faster than it goes out would wait in such pieces. The kernel doubles it for its own use. Never
 * for those farther away: it bounds their throughput by the round trip.
 */
export const RECEIVE_BYTES_MAX = 64 * 1024;
/** Slices below this are copied together into one write. */
export const WRITE_BYTES_MAX = 64 * 1024;
/** What is taken from the streams of an HTTP/2 connection before its socket is asked again. */
export const PRODUCE_BYTES_MAX = 64 * 1024;
/** Bytes that one HTTP/2 stream may have under way to us: what a side that doesn't read costs. The standard's own number. */
export const STREAM_WINDOW_BYTES = 65_535;
/** And all streams of a connection together. */
export const SESSION_WINDOW_BYTES = 1024 * 1024;
/** Streams of one caller that share a connection to an endpoint with other callers' streams. */
export const CALLER_SHARE_STREAMS = 32;
/** Window of such a connection: twice what one caller's share holds when its reader stops, so that the others go on. */
export const CALLEE_WINDOW_BYTES = 4 * 1024 * 1024;
/** Streams of one caller's HTTP/2 connection; Go's and Envoy's order of magnitude. */
export const CALLER_STREAMS_MAX = 256;
/** HTTP/2 connections to one endpoint; the least that a server must allow is 100 streams on each (RFC 9113 §6.5.2). */
export const CALLEE_SESSIONS_MAX = 64;
/** Accepted connections of the whole proxy; a file descriptor each, and as many again to the other side. */
export const CONNECTIONS_MAX = 10_000;
/** Connections to one endpoint. */
export const ENDPOINT_CONNECTIONS_MAX = 1_000;
/** Idle connections kept to one endpoint. */
export const ENDPOINT_IDLE_MAX = 256;
/** Requests that wait for a connection to one endpoint; Linkerd's queue. */
export const QUEUE_MAX = 10_000;
/** Exchanges under way in the whole proxy; Linkerd's limit. HTTP/2 callers could make far more of them than there are connections. */
export const IN_FLIGHT_MAX = 100_000;
/** Endpoints that one request tries to connect to. */
export const CONNECT_ATTEMPTS_MAX = 3;

/** An unknown destination waits so long for discovery, then counts as external; Linkerd's is longer, but an app waits meanwhile. */
export const DISCOVERY_MS_MAX = 1_000;
/** Destinations and ports of the app that orders don't name are forgotten when nobody used them for so long; Linkerd's numbers. */
export const OUTBOUND_DESTINATION_IDLE_MS = 5_000;
export const INBOUND_TARGET_IDLE_MS = 90_000;
/** Of these at a time: each has a connection or had one a moment ago. */
export const DESTINATIONS_MAX = 10_000;
/** Addresses remembered as those of servers that speak first; one forgotten costs its next caller the time of a detection. */
export const DETECTIONS_MAX = 1_000;
