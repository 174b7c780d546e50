/** Opens listeners. A TLS listener takes a new leaf on the same kernel socket, so that no connection in its queue is lost. */
import type { Socket, TCPSocketListenOptions, TCPSocketListener, TLSOptions } from 'bun';
import { dlopen, suffix } from 'bun:ffi';
import type { SocketAddress } from '../wire/orders.ts';
import { Connection } from './connection.ts';
import { connectionEvents } from './handlers.ts';
import { limitReceived } from './receive-buffer.ts';
import type { ListenerShelf } from './shelf.ts';
import type { Turn } from './turn.ts';

export interface ListenOptions {
  readonly address: SocketAddress;
  readonly turn: Turn;
  /** Where an inherited socket of the address may lie, and where the open one is put. */
  readonly shelf?: ListenerShelf;
  /** Null for plain text. Called at the opening and at each `renew`. */
  readonly tls: (() => TLSOptions) | null;
  /** Who connects is on this machine: see RECEIVE_BYTES_MAX. */
  readonly near?: boolean;
  /** False refuses a new connection at once. */
  readonly admit: () => boolean;
  /** Counts a connection that was admitted, and its end. */
  readonly counted: (change: 1 | -1) => void;
  /** A plain connection is open, or a TLS one begins its handshake. `descriptor` is valid within the call. */
  readonly opened: (connection: Connection, descriptor: number) => void;
  /** The handshake is over; nothing of the peer was read before. */
  readonly secured: (connection: Connection, socket: Socket<Connection | undefined>, success: boolean) => void;
}

export interface Listener {
  readonly port: number;
  /** Takes the leaf in force for connections from now on; those that are open keep theirs. */
  renew(): void;
  /** Stops accepting; open connections go on. */
  stop(): void;
}

type Opened = TCPSocketListener<Connection | undefined> & { readonly fd: number };

/** Throws the runtime's error when the address can't be taken. */
export function listen(options: ListenOptions): Listener {
  const { address, shelf } = options;
  const inherited = shelf?.take(address) ?? null;
  let current = open(options, inherited === null ? { hostname: address.host, port: address.port } : { fd: inherited });
  const port = inherited === null ? current.port : address.port;
  if (options.near === true) limitReceived(current);
  shelf?.put(address, () => current.fd);
  return {
    port,
    renew() {
      const next = open(options, { fd: duplicate(current.fd) });
      current.stop(false);
      current = next;
    },
    stop() {
      shelf?.remove(address);
      current.stop(false);
    },
  };
}

function open(options: ListenOptions, where: { hostname: string; port: number } | { fd: number }): Opened {
  const { turn } = options;
  const settings = {
    ...where,
    allowHalfOpen: true,
    ...(options.tls === null ? {} : { tls: options.tls() }),
    socket: {
      ...connectionEvents(turn),
      open(socket: Socket<Connection | undefined>) {
        accept(options, socket);
        turn.flush();
      },
      ...(options.tls === null ? {} : { handshake: secured(options) }),
    },
  };
  // The runtime listens on a given descriptor, which its type for listeners doesn't say.
  return Bun.listen<Connection | undefined>(settings as TCPSocketListenOptions<Connection | undefined>) as Opened;
}

function accept(options: ListenOptions, socket: Socket<Connection | undefined>): void {
  if (!options.admit()) {
    socket.terminate();
    return;
  }
  const connection = new Connection(socket, options.turn, () => options.counted(-1));
  socket.data = connection;
  socket.setNoDelay(true);
  options.counted(1);
  // The runtime's type for sockets doesn't have it.
  options.opened(connection, (socket as Socket<Connection | undefined> & { readonly fd: number }).fd);
}

function secured(options: ListenOptions): (socket: Socket<Connection | undefined>, success: boolean) => void {
  return (socket, success) => {
    if (socket.data !== undefined) options.secured(socket.data, socket, success);
    options.turn.flush();
  };
}

type Dup = (descriptor: number) => number;
let dup: Dup | null = null;

function duplicate(descriptor: number): number {
  dup ??= loadDup();
  const copy = dup(descriptor);
  if (copy < 0) throw new Error(`the listening socket ${descriptor} could not be duplicated`);
  return copy;
}

function loadDup(): Dup {
  const library = suffix === 'dylib' ? 'libSystem.dylib' : 'libc.so.6';
  return dlopen(library, { dup: { args: ['i32'], returns: 'i32' } }).symbols.dup;
}
