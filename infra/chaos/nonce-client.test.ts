import { type ServerResponse, createServer } from 'node:http';
import { type Socket, createServer as createTcpServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Sightings } from './nonce-app.ts';
import { openHttpClient, openTcpClient } from './nonce-client.ts';
import { type NonceRequest, drawRequest, nonceBody } from './nonce.ts';
import { seeded } from '../seeded.ts';

const ASKED: NonceRequest = { nonce: 'lane-1-abc', method: 'POST', requestBytes: 50, answerBytes: 5_000, chunked: false, closes: null };
const LIMIT_MS = 500;
const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function listening(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const RIGHT = { 'x-nonce': ASKED.nonce };
const body = nonceBody(ASKED.nonce, ASKED.answerBytes);

test.each<[string, string, (response: ServerResponse) => void]>([
  ['the right answer', 'answered', (response) => void response.writeHead(200, RIGHT).end(body)],
  ['an honest error', 'refused', (response) => void response.writeHead(502).end('sidelight: no')],
  ['a cut answer', 'broken', (response) => {
    response.writeHead(200, { ...RIGHT, 'content-length': body.length });
    response.write(body.subarray(0, 100), () => void response.socket?.destroy());
  }],
  ['no answer', 'broken', (response) => void response.socket?.destroy()],
  ['silence', 'hung', () => undefined],
  ['another request\'s answer', 'swapped', (response) => void response.writeHead(200, { 'x-nonce': 'lane-2-abc' }).end(nonceBody('lane-2-abc', ASKED.answerBytes))],
  ['an answer of nobody', 'swapped', (response) => void response.writeHead(200).end(body)],
  ['a shorter answer that looks whole', 'damaged', (response) => void response.writeHead(200, RIGHT).end(body.subarray(0, 4_999))],
  ['an answer with another one\'s bytes in it', 'damaged', (response) => void response.writeHead(200, RIGHT).end(Buffer.concat([body.subarray(0, 2_500), nonceBody('lane-9-zzz', 2_500)]))],
])('over HTTP, %s is called %s', async (_what, outcome, answer) => {
  const server = createServer((request, response) => void request.resume().on('end', () => answer(response)));
  const client = openHttpClient(await listening(server), LIMIT_MS);
  closers.push(() => client.close(), () => void server.close(), () => server.closeAllConnections());
  expect(await client.send(ASKED)).toBe(outcome);
});

test.each<[string, string, (socket: Socket) => void]>([
  ['the right answer', 'answered', (socket) => void socket.write(`${ASKED.nonce} 5000\n${body.toString()}`)],
  ['a cut answer', 'broken', (socket) => void socket.end(`${ASKED.nonce} 5000\n${body.toString().slice(0, 100)}`)],
  ['a reset', 'broken', (socket) => void socket.resetAndDestroy()],
  ['silence', 'hung', () => undefined],
  ['another request\'s answer', 'swapped', (socket) => void socket.write(`lane-2-abc 5000\n${body.toString()}`)],
  ['an answer with a wrong byte', 'damaged', (socket) => void socket.write(`${ASKED.nonce} 5000\n${body.toString().slice(0, 4_999)}!`)],
])('over TCP, %s is called %s', async (_what, outcome, answer) => {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => answer(socket));
  });
  const client = openTcpClient(await listening(server), LIMIT_MS);
  closers.push(() => void server.close(), () => {
    for (const socket of sockets) socket.destroy();
  });
  expect(await client.send(ASKED)).toBe(outcome);
});

test('a nonce that came twice is a harmful repeat unless its method may be repeated', () => {
  const sightings = new Sightings();
  for (const nonce of ['post', 'post', 'get', 'get', 'get', 'once']) sightings.saw(nonce, nonce === 'get');
  expect([sightings.repeats(), sightings.size]).toEqual([{ harmful: 1, harmless: 1 }, 3]);
});

test('the same seed draws the same requests, and no two nonces are the same', () => {
  const draw = (): NonceRequest[] => {
    const random = seeded(3);
    return Array.from({ length: 500 }, (_, index) => drawRequest('a', index, random));
  };
  expect(draw()).toEqual(draw());
  expect(new Set(draw().map(({ nonce }) => nonce)).size).toBe(500);
  expect(new Set(draw().map(({ method }) => method))).toEqual(new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']));
});
