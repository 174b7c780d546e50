import { type Server, type Socket, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { seeded } from '../seeded.ts';
import { type LoadCounts, startLoad } from './load.ts';

const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Answers each request by its number on this server, counted from 1. */
async function serve(answer: (socket: Socket, number: number) => void): Promise<number> {
  const sockets = new Set<Socket>();
  let number = 0;
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => answer(socket, (number += 1)));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closers.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

async function run(port: number, over: { readonly connections?: number; readonly newConnectionsPerSecond?: number; readonly abortedShare?: number } = {}): Promise<LoadCounts> {
  const load = startLoad({ port, requestsPerSecond: 200, connections: 8, newConnectionsPerSecond: 0, abortedShare: 0, random: seeded(1), nowMs: () => performance.now(), limitMs: 300, ...over });
  await sleep(1_000);
  await load.stop();
  return load.counts;
}

const all = ({ answered, aborted, refused, broken, hung }: LoadCounts): number => answered + aborted + refused + broken + hung;

test('each request ends in exactly one count, and failures by their kind', async () => {
  const counts = await run(await serve((socket, number) => {
    if (number % 50 === 10) socket.write('HTTP/1.1 503 Service Unavailable\r\nl5d-proxy-error: no-endpoints\r\ncontent-length: 0\r\n\r\n');
    else if (number % 50 === 20) socket.destroy();
    else if (number % 50 === 30) socket.write(OK.slice(0, 30), () => void socket.destroy());
    else if (number % 50 !== 40) socket.write(OK);
  }));
  expect(all(counts)).toBe(counts.sent);
  expect(counts.sent).toBeGreaterThan(120);
  expect(counts.refused).toBeGreaterThanOrEqual(2);
  expect([...counts.reasons.keys()].sort()).toEqual(['503 no-endpoints', 'closed before the answer', 'closed within the answer', 'no answer in time']);
  expect(counts.reasons.get('closed within the answer')).toBeGreaterThanOrEqual(2);
  expect(counts.hung).toBeGreaterThanOrEqual(2);
});

test('connections are kept unless new ones are asked for or the answer says close', async () => {
  expect((await run(await serve((socket) => void socket.write(OK)))).connections).toBeLessThanOrEqual(8);
  expect((await run(await serve((socket) => void socket.write(OK)), { newConnectionsPerSecond: 50 })).connections).toBeGreaterThanOrEqual(40);
  const closing = await run(await serve((socket) => void socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok')));
  expect(closing.answered).toBe(closing.sent);
  expect(closing.connections).toBe(closing.sent);
});

test('what is broken off as asked is no failure', async () => {
  const counts = await run(await serve((socket) => void setTimeout(() => socket.write(OK), 5)), { abortedShare: 0.5 });
  expect(counts.aborted).toBeGreaterThan(20);
  expect(counts.answered + counts.aborted).toBe(counts.sent);
});

test('a stall does not hide requests that were due in it: they are sent late, hang or are counted as skipped', async () => {
  const counts = await run(await serve(() => undefined), { connections: 2 });
  expect(counts.hung).toBe(counts.sent);
  expect(counts.sent + counts.skipped).toBeLessThan(250);
  expect(counts.sent).toBeGreaterThanOrEqual(4);
});
