import { type ServerResponse, createServer } from 'node:http';
import { type Socket, createServer as createTcpServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Sightings } from './nonce-app.ts';
import { openHttpClient, openTcpClient } from './nonce-client.ts';
import { openPipelineClient } from './pipeline-client.ts';
import { type NonceRequest, drawRequest, nonceBody } from './nonce.ts';
import { seeded } from '../seeded.ts';

const ASKED: NonceRequest = { nonce: 'lane-1-abc', method: 'POST', requestBytes: 50, answerBytes: 5_000, chunked: false, closes: null, expects: false };
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

test.each<[string, readonly string[], (nonces: readonly string[]) => string]>([
  ['right answers, with lengths and in chunks', ['answered', 'answered', 'answered'], ([a = '', b = '', c = '']) => plain(a) + inChunks(b) + plain(c)],
  ['answers in another order', ['swapped', 'swapped', 'answered'], ([a = '', b = '', c = '']) => plain(b) + plain(a) + plain(c)],
  ['an error, and nothing behind it', ['refused', 'broken', 'broken'], () => 'HTTP/1.1 502 Bad Gateway\r\ncontent-length: 2\r\n\r\nno'],
  ['an answer that is cut', ['answered', 'broken', 'broken'], ([a = '', b = '']) => plain(a) + plain(b).slice(0, 200)],
  ['an answer with another body', ['answered', 'damaged', 'answered'], ([a = '', b = '', c = '']) => plain(a) + plain(b).replace(`\n\r\n${b}`, `\n\r\n${a}`) + plain(c)],
])('in a pipeline, %s are called %j', async (_what, outcomes, answer) => {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      const nonces = [...text.matchAll(/x-nonce: (\S+)/g)].map((match) => match[1] ?? '');
      if (nonces.length === 3) socket.end(answer(nonces));
    });
  });
  const client = openPipelineClient(await listening(server), LIMIT_MS);
  closers.push(() => void server.close(), () => {
    for (const socket of sockets) socket.destroy();
  });
  const asked = ['one', 'two', 'six'].map((nonce) => ({ ...ASKED, nonce, method: 'GET' as const, requestBytes: 0, answerBytes: 300 }));
  expect(await Promise.all(asked.map((one) => client.send(one)))).toEqual(outcomes);
});

const plain = (nonce: string): string => `HTTP/1.1 200 OK\r\nx-nonce: ${nonce}\r\ncontent-length: 300\r\n\r\n${nonceBody(nonce, 300).toString()}`;
const inChunks = (nonce: string): string => {
  const text = nonceBody(nonce, 300).toString();
  return `HTTP/1.1 200 OK\r\nx-nonce: ${nonce}\r\ntransfer-encoding: chunked\r\n\r\n64\r\n${text.slice(0, 100)}\r\nc8\r\n${text.slice(100)}\r\n0\r\n\r\n`;
};

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
