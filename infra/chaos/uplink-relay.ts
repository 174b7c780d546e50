/** Stands between agent and cloud on the uplink's WebSocket: sends frames twice or in another order, and cuts connections. */
import { type IncomingMessage, createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { decodeMessage, encodeMessage } from '../../agent/wire/envelope.ts';
import type { AgentUp } from '../../agent/wire/up.ts';

export interface UplinkRelay {
  readonly port: number;
  readonly counts: RelayCounts;
  /** Connections open now. */
  open(): number;
  /** Cuts what is open now, both ends at once; says how many connections that were. */
  cut(): number;
  close(): Promise<void>;
}

export interface RelayCounts {
  /** Frames that the agent sent. */
  frames: number;
  /** Times that it connected. */
  connections: number;
  duplicated: number;
  reordered: number;
  cuts: number;
}

export interface RelayOptions {
  /** The cloud's port on 127.0.0.1. */
  readonly toPort: number;
  /** The share of frames that is sent twice, and the share that is sent after the next one. */
  readonly share: number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Changes what the agent says. */
  readonly alter?: (message: AgentUp) => AgentUp;
}

/** A frame that is held back goes on after this, when no other comes that could overtake it. */
const HOLD_MS_MAX = 200;

type Pair = readonly [agent: WebSocket, cloud: WebSocket];

export async function openUplinkRelay(options: RelayOptions): Promise<UplinkRelay> {
  const counts: RelayCounts = { frames: 0, connections: 0, duplicated: 0, reordered: 0, cuts: 0 };
  const pairs = new Set<Pair>();
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const server = createServer((_, response) => response.writeHead(404).end());
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    counts.connections += 1;
    dialCloud(options.toPort, request, socket, (cloud) => {
      sockets.handleUpgrade(request, socket, head, (agent) => join([agent, cloud], pairs, new Mischief(options, counts, (data) => cloud.send(data))));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP listener has a port');
  const cut = (): number => {
    const open = [...pairs];
    for (const pair of open) for (const socket of pair) socket.terminate();
    counts.cuts += open.length;
    return open.length;
  };
  return {
    port: address.port, counts, cut,
    open: () => pairs.size,
    close: () => new Promise((done) => {
      server.close(() => done());
      for (const pair of pairs) for (const socket of pair) socket.terminate();
    }),
  };
}

/** Opens the other half first, so that what the cloud answers to a bad token reaches the agent as it is. */
function dialCloud(toPort: number, request: IncomingMessage, socket: Duplex, opened: (cloud: WebSocket) => void): void {
  const headers = request.headers.authorization === undefined ? {} : { authorization: request.headers.authorization };
  const cloud = new WebSocket(`ws://127.0.0.1:${toPort}${request.url ?? '/'}`, { headers, perMessageDeflate: false });
  cloud.binaryType = 'nodebuffer';
  socket.on('error', () => cloud.terminate());
  cloud.once('open', () => opened(cloud));
  cloud.once('unexpected-response', (_, response) => {
    socket.end(`HTTP/1.1 ${response.statusCode ?? 502} \r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
    cloud.terminate();
  });
  cloud.on('error', () => socket.destroy());
}

function join(pair: Pair, pairs: Set<Pair>, mischief: Mischief): void {
  const [agent, cloud] = pair;
  pairs.add(pair);
  const over = (): void => {
    pairs.delete(pair);
    mischief.stop();
    // What was said last is still delivered.
    for (const socket of pair) socket.close();
    setTimeout(() => { for (const socket of pair) socket.terminate(); }, HOLD_MS_MAX).unref();
  };
  for (const socket of pair) socket.on('close', over).on('error', over);
  agent.on('message', (data: Buffer) => { if (cloud.readyState === WebSocket.OPEN) mischief.take(data); });
  cloud.on('message', (data: Buffer) => { if (agent.readyState === WebSocket.OPEN) agent.send(data); });
}

/** Decides for each frame of one connection. */
class Mischief {
  readonly #options: RelayOptions;
  readonly #counts: RelayCounts;
  readonly #send: (data: Buffer) => void;
  #held: Buffer | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RelayOptions, counts: RelayCounts, send: (data: Buffer) => void) {
    this.#options = options;
    this.#counts = counts;
    this.#send = send;
  }

  take(given: Buffer): void {
    const { random, share, alter } = this.#options;
    const data = alter === undefined ? given : Buffer.from(encodeMessage(alter(decodeMessage(given) as AgentUp)));
    if (!isFrame(data)) return this.#send(data);
    this.#counts.frames += 1;
    const [again, later] = [random() < share, random() < share];
    if (later && this.#held === null) return this.#hold(data);
    this.#send(data);
    if (again) {
      this.#counts.duplicated += 1;
      this.#send(data);
    }
    this.#release(true);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#held = null;
  }

  #hold(data: Buffer): void {
    this.#held = data;
    this.#timer = setTimeout(() => this.#release(false), HOLD_MS_MAX);
  }

  #release(overtaken: boolean): void {
    const held = this.#held;
    this.stop();
    if (held === null) return;
    if (overtaken) this.#counts.reordered += 1;
    this.#send(held);
  }
}

function isFrame(data: Buffer): boolean {
  const message = decodeMessage(data);
  return typeof message === 'object' && message !== null && Reflect.get(message, 'kind') === 'frame';
}
