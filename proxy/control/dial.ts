/** Opens a control link over TLS 1.3 on the runtime's raw sockets, and admits only the control plane's own identity. */
import type { Socket } from 'bun';
import type { SocketAddress } from '../wire/orders.ts';
import { encodeFrame, FrameReader } from './framing.ts';

/** Connecting and the handshake together may take so long. */
export const DIAL_MS_MAX = 5_000;
/** Unsent bytes of a link: the whole ring of windows and some more. A peer that takes nothing loses the link. */
export const UNSENT_BYTES_MAX = 4 * 1024 * 1024;

export interface DialOptions {
  readonly address: SocketAddress;
  /** The one DNS name that the server's certificate must have, by string. */
  readonly serverIdentity: string;
  /** PEM. */
  readonly trustBundle: string;
  /** PEM; null for a link that may only certify. */
  readonly client: { readonly certificateChain: string; readonly privateKey: string } | null;
}

/** An open link. */
export interface LinkSocket {
  /** Sends one message; after the close it does nothing. */
  send(json: string): void;
  close(): void;
}

export interface LinkEvents {
  /** The server has proved who it is. */
  opened(socket: LinkSocket): void;
  message(json: string): void;
  /** Exactly once, also when the link was never opened. `reason` is for people. */
  closed(reason: string): void;
}

/** Begins to dial; all that happens is told to `events`. Returns the way to give up. */
export type Dial = (options: DialOptions, events: LinkEvents) => { close(): void };

class Connection implements LinkSocket {
  readonly #options: DialOptions;
  readonly #events: LinkEvents;
  readonly #reader: FrameReader;
  readonly #timer: ReturnType<typeof setTimeout>;
  #socket: Socket | null = null;
  #unsent: Uint8Array<ArrayBuffer>[] = [];
  #unsentBytes = 0;
  #over = false;

  constructor(options: DialOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
    this.#reader = new FrameReader((json) => {
      if (!this.#over) events.message(json);
    });
    this.#timer = setTimeout(() => this.#end(`no TLS connection within ${DIAL_MS_MAX} ms`), DIAL_MS_MAX);
  }

  async connect(): Promise<void> {
    const { address, serverIdentity, trustBundle, client } = this.#options;
    const identity = client === null ? {} : { cert: client.certificateChain, key: client.privateKey };
    try {
      await Bun.connect({
        hostname: address.host,
        port: address.port,
        tls: { serverName: serverIdentity, ca: trustBundle, rejectUnauthorized: true, ...identity },
        socket: {
          open: (socket) => this.#opened(socket),
          handshake: (_, verified, error) => this.#shaken(verified, error),
          data: (_, bytes) => this.#received(bytes),
          drain: () => this.#flush(),
          close: () => this.#end('the control plane closed the link'),
          end: () => this.#end('the control plane ended the link'),
          error: (_, error) => this.#end(error.message),
          connectError: (_, error) => this.#end(`connecting failed: ${error.message}`),
        },
      });
    } catch (error) {
      this.#end(error instanceof Error ? error.message : String(error));
    }
  }

  send(json: string): void {
    if (this.#over) return;
    const frame = encodeFrame(json);
    this.#unsent.push(frame);
    this.#unsentBytes += frame.length;
    this.#flush();
    if (this.#unsentBytes > UNSENT_BYTES_MAX) this.#end(`${this.#unsentBytes} bytes wait to be sent, and the control plane takes none`);
  }

  close(): void {
    this.#end('closed by this proxy');
  }

  #opened(socket: Socket): void {
    this.#socket = socket;
    if (this.#over) socket.terminate();
  }

  #shaken(verified: boolean, error: Error | null): void {
    if (this.#over || this.#socket === null) return;
    const names = (this.#socket.getPeerCertificate() as { subjectaltname?: string } | undefined)?.subjectaltname ?? '';
    if (!verified || !this.#socket.authorized) {
      this.#end(`its certificate isn't trusted: ${error?.message ?? 'not authorized'}`);
    } else if (names !== `DNS:${this.#options.serverIdentity}`) {
      this.#end(`its certificate is for ${names || 'no name'}, not for DNS:${this.#options.serverIdentity}`);
    } else {
      clearTimeout(this.#timer);
      this.#events.opened(this);
    }
  }

  #received(bytes: Uint8Array): void {
    if (this.#over) return;
    try {
      this.#reader.push(bytes);
    } catch (error) {
      this.#end(error instanceof Error ? error.message : String(error));
    }
  }

  #flush(): void {
    while (this.#socket !== null && this.#unsent[0] !== undefined) {
      const frame = this.#unsent[0];
      const taken = Math.max(0, this.#socket.write(frame));
      this.#unsentBytes -= taken;
      if (taken < frame.length) {
        this.#unsent[0] = frame.subarray(taken);
        return;
      }
      this.#unsent.shift();
    }
  }

  #end(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#unsent = [];
    // What was written is still delivered; TLS close_notify follows it.
    this.#socket?.end();
    this.#events.closed(reason);
  }
}

/** The real `Dial`. */
export const dialControl: Dial = (options, events) => {
  const connection = new Connection(options, events);
  void connection.connect();
  return connection;
};
