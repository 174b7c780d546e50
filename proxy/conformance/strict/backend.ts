/** A server behind the proxy that writes down every byte, connection by connection, and answers what is strictly a request. */
import { createServer, type Server, type Socket } from 'node:net';
import type { ReadMessage } from './reading.ts';
import { toBytes, toText } from './latin1.ts';
import { walkRequests } from './walk.ts';

/** What one connection carried since `begin`. */
export interface Segment {
  readonly connection: number;
  readonly bytes: string;
  /** It stood in the middle of a message when `begin` was called, and more came all the same. */
  readonly insideOther: boolean;
}

/** An answer; `ends`: the server closes its side behind it. */
export interface Reply {
  readonly bytes: string;
  readonly ends: boolean;
}

interface Connection {
  readonly id: number;
  readonly socket: Socket;
  /** Received and not answered yet. */
  pending: string;
  since: string;
  insideOther: boolean;
}

/** Names the request that it answers, so that answers can't be swapped unseen. */
export const ANSWERS_FIELD = 'x-answers';

/** `number`: which request since `begin` it is, from 1. */
export type Script = (request: ReadMessage, number: number) => Reply;

/** 200 with a small body, the method and the request's number. */
export function plainReply({ method }: ReadMessage, number: number): Reply {
  const body = method === 'HEAD' ? '' : 'ok';
  if (method === 'CONNECT') return { bytes: `HTTP/1.1 405 No tunnel\r\n${ANSWERS_FIELD}: CONNECT ${number}\r\ncontent-length: 0\r\n\r\n`, ends: true };
  return { bytes: `HTTP/1.1 200 OK\r\n${ANSWERS_FIELD}: ${method} ${number}\r\ncontent-length: 2\r\n\r\n${body}`, ends: false };
}

export class RecordingBackend {
  readonly #server: Server;
  readonly #connections = new Map<number, Connection>();
  #touched = new Map<number, Connection>();
  #script: Script = plainReply;
  #requests = 0;
  #opened = 0;

  constructor() {
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  listen(port: number): Promise<void> {
    return new Promise((done, fail) => {
      this.#server.once('error', fail);
      this.#server.listen(port, '127.0.0.1', done);
    });
  }

  /** From now on everything counts for another payload. */
  begin(script: Script = plainReply): void {
    this.#script = script;
    this.#requests = 0;
    this.#touched = new Map();
    for (const connection of this.#connections.values()) {
      connection.since = '';
      connection.insideOther = connection.pending.length > 0;
    }
  }

  /** What came since `begin`, oldest connection first. */
  segments(): Segment[] {
    return [...this.#touched.values()].map(({ id, since, insideOther }) => ({ connection: id, bytes: since, insideOther }));
  }

  /** Complete requests since `begin`. */
  get requests(): number {
    return this.#requests;
  }

  async close(): Promise<void> {
    for (const { socket } of this.#connections.values()) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }

  #accept(socket: Socket): void {
    const connection: Connection = { id: ++this.#opened, socket, pending: '', since: '', insideOther: false };
    this.#connections.set(connection.id, connection);
    socket.on('data', (bytes) => this.#receive(connection, toText(bytes)));
    socket.on('end', () => socket.end());
    socket.on('error', () => undefined);
    socket.on('close', () => this.#connections.delete(connection.id));
  }

  #receive(connection: Connection, text: string): void {
    connection.since += text;
    connection.pending += text;
    this.#touched.set(connection.id, connection);
    const { messages, end } = walkRequests(connection.pending);
    if (end === 0) return;
    connection.pending = connection.pending.slice(end);
    for (const message of messages) {
      if (!message.complete) continue;
      const reply = this.#script(message, ++this.#requests);
      connection.socket.write(toBytes(reply.bytes));
      if (reply.ends) connection.socket.end();
    }
  }
}
