/** A TCP client that sends and reads exact bytes, and small servers for tests. */
import { type Server, type Socket, connect, createServer } from 'node:net';

const READ_MS_MAX = 8_000;

export class RawClient {
  readonly socket: Socket;
  /** All that came, as ISO 8859-1. */
  received = '';
  ended = false;
  failed = false;
  private wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.received += bytes.toString('latin1');
      this.wake();
    });
    socket.on('error', () => (this.failed = true));
    for (const event of ['end', 'close'] as const) {
      socket.on(event, () => {
        this.ended = true;
        this.wake();
      });
    }
  }

  /** Connects to a port of 127.0.0.1. */
  static async to(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const client = new RawClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  send(bytes: string): this {
    this.socket.write(Buffer.from(bytes, 'latin1'));
    return this;
  }

  /** Waits until what came satisfies the condition; throws with what came when it doesn't in time. */
  async until(holds: (received: string) => boolean): Promise<string> {
    const endMs = Date.now() + READ_MS_MAX;
    while (!holds(this.received)) {
      if (this.ended || Date.now() > endMs) throw new Error(`${this.ended ? 'the connection ended' : 'nothing more came'} behind ${JSON.stringify(this.received)}`);
      await this.next(endMs);
    }
    return this.received;
  }

  /** Waits for one whole response with Content-Length, and takes it out of `received`. */
  async response(): Promise<{ readonly head: string; readonly body: string }> {
    const whole = await this.until((received) => responseEnd(received) >= 0);
    const end = responseEnd(whole);
    this.received = whole.slice(end);
    const split = whole.indexOf('\r\n\r\n') + 4;
    return { head: whole.slice(0, split), body: whole.slice(split, end) };
  }

  /** Waits for the end of the connection. Returns what came. */
  async end(): Promise<string> {
    const endMs = Date.now() + READ_MS_MAX;
    while (!this.ended) {
      if (Date.now() > endMs) throw new Error(`the connection never ended behind ${JSON.stringify(this.received)}`);
      await this.next(endMs);
    }
    return this.received;
  }

  close(): void {
    this.socket.destroy();
  }

  private async next(endMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, endMs - Date.now()));
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function responseEnd(received: string): number {
  const split = received.indexOf('\r\n\r\n');
  if (split < 0) return -1;
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(received.slice(0, split))?.[1] ?? 0);
  return received.length >= split + 4 + length ? split + 4 + length : -1;
}

export interface TestServer {
  readonly port: number;
  /** Connections that were made so far. */
  connections(): number;
  stop(): Promise<void>;
}

/** Serves each connection by the handler. */
export async function serve(handler: (socket: Socket) => void): Promise<TestServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    handler(socket);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    connections: () => connections,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

/** An app that answers each whole head with what `answer` says; null closes the connection without a word. */
export function httpApp(answer: (head: string, count: number) => string | null): (socket: Socket) => void {
  return (socket) => {
    let received = '';
    let count = 0;
    socket.on('end', () => socket.end());
    socket.on('data', (bytes: Buffer) => {
      received += bytes.toString('latin1');
      for (let end = requestEnd(received); end >= 0; end = requestEnd(received)) {
        const request = received.slice(0, end);
        received = received.slice(end);
        const said = answer(request, count++);
        if (said === null) socket.destroy();
        else socket.write(Buffer.from(said, 'latin1'));
      }
    });
  };
}

function requestEnd(received: string): number {
  const split = received.indexOf('\r\n\r\n');
  if (split < 0) return -1;
  if (/\r\ntransfer-encoding: *chunked/i.test(received.slice(0, split))) {
    const last = received.indexOf('0\r\n', split + 2);
    const end = last < 0 ? -1 : received.indexOf('\r\n\r\n', last);
    return end < 0 ? -1 : end + 4;
  }
  return responseEnd(received);
}

/** A response with a length. */
export function ok(body: string, fields = ''): string {
  return `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
}
