/** Clients whose exchanges last for seconds: one stream or WebSocket after another, each held to its whole content. */
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { STREAM_LINES } from './drain-app.ts';

export interface LongCounts {
  /** Whole ones. */
  done: number;
  /** What was wrong with the others; the first few. */
  readonly failures: string[];
  failed: number;
  /** Open now. */
  open: number;
}

export interface LongClients {
  readonly counts: LongCounts;
  /** Begins no more; resolves when those that are open have ended. */
  stop(): Promise<void>;
}

/** One exchange of the client of that number; rejects when it wasn't whole. */
type Once = (port: number, at: number) => Promise<void>;

const FAILURES_KEPT = 10;
const EXCHANGE_MS_MAX = 30_000;
const MESSAGES = 20;
const MESSAGE_MS = 100;

/** `count` clients that read streams to their end. */
export function startStreams(port: number, count: number): LongClients {
  return startClients(port, count, readStream);
}

/** `count` clients that talk over WebSockets. */
export function startWebSockets(port: number, count: number): LongClients {
  return startClients(port, count, talk);
}

/** `count` clients that do one exchange after another. */
export function startClients(port: number, count: number, once: Once): LongClients {
  const counts: LongCounts = { done: 0, failures: [], failed: 0, open: 0 };
  let running = true;
  const clients = Array.from({ length: count }, async (_, at) => {
    // Spread over the length of one exchange, so that some are at each moment of theirs.
    await sleep((at * STREAM_LINES * 100) / count);
    while (running) await tryOnce(() => once(port, at), counts);
  });
  return {
    counts,
    stop: async () => {
      running = false;
      await Promise.all(clients);
    },
  };
}

async function tryOnce(once: () => Promise<void>, counts: LongCounts): Promise<void> {
  counts.open += 1;
  try {
    await once();
    counts.done += 1;
  } catch (error) {
    counts.failed += 1;
    if (counts.failures.length < FAILURES_KEPT) counts.failures.push(String(error));
    await sleep(MESSAGE_MS);
  } finally {
    counts.open -= 1;
  }
}

function readStream(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get({ port, host: '127.0.0.1', path: '/stream', agent: false, timeout: EXCHANGE_MS_MAX }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      response.on('error', reject);
      response.on('end', () => {
        const whole = Array.from({ length: STREAM_LINES }, (_, line) => `data: ${line}\n\n`).join('');
        if (response.statusCode === 200 && response.complete && text === whole) resolve();
        else reject(new Error(`status ${response.statusCode}, ${text.length} of ${whole.length} bytes`));
      });
    });
    request.on('error', reject);
    request.on('timeout', () => request.destroy(new Error('no byte in time')));
  });
}

async function talk(port: number): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
  const broken = new Promise<never>((_, reject) => {
    socket.on('error', reject);
    socket.on('close', (code) => reject(new Error(`closed with ${code}`)));
  });
  broken.catch(() => undefined);
  await Promise.race([broken, new Promise((resolve) => socket.once('open', resolve))]);
  for (let message = 0; message < MESSAGES; message++) {
    const echoed = new Promise<string>((resolve) => socket.once('message', (data: Buffer) => resolve(data.toString())));
    socket.send(`message ${message}`);
    const answer = await Promise.race([broken, echoed, sleep(EXCHANGE_MS_MAX, 'nothing')]);
    if (answer !== `message ${message}`) throw new Error(`${answer} came for message ${message}`);
    await sleep(MESSAGE_MS);
  }
  socket.removeAllListeners('close');
  await new Promise((resolve) => {
    socket.once('close', resolve);
    socket.close(1000);
  });
}
