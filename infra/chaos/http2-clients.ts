/** An HTTP/2 app for drains and its clients: small POSTs and streams of seconds on connections that are kept until they are told to go. */
import { type ClientHttp2Session, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream, connect, constants, createServer } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { STREAM_LINES } from './drain-app.ts';
import { type LongClients, startClients } from './long-clients.ts';

const LINE_MS = 100;
const EXCHANGE_MS_MAX = 30_000;
/** Between two small requests of one client. */
const PAUSE_MS = 20;
const WHOLE = Array.from({ length: STREAM_LINES }, (_, line) => `data: ${line}\n\n`).join('');

export interface Http2DrainApp {
  readonly port: number;
  close(): Promise<void>;
}

export async function openHttp2App(): Promise<Http2DrainApp> {
  const server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => undefined);
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    stream.resume();
    stream.on('end', () => (headers[':path'] === '/stream' ? sendLines(stream) : answer(stream)));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return { port: portOf(server), close: () => close(server, sessions) };
}

function answer(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200 });
  stream.end('served');
}

function sendLines(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'content-type': 'text/event-stream' });
  let line = 0;
  const timer = setInterval(() => {
    stream.write(`data: ${line}\n\n`);
    line += 1;
    if (line < STREAM_LINES) return;
    clearInterval(timer);
    stream.end();
  }, LINE_MS);
  stream.on('close', () => clearInterval(timer));
}

function portOf(server: Http2Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function close(server: Http2Server, sessions: ReadonlySet<ServerHttp2Session>): Promise<void> {
  const closed = new Promise((done) => server.close(done));
  for (const session of sessions) session.destroy();
  await closed;
}

/** One client's connection: another one as soon as the first was told to go. */
class Connection {
  readonly #port: number;
  #session: ClientHttp2Session | null = null;
  /** Requests that went out on another connection than was meant. */
  repeated = 0;

  constructor(port: number) {
    this.#port = port;
  }

  /**
   * Sends one request; rejects unless it is answered 200, whole, with that body. Node gives up by itself what it had not
   * sent when a GOAWAY came, and says so as REFUSED_STREAM: nobody has seen it, so it goes out on the next connection
   * (RFC 9113 §8.7), as gRPC's clients do.
   */
  async ask(path: string, body: string, wanted: string): Promise<void> {
    try {
      await this.#askOnce(path, body, wanted);
    } catch (error) {
      if (!String(error).includes('NGHTTP2_REFUSED_STREAM')) throw error;
      this.repeated += 1;
      this.#session = null;
      await this.#askOnce(path, body, wanted);
    }
  }

  async #askOnce(path: string, body: string, wanted: string): Promise<void> {
    const stream = this.#open().request({ ':method': 'POST', ':path': path });
    stream.setEncoding('utf8');
    stream.end(body);
    let status = 0;
    let text = '';
    stream.on('response', (headers) => (status = Number(headers[':status'])));
    stream.on('data', (piece: string) => (text += piece));
    const closed = new Promise<void>((resolve, reject) => {
      stream.on('error', reject);
      stream.on('close', resolve);
    });
    const late = sleep(EXCHANGE_MS_MAX, 'late', { ref: false });
    if ((await Promise.race([closed, late])) === 'late') throw new Error('no end in time');
    if (status !== 200 || text !== wanted || stream.rstCode !== constants.NGHTTP2_NO_ERROR) {
      throw new Error(`status ${status}, ${text.length} of ${wanted.length} bytes, code ${stream.rstCode}`);
    }
  }

  #open(): ClientHttp2Session {
    const known = this.#session;
    if (known !== null && !known.closed && !known.destroyed) return known;
    const session = connect(`http://127.0.0.1:${this.#port}`);
    session.on('error', () => undefined);
    session.on('goaway', () => this.#forget(session));
    session.on('close', () => this.#forget(session));
    this.#session = session;
    return session;
  }

  #forget(session: ClientHttp2Session): void {
    if (this.#session === session) this.#session = null;
  }

  end(): void {
    this.#session?.close();
  }
}

/** `count` clients that send small POSTs. */
export function startHttp2Requests(port: number, count: number): Http2Clients {
  return withConnections(port, count, async (connection) => {
    await connection.ask('/', 'body', 'served');
    await sleep(PAUSE_MS);
  });
}

/** `count` clients that read streams to their end. */
export function startHttp2Streams(port: number, count: number): Http2Clients {
  return withConnections(port, count, (connection) => connection.ask('/stream', '', WHOLE));
}

export interface Http2Clients extends LongClients {
  repeated(): number;
}

function withConnections(port: number, count: number, once: (connection: Connection) => Promise<void>): Http2Clients {
  const connections = Array.from({ length: count }, () => new Connection(port));
  const clients = startClients(port, count, (_, at) => once(connections[at] ?? new Connection(port)));
  return {
    counts: clients.counts,
    repeated: () => connections.reduce((sum, { repeated }) => sum + repeated, 0),
    stop: async () => {
      await clients.stop();
      for (const connection of connections) connection.end();
    },
  };
}
