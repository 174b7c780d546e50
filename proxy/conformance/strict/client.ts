/** A client that sends bytes as they are and waits for what comes back. */
import { connect } from 'node:net';
import { toBytes, toText } from './latin1.ts';

/** After our end of the connection the proxy has so long to end its own; longer is a hang. */
const CLOSE_MS_MAX = 5_000;
const CONNECT_MS_MAX = 5_000;

export interface Exchange {
  /** Everything that came back. */
  readonly received: string;
  /** The proxy ended the connection before we did. */
  readonly closedByProxy: boolean;
  /** The proxy did not end the connection after we had ended our side. */
  readonly hung: boolean;
}

export interface Sending {
  readonly port: number;
  /** Sent one after the other, each in a turn of its own. */
  readonly pieces: readonly string[];
  /** Nothing more needs to be waited for. */
  readonly enough: (received: string) => boolean;
  /** Silence of so many ms is enough as well. */
  readonly quietMs: number;
}

/** Sends, waits for enough, ends its side, and waits for the proxy's end. Rejects when it can't connect. */
export function exchange({ port, pieces, enough, quietMs }: Sending): Promise<Exchange> {
  const { promise, resolve, reject } = Promise.withResolvers<Exchange>();
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  let received = '';
  let ended = false;
  let closedByProxy = false;
  let quiet: NodeJS.Timeout | undefined;
  let limit = setTimeout(() => socket.destroy(new Error(`no connection within ${CONNECT_MS_MAX} ms`)), CONNECT_MS_MAX);
  const finish = (hung: boolean): void => {
    clearTimeout(quiet);
    clearTimeout(limit);
    resolve({ received, closedByProxy, hung });
    socket.destroy();
  };
  const endOurs = (): void => {
    if (ended) return;
    ended = true;
    clearTimeout(quiet);
    socket.end();
    limit = setTimeout(() => finish(true), CLOSE_MS_MAX);
  };
  const look = (): void => {
    clearTimeout(quiet);
    if (ended) return;
    if (enough(received)) endOurs();
    else quiet = setTimeout(endOurs, quietMs);
  };
  socket.on('connect', () => {
    clearTimeout(limit);
    sendPieces(pieces, (bytes) => socket.writable && socket.write(bytes), look);
  });
  socket.on('data', (bytes) => {
    received += toText(bytes);
    look();
  });
  socket.on('end', () => {
    closedByProxy ||= !ended;
    endOurs();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    // A reset is the end that a proxy gives to whoever still sends when it has closed.
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') return reject(error);
    closedByProxy ||= !ended;
  });
  socket.on('close', () => finish(false));
  return promise;
}

function sendPieces(pieces: readonly string[], send: (bytes: Buffer) => void, sent: () => void): void {
  const [first, ...rest] = pieces;
  if (first === undefined) return sent();
  send(toBytes(first));
  setImmediate(() => setImmediate(() => sendPieces(rest, send, sent)));
}
