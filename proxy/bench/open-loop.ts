/**
 * Load at a fixed rate over kept connections: `bun proxy/bench/open-loop.ts PORT RATE CONNECTIONS SECONDS [PATH]`. A request that
 * is due waits for a free connection, and its latency counts from when it was due. Prints one line of JSON.
 */
import { quantileOf } from './statistics.ts';

/** Timers come every millisecond at most; what is due by then goes out together, for all contenders alike. */
const TICK_MS = 1;
/** Requests that wait for a connection; more means that the rate can't be held. */
const WAITING_MAX = 10_000;
/** Answers under way at the end get so long. */
const LAST_MS_MAX = 2_000;
/** Connections and caches are warm after so long; until then nothing is counted. */
const WARM_UP_MS = 500;

const REQUEST = Buffer.from(`GET ${process.argv[6] ?? '/bench'} HTTP/1.1\r\nHost: bench\r\nUser-Agent: open-loop\r\nAccept: */*\r\n\r\n`);
const HEAD_END = Buffer.from('\r\n\r\n');

interface Connection {
  readonly socket: Bun.Socket<Connection>;
  /** When its request was due, ms; −1 when it is free. */
  dueMs: number;
  /** Bytes of the answer still to come; −1 while its head is not whole. */
  left: number;
  head: Buffer;
}

const [port, rate, connections, seconds] = process.argv.slice(2, 6).map(Number);
if (!port || !rate || !connections || !seconds) {
  process.stderr.write('usage: open-loop.ts PORT RATE CONNECTIONS SECONDS [PATH]\n');
  process.exit(64);
}

const free: Connection[] = [];
const waiting: number[] = [];
const latencies = new Float64Array(rate * seconds + rate);
let answered = 0;
let failed = 0;
let skipped = 0;
const beganMs = performance.now();
const countFromMs = beganMs + WARM_UP_MS;
const endMs = countFromMs + seconds * 1_000;
let scheduled = 0;

function send(connection: Connection, dueMs: number): void {
  connection.dueMs = dueMs;
  connection.left = -1;
  if (connection.socket.write(REQUEST) !== REQUEST.length) failed++;
}

function finish(connection: Connection): void {
  if (connection.dueMs >= countFromMs && answered < latencies.length) latencies[answered++] = performance.now() - connection.dueMs;
  connection.dueMs = -1;
  const next = waiting.shift();
  if (next === undefined) free.push(connection);
  else send(connection, next);
}

function receive(connection: Connection, bytes: Buffer): void {
  if (connection.left >= 0) connection.left -= bytes.length;
  else {
    connection.head = connection.head.length === 0 ? bytes : Buffer.concat([connection.head, bytes]);
    const end = connection.head.indexOf(HEAD_END);
    if (end < 0) return;
    const head = connection.head.toString('latin1', 0, end);
    if (!head.startsWith('HTTP/1.1 200')) failed++;
    connection.left = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0) - (connection.head.length - end - HEAD_END.length);
    connection.head = Buffer.alloc(0);
  }
  if (connection.left === 0) finish(connection);
}

async function open(): Promise<Connection> {
  const opened = Promise.withResolvers<Connection>();
  await Bun.connect<Connection>({
    hostname: '127.0.0.1',
    port: port ?? 0,
    socket: {
      open(socket) {
        socket.data = { socket, dueMs: -1, left: -1, head: Buffer.alloc(0) };
        opened.resolve(socket.data);
      },
      data: (socket, bytes) => receive(socket.data, bytes),
      close(socket) {
        if (socket.data.dueMs >= 0) failed++;
      },
      error: () => void failed++,
      connectError: (_, error) => opened.reject(error),
    },
  });
  return opened.promise;
}

function tick(): void {
  const nowMs = performance.now();
  const due = Math.floor(((Math.min(nowMs, endMs) - beganMs) * (rate ?? 0)) / 1_000);
  for (; scheduled < due; scheduled++) {
    const connection = free.pop();
    if (connection !== undefined) send(connection, nowMs);
    else if (waiting.length < WAITING_MAX) waiting.push(nowMs);
    else skipped++;
  }
  if (nowMs < endMs) setTimeout(tick, TICK_MS);
  else setTimeout(report, waiting.length > 0 ? LAST_MS_MAX : 200);
}

function report(): void {
  const counted = latencies.subarray(0, answered);
  const us = (quantile: number): number => Math.round(quantileOf(counted, quantile) * 1_000);
  const result = { requests: answered, failed, skipped, p50Us: us(0.5), p90Us: us(0.9), p99Us: us(0.99), rate: answered / (seconds ?? 1) };
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(failed > 0 || skipped > 0 ? 1 : 0));
}

for (let index = 0; index < connections; index++) free.push(await open());
tick();
