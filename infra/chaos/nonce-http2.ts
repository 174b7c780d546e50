/** Nonces over HTTP/2 and gRPC: the app behind the proxies and the client before them, on Node's own implementation. */
import { type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream, connect, createServer } from 'node:http2';
import { type NonceApp, type Sightings } from './nonce-app.ts';
import { type NonceClient, type Outcome, type Settle, within } from './nonce-client.ts';
import { type NonceRequest, isNonceBody, nonceBody, repeatable } from './nonce.ts';

/** Connections that one client keeps; its requests share them. */
const SESSIONS_MAX = 3;
const GRPC = 'application/grpc+proto';

/** Answers each stream with its nonce; one in five answers ends the connection by GOAWAY. A gRPC call has its status in trailers. */
export async function openHttp2App(sightings: Sightings): Promise<NonceApp> {
  const open = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on('session', (session) => {
    open.add(session);
    session.on('close', () => open.delete(session));
    session.on('error', () => undefined);
  });
  server.on('stream', (stream, headers) => serve(stream, headers, sightings));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP listener has a port');
  return {
    port: address.port,
    close: () => new Promise((done) => {
      server.close(() => done());
      for (const session of open) session.destroy();
    }),
  };
}

function serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, sightings: Sightings): void {
  const nonce = String(headers['x-nonce']);
  const bytes = Number(headers['x-request-bytes']);
  sightings.saw(nonce, repeatable(headers[':method'] ?? ''));
  if (headers[':path'] !== `/nonce/${nonce}`) sightings.mixed += 1;
  const parts: Buffer[] = [];
  stream.on('error', () => undefined);
  stream.on('data', (part: Buffer) => void parts.push(part));
  stream.on('end', () => {
    // Node ends what it reads of a stream that was broken off, too.
    if (stream.aborted || stream.destroyed || stream.rstCode > 0) return;
    if (!isNonceBody(Buffer.concat(parts), nonce, bytes)) sightings.mixed += 1;
    answer(stream, headers, nonce);
  });
}

function answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, nonce: string): void {
  const body = nonceBody(nonce, Number(headers['x-answer-bytes']));
  const grpc = headers['content-type'] === GRPC;
  const length = headers['x-chunked'] === 'yes' || grpc ? {} : { 'content-length': String(body.length) };
  stream.respond({ ':status': 200, 'x-nonce': nonce, ...length, ...(grpc ? { 'content-type': GRPC } : {}) }, { waitForTrailers: grpc });
  if (grpc) stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-nonce': nonce }));
  stream.end(body);
  if (headers['x-closes'] === 'app') stream.once('close', () => stream.session?.close());
}

/** Streams over shared connections; `limitMs`: what takes longer has hung. */
export function openHttp2Client(port: number, limitMs: number): NonceClient {
  return new Http2Client(port, limitMs, false);
}

/** The same as unary calls. */
export function openGrpcClient(port: number, limitMs: number): NonceClient {
  return new Http2Client(port, limitMs, true);
}

class Http2Client implements NonceClient {
  readonly #port: number;
  readonly #limitMs: number;
  readonly #grpc: boolean;
  readonly #sessions: (ClientHttp2Session | undefined)[] = new Array<ClientHttp2Session | undefined>(SESSIONS_MAX).fill(undefined);
  #next = 0;

  constructor(port: number, limitMs: number, grpc: boolean) {
    this.#port = port;
    this.#limitMs = limitMs;
    this.#grpc = grpc;
  }

  send(asked: NonceRequest): Promise<Outcome> {
    const grpc = this.#grpc;
    const session = this.#session();
    return within(this.#limitMs, (settle) => sendHttp2(session, asked, grpc, settle));
  }

  close(): void {
    for (const session of this.#sessions) session?.destroy();
  }

  forget(): void {
    this.close();
  }

  #session(): ClientHttp2Session {
    const at = this.#next++ % SESSIONS_MAX;
    const known = this.#sessions[at];
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    const session = connect(`http://127.0.0.1:${this.#port}`);
    session.on('error', () => undefined);
    // Whoever is told to go goes with its next request.
    session.on('goaway', () => session.close());
    this.#sessions[at] = session;
    return session;
  }
}

function sendHttp2(session: ClientHttp2Session, asked: NonceRequest, grpc: boolean, settle: Settle): () => void {
  const { nonce, method, requestBytes, answerBytes, chunked, closes } = asked;
  const body = nonceBody(nonce, requestBytes);
  const stream = session.request({
    ':method': grpc ? 'POST' : method, ':path': `/nonce/${nonce}`, 'x-nonce': nonce, 'x-request-bytes': requestBytes, 'x-answer-bytes': answerBytes, 'x-closes': String(closes), 'x-chunked': chunked ? 'yes' : 'no',
    ...(grpc ? { 'content-type': GRPC, te: 'trailers' } : chunked ? {} : { 'content-length': String(requestBytes) }),
  }, { endStream: requestBytes === 0 });
  if (requestBytes > 0) stream.end(body);
  judge(stream, asked, grpc, settle);
  if (closes === 'client') stream.once('close', () => session.close());
  return () => void stream.close();
}

function judge(stream: ClientHttp2Stream, { nonce, answerBytes }: NonceRequest, grpc: boolean, settle: Settle): void {
  const parts: Buffer[] = [];
  let head: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  let ended = false;
  stream.on('response', (headers) => (head = headers));
  stream.on('trailers', (headers) => (trailers = headers));
  stream.on('data', (part: Buffer) => void parts.push(part));
  stream.on('end', () => (ended = true));
  stream.on('error', () => undefined);
  stream.on('close', () => {
    const status = Number(head[':status'] ?? 0);
    if (!ended || stream.rstCode !== 0 || status === 0) return settle('broken');
    const refusal = grpc ? (head['grpc-status'] ?? '0') !== '0' : status >= 400;
    if (head['x-nonce'] === undefined && refusal) return settle('refused');
    if (head['x-nonce'] !== nonce || (grpc && trailers['x-nonce'] !== undefined && trailers['x-nonce'] !== nonce)) return settle('swapped');
    if (grpc && trailers['grpc-status'] !== '0') return settle('damaged');
    settle(isNonceBody(Buffer.concat(parts), nonce, answerBytes) ? 'answered' : 'damaged');
  });
}
