/**
 * Open-loop load of small keep-alive requests, GET and POST by turns, over raw sockets: requests leave when they are due, whether or not the ones
 * before are answered, so that a stall of the proxy isn't hidden by a client that waits for it.
 */
import { type Socket, connect } from 'node:net';

export interface LoadOptions {
  /** Where to send to, on 127.0.0.1. */
  readonly port: number;
  readonly requestsPerSecond: number;
  /** Connections that are kept for the requests. */
  readonly connections: number;
  /** Kept connections that are ended between two answers and opened anew. */
  readonly newConnectionsPerSecond: number;
  /** Requests, of all, that are broken off before their answer. */
  readonly abortedShare: number;
  readonly random: () => number;
  /** Monotonic ms. */
  readonly nowMs: () => number;
  /** A request without an answer for so long has failed. */
  readonly limitMs: number;
}

export interface LoadCounts {
  sent: number;
  /** Answered 200 and whole. */
  answered: number;
  /** Broken off by us, as asked. */
  aborted: number;
  /** Any other status. */
  refused: number;
  /** The connection ended or broke with a request in flight. */
  broken: number;
  /** No answer within the limit. */
  hung: number;
  /** Due, but not sent within a second: the machine was too busy for this much load. */
  skipped: number;
  /** Connections opened. */
  connections: number;
  /** Times at which requests failed, ms since the begin; the first few. */
  readonly failedAtMs: number[];
  /** Statuses and codes of what was refused. */
  readonly reasons: Map<string, number>;
}

export interface Load {
  readonly counts: LoadCounts;
  /** Sends no more; resolves when every request is answered or has failed. */
  stop(): Promise<void>;
}

/** How often due requests are sent: at 2,000 a second some ten leave together. */
const BEAT_MS = 5;
/** Due requests that find no free connection wait so long. */
const BACKLOG_SECONDS_MAX = 1;
const FAILURES_KEPT = 20;
const STOP_MS_MAX = 15_000;
const HEAD_END = '\r\n\r\n';

export function startLoad(options: LoadOptions): Load {
  const generator = new Generator(options);
  return { counts: generator.counts, stop: () => generator.stop() };
}

class Generator {
  readonly counts: LoadCounts = { sent: 0, answered: 0, aborted: 0, refused: 0, broken: 0, hung: 0, skipped: 0, connections: 0, failedAtMs: [], reasons: new Map() };
  readonly options: LoadOptions;
  readonly #beganMs: number;
  readonly #free: Lane[] = [];
  readonly #busy = new Set<Lane>();
  readonly #timer: NodeJS.Timeout;
  #due = 0;
  #renewals = 0;
  #renewalsDue = 0;
  #stopping = false;

  constructor(options: LoadOptions) {
    this.options = options;
    this.#beganMs = options.nowMs();
    for (let at = 0; at < options.connections; at++) this.#free.push(new Lane(this));
    this.#timer = setInterval(() => this.#beat(), BEAT_MS);
  }

  get elapsedMs(): number {
    return this.options.nowMs() - this.#beganMs;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#timer);
    const deadline = this.options.nowMs() + STOP_MS_MAX;
    while (this.#busy.size > 0 && this.options.nowMs() < deadline) {
      await new Promise((done) => setTimeout(done, BEAT_MS));
      this.#sweep();
    }
    for (const lane of [...this.#free, ...this.#busy]) lane.close();
  }

  failed(kind: 'refused' | 'broken' | 'hung', reason: string): void {
    this.counts[kind] += 1;
    this.counts.reasons.set(reason, (this.counts.reasons.get(reason) ?? 0) + 1);
    if (this.counts.failedAtMs.length < FAILURES_KEPT) this.counts.failedAtMs.push(Math.round(this.elapsedMs));
  }

  /** A lane's request is over. */
  over(lane: Lane): void {
    this.#busy.delete(lane);
    this.#free.push(lane);
    if (!this.#stopping) this.#send();
  }

  #beat(): void {
    const { requestsPerSecond, newConnectionsPerSecond } = this.options;
    const seconds = this.elapsedMs / 1000;
    this.#due = Math.floor(seconds * requestsPerSecond) - this.counts.skipped;
    const behind = this.#due - this.counts.sent - requestsPerSecond * BACKLOG_SECONDS_MAX;
    if (behind > 0) {
      this.counts.skipped += behind;
      this.#due -= behind;
    }
    const renewals = Math.floor(seconds * newConnectionsPerSecond);
    this.#renewalsDue += renewals - this.#renewals;
    this.#renewals = renewals;
    this.#send();
    this.#sweep();
  }

  #send(): void {
    while (this.counts.sent < this.#due) {
      const lane = this.#free.shift();
      if (lane === undefined) return;
      this.counts.sent += 1;
      this.#busy.add(lane);
      if (this.#renewalsDue > 0) {
        this.#renewalsDue -= 1;
        lane.close();
      }
      lane.send(this.counts.sent, this.options.random() < this.options.abortedShare);
    }
  }

  #sweep(): void {
    const nowMs = this.options.nowMs();
    for (const lane of this.#busy) lane.expire(nowMs - this.options.limitMs);
  }
}

/** One connection after another, one request at a time. */
class Lane {
  readonly #generator: Generator;
  #socket: Socket | null = null;
  #held = '';
  #sentMs: number | null = null;

  constructor(generator: Generator) {
    this.#generator = generator;
  }

  send(number: number, abort: boolean): void {
    this.#sentMs = this.#generator.options.nowMs();
    this.#held = '';
    const socket = (this.#socket ??= this.#open());
    // A POST is never repeated by a proxy: a connection that was lost under it shows.
    socket.write(number % 2 === 0 ? `GET /load/${number % 10} HTTP/1.1\r\nhost: load\r\n\r\n` : `POST /load/${number % 10} HTTP/1.1\r\nhost: load\r\ncontent-length: 10\r\n\r\n0123456789`);
    if (abort) this.#abort(socket);
  }

  /** Gives the request up when it was sent before that moment. */
  expire(beforeMs: number): void {
    if (this.#sentMs === null || this.#sentMs > beforeMs) return;
    this.#drop();
    this.#generator.failed('hung', 'no answer in time');
    this.#over();
  }

  /** Ends the connection in good order; the next request opens another. */
  close(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.destroySoon();
  }

  #open(): Socket {
    this.#generator.counts.connections += 1;
    const socket = connect({ port: this.#generator.options.port, host: '127.0.0.1', noDelay: true });
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#received(socket, text));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#closed(socket));
    return socket;
  }

  /** As an impatient person does: some before the answer, some in the midst of it. */
  #abort(socket: Socket): void {
    setTimeout(() => {
      if (this.#socket !== socket || this.#sentMs === null) return;
      this.#drop();
      this.#generator.counts.aborted += 1;
      this.#over();
    }, this.#generator.options.random() * 3);
  }

  #received(socket: Socket, text: string): void {
    if (socket !== this.#socket) return;
    this.#held += text;
    const head = this.#held.indexOf(HEAD_END);
    if (head < 0) return;
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(this.#held)?.[1] ?? Number.NaN);
    if (!(this.#held.length >= head + HEAD_END.length + length)) return;
    if (this.#held.startsWith('HTTP/1.1 200')) this.#generator.counts.answered += 1;
    else this.#generator.failed('refused', `${this.#held.slice(9, 12)} ${/l5d-proxy-error: *([\w-]+)/i.exec(this.#held)?.[1] ?? 'by the app'}`);
    if (/\r\nconnection: *close/i.test(this.#held.slice(0, head + 2))) this.close();
    this.#over();
  }

  #closed(socket: Socket): void {
    if (socket !== this.#socket) return;
    this.#socket = null;
    if (this.#sentMs === null) return;
    this.#generator.failed('broken', this.#held === '' ? 'closed before the answer' : 'closed within the answer');
    this.#over();
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.resetAndDestroy();
  }

  #over(): void {
    this.#sentMs = null;
    this.#generator.over(this);
  }
}
