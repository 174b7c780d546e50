/** Node's HTTP parser as a judge, with its server and client around it. */
import { createServer, request as startRequest, type IncomingMessage, type Server } from 'node:http';
import { Duplex } from 'node:stream';
import { toBytes, toText } from './latin1.ts';
import type { Answered, Judge, ReadMessage, Reading, Tail } from './reading.ts';

const HEAD_BYTES_MAX = 1024 * 1024;

/** A connection in memory whose peer sent some bytes; what is written to it is not kept. */
class Feed extends Duplex {
  readonly messages: Mutable[] = [];
  tail: Tail = 'none';
  error = '';

  override _read(): void {}

  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done();
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  /** Lets the bytes be read, and whatever follows from them, before the end of the connection is. */
  play(bytes: string): void {
    if (bytes.length > 0) this.push(toBytes(bytes));
    setImmediate(() => setImmediate(() => this.push(null)));
  }
}

type Mutable = { -readonly [Key in keyof ReadMessage]: ReadMessage[Key] };

function pairs(raw: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) list.push([(raw[at] ?? '').toLowerCase(), raw[at + 1] ?? '']);
  return list;
}

/** Collects a message while its body comes. */
function collect(message: IncomingMessage, into: Mutable): void {
  message.on('data', (chunk: Buffer) => (into.body += toText(chunk)));
  message.on('error', () => undefined);
  message.on('end', () => {
    into.complete = message.complete;
    into.trailers = pairs(message.rawTrailers);
  });
}

function readRequestsOn(server: Server, bytes: string): Promise<Reading> {
  const { promise, resolve } = Promise.withResolvers<Reading>();
  const feed = new Feed();
  feed.on('error', () => undefined);
  feed.on('close', () => {
    // What Node takes for the preface of HTTP/2 it closes without a word.
    const dropped = feed.tail === 'none' && feed.messages.some(({ complete }) => !complete);
    resolve({ messages: feed.messages, tail: dropped ? 'error' : feed.tail, error: dropped ? 'closed without a word' : feed.error });
  });
  server.emit('connection', feed);
  feed.play(bytes);
  return promise;
}

function createReadingServer(): Server {
  const server = createServer({ requireHostHeader: false, maxHeaderSize: HEAD_BYTES_MAX, connectionsCheckingInterval: 2 ** 30, keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 });
  server.maxHeadersCount = 0;
  const begun = (request: IncomingMessage): Mutable => {
    const { method = '', url: target = '' } = request;
    const message = { method, target, status: 0, fields: pairs(request.rawHeaders), body: '', trailers: [], complete: false };
    const feed = request.socket as unknown as Feed;
    feed.messages.push(message);
    // Without a handler for upgrades Node answers the request and reads nothing behind it.
    feed.tail = request.headers.upgrade !== undefined && /\bupgrade\b/i.test(request.headers.connection ?? '') ? 'tunnel' : 'none';
    return message;
  };
  const answer = (request: IncomingMessage, response: { end(): unknown }): void => {
    collect(request, begun(request));
    request.on('end', () => response.end());
  };
  server.on('request', answer);
  server.on('checkContinue', answer);
  server.on('checkExpectation', answer);
  server.on('connect', (request, socket) => {
    begun(request).complete = true;
    (socket as unknown as Feed).tail = 'tunnel';
    socket.destroy();
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const feed = socket as unknown as Feed;
    feed.tail = error.code === 'HPE_INVALID_EOF_STATE' ? 'incomplete' : 'error';
    feed.error = error.message;
    // Requests before the wrong one still have their bodies to tell.
    setImmediate(() => socket.destroy());
  });
  return server;
}

function readResponse(bytes: string, answers: Answered): Promise<Reading> {
  const { promise, resolve } = Promise.withResolvers<Reading>();
  const feed = new Feed();
  const finish = (tail: Tail, error = ''): void => {
    resolve({ messages: feed.messages, tail, error });
    feed.destroy();
  };
  const begun = (response: { statusCode?: number | undefined; rawHeaders: readonly string[] }): Mutable => {
    const message = { method: '', target: '', status: response.statusCode ?? 0, fields: pairs(response.rawHeaders), body: '', trailers: [], complete: false };
    feed.messages.push(message);
    return message;
  };
  const outgoing = startRequest({
    createConnection: () => feed, method: answers === 'UPGRADE' ? 'GET' : answers, path: answers === 'CONNECT' ? 'a:1' : '/', maxHeaderSize: HEAD_BYTES_MAX,
    headers: answers === 'UPGRADE' ? { host: 'a', connection: 'upgrade', upgrade: 'x' } : { host: 'a' },
  });
  outgoing.on('information', (response) => void (begun(response).complete = true));
  const tunnel = (response: IncomingMessage): void => {
    begun(response).complete = true;
    finish('tunnel');
  };
  outgoing.on('upgrade', tunnel);
  outgoing.on('connect', tunnel);
  outgoing.on('response', (response) => {
    collect(response, begun(response));
    response.on('end', () => finish('none'));
    response.on('error', (error: NodeJS.ErrnoException) => finish(error.code === 'ECONNRESET' ? 'incomplete' : 'error', error.message));
  });
  outgoing.on('error', (error: NodeJS.ErrnoException) => finish(error.code === 'ECONNRESET' || error.code === 'HPE_INVALID_EOF_STATE' ? 'incomplete' : 'error', error.message));
  outgoing.end();
  feed.play(bytes);
  return promise;
}

export function createNodeJudge(): Judge {
  const server = createReadingServer();
  return { name: 'node', requests: (bytes) => readRequestsOn(server, bytes), response: readResponse, close: () => void server.close() };
}
