import { type Server, type Socket, connect, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { seeded } from '../seeded.ts';
import { type Toxic, type ToxicRelay, openToxicRelay } from './toxic.ts';

const HEALTHY: Toxic = { kind: 'none' };
const SENT = Buffer.alloc(20_000, 'abcdefghij');
const closers: (() => Promise<unknown> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Sends back all that comes, and ends when the other side does. */
async function echo(): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((done) => server.close(done));
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

interface Seen {
  readonly bytes: Buffer;
  readonly pieces: number;
  readonly ms: number;
  readonly end: 'ended' | 'broken';
}

/** Sends `SENT` through a relay with this toxic and reads until the end. */
async function through(direction: 'up' | 'down', toxic: Toxic): Promise<{ readonly seen: Seen; readonly relay: ToxicRelay }> {
  const relay = await openToxicRelay(await echo(), seeded(1));
  closers.push(() => relay.close());
  relay.draw = () => (direction === 'up' ? { up: toxic, down: HEALTHY } : { up: HEALTHY, down: toxic });
  const began = performance.now();
  const seen = await new Promise<Seen>((done) => {
    const socket = connect({ port: relay.port, host: '127.0.0.1', allowHalfOpen: true });
    const parts: Buffer[] = [];
    let ended = false;
    socket.on('data', (part) => void parts.push(part));
    socket.on('end', () => {
      ended = true;
      socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => done({ bytes: Buffer.concat(parts), pieces: parts.length, ms: performance.now() - began, end: ended ? 'ended' : 'broken' }));
    socket.end(SENT);
  });
  return { seen, relay };
}

test.each(['up', 'down'] as const)('%s: faults that only delay lose no byte', async (direction) => {
  const slow: readonly Toxic[] = [
    HEALTHY,
    { kind: 'latency', delayMs: 50, jitterMs: 10 },
    { kind: 'bandwidth', bytesPerSecond: 100_000 },
    { kind: 'slow-close', delayMs: 200 },
    { kind: 'slice', bytesMax: 500, gapMs: 1 },
  ];
  const all = await Promise.all(slow.map((toxic) => through(direction, toxic)));
  expect(all.map(({ seen }) => [seen.end, seen.bytes.equals(SENT)])).toEqual(slow.map(() => ['ended', true]));
  const ms = all.map(({ seen }) => seen.ms);
  expect(ms[1]).toBeGreaterThanOrEqual(50);
  expect(ms[2]).toBeGreaterThanOrEqual(180);
  expect(ms[3]).toBeGreaterThanOrEqual(200);
  expect(all.map(({ relay }) => [...relay.bites])).toEqual([[], [['latency', 1]], [['bandwidth', 1]], [['slow-close', 1]], [['slice', 1]]]);
});

test.each(['up', 'down'] as const)('%s: faults that break let exactly their share pass', async (direction) => {
  const cut = await through(direction, { kind: 'cut', afterBytes: 5_000 });
  expect(cut.seen.bytes.equals(SENT.subarray(0, direction === 'down' ? 5_000 : cut.seen.bytes.length))).toBe(true);
  expect(cut.seen.bytes.length).toBeLessThanOrEqual(5_000);
  const reset = await through(direction, { kind: 'reset', afterBytes: 5_000 });
  expect(reset.seen.end).toBe('broken');
  expect(reset.seen.bytes.length).toBeLessThanOrEqual(5_000);
  const timeout = await through(direction, { kind: 'timeout', afterBytes: 5_000, closeMs: 300 });
  expect(timeout.seen.end).toBe('broken');
  expect(timeout.seen.bytes.equals(SENT.subarray(0, 5_000))).toBe(true);
  expect(timeout.seen.ms).toBeGreaterThanOrEqual(300);
  expect([cut, reset, timeout].map(({ relay }) => [...relay.bites.values()])).toEqual([[1], [1], [1]]);
});

test('a dropped relay leaves no socket open, and takes new connections', async () => {
  const relay = await openToxicRelay(await echo(), seeded(1));
  closers.push(() => relay.close());
  const broken = new Promise<void>((done) => {
    const socket = connect(relay.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.on('close', () => done());
    socket.on('data', () => relay.drop());
    socket.write('anything');
  });
  await broken;
  await expect.poll(() => relay.open()).toBe(0);
  const again = await new Promise<string>((done) => {
    const socket = connect(relay.port, '127.0.0.1', () => void socket.end('again'));
    socket.on('data', (bytes) => done(bytes.toString()));
  });
  expect(again).toBe('again');
});
