/** The app behind the proxies: answers each nonce with itself and records every one that it saw, whole or in part. */
import { type IncomingMessage, type ServerResponse, createServer as createHttpServer } from 'node:http';
import { type Server, type Socket, createServer as createTcpServer } from 'node:net';
import { isNonceBody, nonceBody, repeatable } from './nonce.ts';

/** What the apps saw. */
export class Sightings {
  readonly #seen = new Map<string, number>();
  readonly #once = new Set<string>();
  /** Requests whose path, headers and body weren't of one and the same nonce. */
  mixed = 0;

  /** A request has begun to arrive; `mayRepeat` when doing it twice does no harm. */
  saw(nonce: string, mayRepeat: boolean): void {
    this.#seen.set(nonce, (this.#seen.get(nonce) ?? 0) + 1);
    if (!mayRepeat) this.#once.add(nonce);
  }

  get size(): number {
    return this.#seen.size;
  }

  /** Nonces seen more than once: of requests that must not be, and of others. */
  repeats(): { readonly harmful: number; readonly harmless: number } {
    const repeated = [...this.#seen].filter(([, times]) => times > 1).map(([nonce]) => nonce);
    const harmful = repeated.filter((nonce) => this.#once.has(nonce)).length;
    return { harmful, harmless: repeated.length - harmful };
  }
}

export interface NonceApp {
  readonly port: number;
  close(): Promise<void>;
}

/** HTTP/1.1 by Node's own parser. */
export async function openHttpApp(sightings: Sightings): Promise<NonceApp> {
  const server = createHttpServer({ keepAliveTimeout: 60_000 }, (request, response) => answer(request, response, sightings));
  const port = await listening(server);
  return {
    port,
    close: () => new Promise((done) => {
      server.close(() => done());
      server.closeAllConnections();
    }),
  };
}

function answer(request: IncomingMessage, response: ServerResponse, sightings: Sightings): void {
  const nonce = String(request.headers['x-nonce']);
  const bytes = Number(request.headers['x-request-bytes']);
  const answerBytes = Number(request.headers['x-answer-bytes']);
  sightings.saw(nonce, repeatable(request.method ?? ''));
  if (request.url !== `/nonce/${nonce}`) sightings.mixed += 1;
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => void parts.push(part));
  request.on('error', () => undefined);
  request.on('end', () => {
    if (!isNonceBody(Buffer.concat(parts), nonce, bytes)) sightings.mixed += 1;
    const body = nonceBody(nonce, answerBytes);
    const framing = request.headers['x-chunked'] === 'yes' ? {} : { 'content-length': body.length };
    const close = request.headers['x-closes'] === 'app' ? { connection: 'close' } : {};
    response.writeHead(200, { 'x-nonce': nonce, 'x-answer-bytes': answerBytes, ...framing, ...close });
    if (body.length > 0) response.write(body);
    response.end();
  });
}

/** A line `nonce requestBytes answerBytes`, the body, and the same back; one after another on a connection. */
export async function openTcpApp(sightings: Sightings): Promise<NonceApp> {
  const open = new Set<Socket>();
  const server = createTcpServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    open.add(socket);
    socket.on('close', () => void open.delete(socket));
    socket.on('error', () => undefined);
    serveTcp(socket, sightings);
  });
  const port = await listening(server);
  return {
    port,
    close: () => new Promise((done) => {
      server.close(() => done());
      for (const socket of open) socket.destroy();
    }),
  };
}

function serveTcp(socket: Socket, sightings: Sightings): void {
  let held = Buffer.alloc(0);
  let begun = false;
  socket.on('data', (bytes: Buffer) => {
    held = Buffer.concat([held, bytes]);
    for (;;) {
      const line = held.indexOf('\n');
      if (line < 0) return;
      const [nonce = '', requestBytes = '', answerBytes = ''] = held.subarray(0, line).toString('latin1').split(' ');
      if (!begun) sightings.saw(nonce, false);
      begun = true;
      const end = line + 1 + Number(requestBytes);
      if (!(held.length >= end)) return;
      if (!isNonceBody(held.subarray(line + 1, end), nonce, Number(requestBytes))) sightings.mixed += 1;
      held = held.subarray(end);
      begun = false;
      socket.write(Buffer.concat([Buffer.from(`${nonce} ${answerBytes}\n`), nonceBody(nonce, Number(answerBytes))]));
    }
  });
  socket.on('end', () => void socket.end());
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP listener has a port');
  return address.port;
}
