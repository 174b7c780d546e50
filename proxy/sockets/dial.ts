/** Opens connections: plain TCP, or TLS to a peer that proves one identity. The caller is told exactly once. */
import type { Socket, TLSOptions } from 'bun';
import type { Peer } from '../policy/peer.ts';
import type { SocketAddress } from '../wire/orders.ts';
import { Connection } from './connection.ts';
import { connectionEvents } from './handlers.ts';
import { CONNECT_MS_MAX, HOP_MS_MAX } from './limits.ts';
import type { Sockets } from './sockets.ts';
import { Timer, type TimerOwner } from './timer-wheel.ts';

export type DialFailure =
  | { readonly kind: 'refused' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'unverified'; readonly reason: Extract<Peer, { kind: 'refused' }>['reason'] };

export interface DialOptions {
  readonly sockets: Sockets;
  readonly address: SocketAddress;
  /** Null for plain text. */
  readonly tls: { readonly options: TLSOptions; readonly verify: (socket: Socket<unknown>, success: boolean) => Peer } | null;
  /** For the TCP connection; CONNECT_MS_MAX when absent. */
  readonly connectMs?: number;
  /** The other side is on this machine: see RECEIVE_BYTES_MAX. */
  readonly near?: boolean;
  /** Counts the connection and its end. */
  readonly counted: (change: 1 | -1) => void;
  readonly connected: (connection: Connection) => void;
  readonly failed: (failure: DialFailure) => void;
}

/** Dials; TCP has CONNECT_MS_MAX, TLS as long again up to HOP_MS_MAX. */
export function dial(options: DialOptions): void {
  new Dial(options).start();
}

class Dial implements TimerOwner {
  private readonly options: DialOptions;
  private readonly timer = new Timer(this);
  private settled = false;
  private socket: Socket<Connection | undefined> | null = null;

  constructor(options: DialOptions) {
    this.options = options;
  }

  start(): void {
    const { sockets, address, tls } = this.options;
    sockets.arm(this.timer, this.options.connectMs ?? CONNECT_MS_MAX);
    const events = connectionEvents(sockets.turn);
    Bun.connect<Connection | undefined>({
      hostname: address.host,
      port: address.port,
      allowHalfOpen: true,
      ...(tls === null ? {} : { tls: tls.options }),
      socket: {
        ...events,
        open: (socket) => {
          this.opened(socket);
          sockets.turn.flush();
        },
        ...(tls === null ? {} : { handshake: (socket: Socket<Connection | undefined>, success: boolean) => this.handshake(socket, success, tls.verify) }),
        close: (socket, error) => {
          if (socket.data !== undefined) events.close(socket, error);
          else this.fail({ kind: 'refused' });
        },
        error: (socket, error) => {
          if (socket.data !== undefined) events.error(socket, error);
        },
        connectError: () => this.fail({ kind: 'refused' }),
      },
      // The handlers have told it already.
    }).catch(() => this.fail({ kind: 'refused' }));
  }

  expired(): void {
    const { socket } = this;
    this.fail({ kind: 'timeout' });
    socket?.terminate();
  }

  private opened(socket: Socket<Connection | undefined>): void {
    if (this.settled) {
      socket.terminate();
      return;
    }
    socket.setNoDelay(true);
    this.socket = socket;
    if (this.options.tls === null) {
      if (this.options.near === true) this.options.sockets.near(socket);
      this.succeed(socket);
    } else this.options.sockets.arm(this.timer, HOP_MS_MAX);
  }

  private handshake(socket: Socket<Connection | undefined>, success: boolean, verify: (socket: Socket<unknown>, success: boolean) => Peer): void {
    if (this.settled) return;
    const peer = verify(socket, success);
    if (peer.kind === 'verified') this.succeed(socket);
    else {
      // In this order: ending the socket tells its handlers at once.
      this.fail({ kind: 'unverified', reason: peer.reason });
      socket.terminate();
    }
    this.options.sockets.turn.flush();
  }

  private succeed(socket: Socket<Connection | undefined>): void {
    this.settle();
    const connection = new Connection(socket, this.options.sockets.turn, () => this.options.counted(-1));
    socket.data = connection;
    this.options.counted(1);
    this.options.connected(connection);
  }

  private fail(failure: DialFailure): void {
    if (this.settled) return;
    this.settle();
    this.options.failed(failure);
    this.options.sockets.turn.flush();
  }

  private settle(): void {
    this.settled = true;
    this.socket = null;
    this.options.sockets.remove(this.timer);
  }
}
