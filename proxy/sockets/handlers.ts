/** The runtime's socket callbacks, once for all connections: each passes the event on, then flushes what the turn wrote. */
import type { Socket, SocketHandler } from 'bun';
import type { Connection } from './connection.ts';
import type { Turn } from './turn.ts';

/** The runtime's handlers of a connection's life once it is open. */
export type Events = Required<Pick<SocketHandler<Connection | undefined>, 'data' | 'drain' | 'end' | 'close' | 'error'>>;

export function connectionEvents(turn: Turn): Events {
  return {
    data(socket: Socket<Connection | undefined>, bytes: Buffer) {
      socket.data?.onData(bytes);
      turn.flush();
    },
    drain(socket) {
      socket.data?.onDrain();
      turn.flush();
    },
    end(socket) {
      if (socket.data === undefined) socket.end();
      else socket.data.onEnd();
      turn.flush();
    },
    close(socket, error) {
      socket.data?.onClose(error ?? null);
      turn.flush();
    },
    error(socket, error) {
      // Errors of the network and of TLS have a code, and a close follows; what has none is an exception of ours.
      if (!('code' in error)) turn.bug(error);
      socket.data?.onClose(error);
      socket.terminate();
      turn.flush();
    },
  };
}
