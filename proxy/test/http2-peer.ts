/** HTTP/2 peers for tests, on Node's own implementation: an app in plain text, and a client that says all that it saw. */
import { type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream, connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';

/** What came of one request. */
export interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: IncomingHttpHeaders;
  /** Interim heads before the answer's. */
  readonly interim: readonly IncomingHttpHeaders[];
  /** RST_STREAM's code, 0 for an end in good order. */
  readonly code: number;
}

export interface Http2App {
  readonly port: number;
  /** Connections that were made so far. */
  sessions(): number;
  /** Those that are open. */
  readonly open: ReadonlySet<ServerHttp2Session>;
  stop(): Promise<void>;
}

/** An app that takes extended CONNECT, on a free port or the given one. */
export async function serveHttp2(handler: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void, options: { readonly port?: number; readonly streamsMax?: number } = {}): Promise<Http2App> {
  const server = createServer({ settings: { enableConnectProtocol: true, maxConcurrentStreams: options.streamsMax ?? 100 } });
  const open = new Set<ServerHttp2Session>();
  let sessions = 0;
  server.on('session', (session) => {
    sessions++;
    open.add(session);
    session.on('close', () => open.delete(session));
    session.on('error', () => undefined);
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    handler(stream, headers);
  });
  await new Promise<void>((resolve) => void server.listen(options.port ?? 0, '127.0.0.1', () => resolve()));
  return {
    port: (server.address() as AddressInfo).port,
    sessions: () => sessions,
    open,
    async stop() {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      for (const session of open) session.destroy();
      await closed;
    },
  };
}

/** A connection whose peer has said its settings. */
export async function open(port: number): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    session.once('remoteSettings', () => resolve());
    session.once('error', reject);
  });
  return session;
}

/** All that comes of a request until its stream ends. */
export async function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  const interim: IncomingHttpHeaders[] = [];
  const chunks: Buffer[] = [];
  stream.on('headers', (head) => void interim.push(head));
  stream.on('response', (head) => void (headers = head));
  stream.on('trailers', (head) => void (trailers = head));
  stream.on('data', (bytes: Buffer) => void chunks.push(bytes));
  stream.on('error', () => undefined);
  await new Promise<void>((resolve) => void stream.once('close', () => resolve()));
  return { headers, trailers, interim, body: Buffer.concat(chunks).toString(), code: stream.rstCode ?? 0 };
}
