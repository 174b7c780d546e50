/** Limits of connections, each with its reason. Times in ms. */

/** Linkerd's is 1 s outbound and 100 ms inbound; on a busy host a local accept alone can take 100 ms, so both are 1 s. */
export const CONNECT_MS_MAX = 1_000;
/** TLS and the CONNECT's answer, behind the TCP connect: two round trips and two signatures on a busy core. */
export const HOP_MS_MAX = 3_000;
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
/** Nothing moves in an exchange, a tunnel or an opaque connection: long polls and idle databases are normal, for ever is not. */
export const STREAM_IDLE_MS_MAX = 3_600_000;
/** After our end of a connection was closed: how long the peer may go on sending what nobody reads. */
export const LINGER_MS_MAX = 2_000;
/** A caller that ended its side may have gone: so long its reset may take to arrive behind our answer. */
export const RESET_MS_MAX = 20;
/** An idle connection that is to go is ended only then: a request may be on its way, and a closed connection would lose a POST. */
export const RETIRE_IDLE_MS = 500;
/** Waiting for an endpoint and a connection, all attempts together. */
export const WAIT_MS_MAX = 10_000;
/** A listener whose port is in use is tried again. */
export const LISTEN_RETRY_MS = 1_000;

/** Slices below this are copied together into one write. */
export const WRITE_BYTES_MAX = 64 * 1024;
/** Accepted connections of the whole proxy; a file descriptor each, and as many again to the other side. */
export const CONNECTIONS_MAX = 10_000;
/** Connections to one endpoint. */
export const ENDPOINT_CONNECTIONS_MAX = 1_000;
/** Idle connections kept to one endpoint. */
export const ENDPOINT_IDLE_MAX = 256;
/** Requests that wait for a connection to one endpoint; Linkerd's queue. */
export const QUEUE_MAX = 10_000;
/** Endpoints that one request tries to connect to. */
export const CONNECT_ATTEMPTS_MAX = 3;
