/** A cloud for tests: a real WebSocket server that commits frames exactly as the contract says, and can misbehave on the way. */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { AgentDown } from '../wire/down.ts';
import { decodeMessage, encodeMessage } from '../wire/envelope.ts';
import type { AgentFrame, AgentHello, AgentUp } from '../wire/up.ts';
import type { AgentTapReport } from '../wire/tap.ts';
import type { TopologySnapshot } from '../wire/topology.ts';

/** Chances, each in [0, 1], per frame. */
export interface Mischief {
  /** The connection breaks before the frame is committed. */
  readonly crashBefore?: number;
  /** The connection breaks after it, without acknowledgement. */
  readonly crashAfter?: number;
  /** The acknowledgement is not sent; a later one covers it. */
  readonly loseAcknowledgement?: number;
  /** The frame is handled twice. */
  readonly duplicate?: number;
  /** The frame is handled after the next one. */
  readonly reorder?: number;
}

export const TOKEN = 'sla_test';

export class FakeCloud {
  mischief: Mischief = {};
  /** What the cloud's clock is ahead of ours. */
  clockAheadMs = 0;
  /** Answers hello with this instead of a welcome. */
  readonly tapped: AgentTapReport[] = [];
  refusal: Extract<AgentDown, { kind: 'refused' }> | null = null;
  token = TOKEN;
  /** Sent after each welcome and taken like the token, where it is set. */
  credential: { readonly text: string; readonly lifetimeMs: number } | null = null;
  /** The Authorization of each attempt. */
  readonly authorizations: string[] = [];
  readonly hellos: AgentHello[] = [];
  readonly snapshots: TopologySnapshot[] = [];
  readonly committed: AgentFrame[] = [];
  readonly seen = new Map<number, number>();
  readonly marks = new Map<string, number>();
  attempts = 0;
  resends = 0;
  readonly #random: () => number;
  readonly #sockets = new Set<WebSocket>();
  #server: Server;
  #epoch = 0;
  #port = 0;

  /** `random` is in [0, 1) and seeded. */
  constructor(random: () => number = () => 0.5) {
    this.#random = random;
    this.#server = this.#makeServer();
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Gone at once, as by kill -9; what was committed stays. */
  async stop(): Promise<void> {
    this.dropAll();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
    this.#server = this.#makeServer();
  }

  dropAll(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  /** Sum of all requests per edge source and window begin. */
  totals(): Map<string, number> {
    const totals = new Map<string, number>();
    for (const { windows } of this.committed) {
      for (const { startMs, strings, edges } of windows) {
        for (const [row, requests] of edges.requests.entries()) {
          const key = `${strings[edges.source[row] ?? 0]} ${startMs}`;
          totals.set(key, (totals.get(key) ?? 0) + requests);
        }
      }
    }
    return totals;
  }

  send(message: AgentDown): void {
    for (const socket of this.#sockets) socket.send(encodeMessage(message));
  }

  #makeServer(): Server {
    const server = createServer((_, response) => response.writeHead(404).end());
    const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
    server.on('upgrade', (request, socket, head) => {
      this.attempts += 1;
      const given = request.headers.authorization ?? '';
      this.authorizations.push(given);
      if (request.url !== '/agent/v1/uplink' || ![this.token, this.credential?.text].some((known) => known !== undefined && given === `Bearer ${known}`)) {
        socket.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
        return;
      }
      sockets.handleUpgrade(request, socket, head, (connection) => this.#connected(connection));
    });
    return server;
  }

  #connected(socket: WebSocket): void {
    this.#sockets.add(socket);
    let held: AgentFrame | null = null;
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('message', (data: Buffer) => {
      const message = decodeMessage(data) as AgentUp;
      if (message.kind === 'hello') return this.#hello(socket, message);
      if (message.kind === 'topology') return void this.snapshots.push(message.snapshot);
      if (message.kind === 'tapped') return void this.tapped.push(...message.reports);
      if (!held && this.#happens('reorder')) {
        held = message;
        setTimeout(() => {
          if (held === message) this.#frame(socket, message);
          if (held === message) held = null;
        }, 30);
        return;
      }
      const late = held;
      held = null;
      this.#frame(socket, message);
      if (late) this.#frame(socket, late);
    });
  }

  #hello(socket: WebSocket, hello: AgentHello): void {
    this.hellos.push(hello);
    if (this.refusal) return socket.send(encodeMessage(this.refusal));
    const epoch = hello.epoch ?? this.#epoch + 1;
    this.#epoch = Math.max(this.#epoch, epoch);
    for (const other of this.#sockets) if (other !== socket) other.terminate();
    const positions = [...this.seen].map(([known, sequence]) => ({ epoch: known, sequence }));
    const cluster = { id: 'cluster', name: 'test' };
    socket.send(encodeMessage({ kind: 'welcome', wire: 1, epoch, positions, marks: Object.fromEntries(this.marks), clockMs: Date.now() + this.clockAheadMs, cluster }));
    if (this.credential) socket.send(encodeMessage({ kind: 'credential', credential: this.credential.text, lifetimeMs: this.credential.lifetimeMs }));
  }

  #frame(socket: WebSocket, frame: AgentFrame): void {
    if (socket.readyState !== socket.OPEN) return;
    if (this.#happens('crashBefore')) return socket.terminate();
    this.#commit(socket, frame);
    if (this.#happens('duplicate')) this.#commit(socket, frame);
    if (this.#happens('crashAfter')) socket.terminate();
  }

  #commit(socket: WebSocket, frame: AgentFrame): void {
    const seen = this.seen.get(frame.epoch) ?? 0;
    if (frame.previous > seen) {
      this.resends += 1;
      return socket.send(encodeMessage({ kind: 'resend', epoch: frame.epoch, after: seen }));
    }
    if (frame.sequence > seen) {
      this.committed.push(frame);
      this.seen.set(frame.epoch, frame.sequence);
      for (const [instance, sequence] of Object.entries(frame.marks)) this.marks.set(instance, Math.max(sequence, this.marks.get(instance) ?? 0));
    }
    if (!this.#happens('loseAcknowledgement')) socket.send(encodeMessage({ kind: 'acknowledge', epoch: frame.epoch, sequence: this.seen.get(frame.epoch) ?? 0 }));
  }

  #happens(what: keyof Mischief): boolean {
    return this.#random() < (this.mischief[what] ?? 0);
  }
}

/** Mulberry32: numbers in [0, 1) that a seed repeats. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
