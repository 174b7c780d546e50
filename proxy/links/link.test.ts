import { afterEach, expect, test } from 'vitest';
import { MESH_WIRE_VERSION } from '../wire/version.ts';
import { connectFields } from './connect.ts';
import { retireAtMs } from './expiry.ts';
import { BEAT_MS, BULK_BYTES, BULK_MS, LINK_WINDOW, PING_MS, PONG_MS, STREAM_WINDOW } from './limits.ts';
import { LinkStream } from './link-stream.ts';
import { ByteWatch, LinkPair, OpenedStream, answerOk } from './testing.ts';

const CONNECT = connectFields({ target: '10.0.0.7:8080', service: 'shop/cart', workload: 'shop/host/web', protocol: 'http1' });
const HOUR_MS = 3_600_000;

let pair = new LinkPair();

afterEach(() => {
  pair.stop();
  expect(pair.bugs).toEqual([]);
  pair = new LinkPair();
});

/** A CONNECT stream, both ends of it as bytes. */
function connect(): { readonly caller: ByteWatch; readonly callee: ByteWatch } {
  pair.settle();
  const opened = new OpenedStream();
  const stream = pair.client.open(CONNECT, false, opened);
  pair.settle();
  const accepted = pair.serverOwner.accepted.at(-1);
  if (stream === null || accepted === undefined) throw new Error('the stream was not opened');
  const callee = accepted.bytes();
  answerOk(accepted);
  const caller = new ByteWatch(new LinkStream(pair.client, stream));
  pair.settle();
  return { caller, callee };
}

test('no stream is opened before the peer\'s settings, which say what it speaks', () => {
  expect(pair.client.open(CONNECT, false, new OpenedStream())).toBeNull();
  pair.settle();
  expect(pair.clientOwner.told).toEqual(['ready']);
  expect([pair.client.peerVersion, pair.server.peerVersion]).toEqual([MESH_WIRE_VERSION, MESH_WIRE_VERSION]);
  expect(pair.client.open(CONNECT, false, new OpenedStream())).not.toBeNull();
});

test('a CONNECT says where to, for which service and who asks', () => {
  connect();
  expect(pair.serverOwner.accepted[0]?.fields).toEqual([
    [':method', 'CONNECT'], [':authority', '10.0.0.7:8080'], ['sidelight-service', 'shop/cart'], ['sidelight-workload', 'shop/host/web'], ['sidelight-protocol', 'http1'],
  ]);
});

test('bytes pass both ways, and each side ends for itself', () => {
  const { caller, callee } = connect();
  caller.say('question');
  pair.settle();
  expect(callee.text).toBe('question');
  caller.stream.finish();
  pair.settle();
  expect(callee.told).toEqual(['ended']);
  callee.say('answer');
  pair.settle();
  expect(caller.text).toBe('answer');
  callee.stream.finish();
  pair.settle();
  expect([caller.told, callee.told]).toEqual([['ended', 'closed'], ['ended', 'closed']]);
  expect(pair.client.streams).toBe(0);
});

test('what is queued behind an end goes out before the stream is said to be closed', () => {
  const { caller, callee } = connect();
  callee.stream.finish();
  pair.settle();
  callee.stream.pause();
  const sent = 3 * STREAM_WINDOW;
  caller.stream.write(new Uint8Array(sent), 0, sent);
  caller.stream.finish();
  pair.settle();
  expect(caller.told).toContain('ended');
  expect(caller.told).not.toContain('closed');
  callee.stream.resume();
  pair.settle();
  expect(callee.length).toBe(sent);
  expect(callee.told).toEqual(['ended', 'closed']);
  expect(caller.told.at(-1)).toBe('closed');
});

test('a broken stream is broken for the other side, and its link goes on', () => {
  const first = connect();
  const second = connect();
  first.caller.stream.close();
  pair.settle();
  expect(first.callee.told).toEqual(['broken']);
  second.caller.say('still here');
  pair.settle();
  expect(second.callee.text).toBe('still here');
});

test('what was written before a stream is broken off comes before the break, as with a socket', () => {
  const { caller, callee } = connect();
  caller.stream.write(new Uint8Array([104, 105]), 0, 2);
  caller.stream.close();
  pair.settle();
  expect(callee.text).toBe('hi');
  expect(callee.told).toEqual(['broken']);
});

test('a stream that is over is forgotten by its link', () => {
  const { caller, callee } = connect();
  caller.stream.finish();
  callee.stream.finish();
  pair.settle();
  expect([pair.client.watched, pair.server.watched]).toEqual([0, 0]);
});

test('a reader that stops costs its window and holds up nobody', () => {
  const stopped = connect();
  const quick = connect();
  stopped.callee.stream.pause();
  stopped.caller.stream.write(new Uint8Array(10 * STREAM_WINDOW), 0, 10 * STREAM_WINDOW);
  pair.settle();
  expect(stopped.caller.told).toEqual(['congested']);
  expect(stopped.callee.length).toBe(0);
  expect(pair.clientEnd.carried).toBeLessThan(STREAM_WINDOW + 4_096);
  quick.caller.say('quick');
  pair.settle();
  expect(quick.callee.text).toBe('quick');
  stopped.callee.stream.resume();
  pair.settle();
  expect(stopped.callee.length).toBe(10 * STREAM_WINDOW);
  expect(stopped.caller.told).toEqual(['congested', 'drained']);
});

test('however many readers stop, the others go on, and what was held is delivered whole', () => {
  const stopped = Array.from({ length: 3 * Math.ceil(LINK_WINDOW / STREAM_WINDOW) }, () => connect());
  for (const { caller, callee } of stopped) {
    callee.stream.pause();
    caller.stream.write(new Uint8Array(2 * STREAM_WINDOW), 0, 2 * STREAM_WINDOW);
    pair.settle();
  }
  const quick = connect();
  for (let round = 0; round < 40; round++) {
    quick.caller.stream.write(new Uint8Array(STREAM_WINDOW), 0, STREAM_WINDOW);
    pair.settle();
  }
  expect(quick.callee.length).toBe(40 * STREAM_WINDOW);
  for (const { callee } of stopped) callee.stream.resume();
  pair.settle();
  expect(stopped.map(({ callee }) => callee.length)).toEqual(stopped.map(() => 2 * STREAM_WINDOW));
});

test('credit of what was held for a stream that broke comes back to the others', () => {
  const rounds = Math.ceil(LINK_WINDOW / STREAM_WINDOW) + 4;
  for (let round = 0; round < rounds; round++) {
    const { caller, callee } = connect();
    callee.stream.pause();
    caller.stream.write(new Uint8Array(STREAM_WINDOW), 0, STREAM_WINDOW);
    pair.settle();
    if (round % 2 === 0) callee.stream.close();
    else caller.stream.close();
    pair.settle();
  }
  const { caller, callee } = connect();
  caller.stream.write(new Uint8Array(STREAM_WINDOW), 0, STREAM_WINDOW);
  pair.settle();
  expect(callee.length).toBe(STREAM_WINDOW);
});

test('what all streams write in one turn goes out together', () => {
  const streams = Array.from({ length: 30 }, () => connect());
  const before = pair.clientEnd.flushes;
  for (const { caller } of streams) caller.say('at once');
  pair.settle();
  expect(pair.clientEnd.flushes - before).toBeLessThanOrEqual(2);
  expect(streams.map(({ callee }) => callee.text)).toEqual(streams.map(() => 'at once'));
});

test('nothing is taken from the streams while the socket takes nothing', () => {
  const { caller, callee } = connect();
  pair.clientEnd.full = true;
  caller.stream.write(new Uint8Array(STREAM_WINDOW), 0, STREAM_WINDOW);
  pair.sockets.turn.end();
  expect(pair.clientEnd.blocked).toBe(true);
  caller.say('more');
  pair.clientEnd.full = false;
  pair.settle();
  expect(callee.length).toBe(STREAM_WINDOW + 'more'.length);
});

test('a callee that retires its link lets streams end in peace and gets no new ones', () => {
  const { caller, callee } = connect();
  pair.server.retire();
  pair.settle();
  expect(pair.clientOwner.told).toContain('retiring');
  expect(caller.stream.leaving).toBe(true);
  expect(pair.client.open(CONNECT, false, new OpenedStream())).toBeNull();
  caller.say('in flight');
  pair.settle();
  expect(callee.text).toBe('in flight');
  caller.stream.finish();
  callee.stream.finish();
  pair.settle();
  expect([pair.clientOwner.told.at(-1), pair.serverOwner.told.at(-1)]).toEqual(['gone', 'gone']);
});

test('a stream that crosses with a GOAWAY is either served or certainly not processed', () => {
  connect();
  pair.server.retire();
  const crossing = new OpenedStream();
  pair.client.open(CONNECT, false, crossing);
  const before = pair.serverOwner.accepted.length;
  pair.settle();
  const served = pair.serverOwner.accepted.length > before;
  expect(served ? null : crossing.fault?.unprocessed).toBe(served ? null : true);
});

test('a link that hears nothing asks once, and is given up when nothing comes', () => {
  const { caller } = connect();
  pair.serverEnd.full = true;
  pair.pass(PING_MS + PONG_MS + 2 * BEAT_MS, BEAT_MS);
  expect(pair.clientOwner.told.at(-1)).toBe('gone');
  expect(caller.told).toEqual(['broken']);
  expect(pair.clientEnd.ending).toBe('closed');
});

test('a quiet link whose peer answers stays', () => {
  const { caller, callee } = connect();
  pair.pass(5 * PING_MS, BEAT_MS);
  caller.say('still here');
  pair.settle();
  expect(callee.text).toBe('still here');
});

test('a link without streams ends after its time', () => {
  pair.settle();
  pair.pass(60_000 + BEAT_MS, BEAT_MS);
  expect([pair.clientOwner.told.at(-1), pair.serverOwner.told.at(-1)]).toEqual(['gone', 'gone']);
  expect(pair.clientEnd.ending).toBe('ended');
});

test('a link retires before a leaf of either side expires, and its streams end in peace', () => {
  pair.stop();
  pair = new LinkPair({ retireAtMs: 5_000 });
  const { caller, callee } = connect();
  pair.pass(6_000, BEAT_MS);
  expect(caller.stream.leaving).toBe(true);
  caller.say('in flight');
  pair.settle();
  expect(callee.text).toBe('in flight');
});

test.each([
  ['a day', 24 * HOUR_MS, 24 * HOUR_MS - 60_000],
  ['an hour', HOUR_MS, HOUR_MS - 60_000],
  ['ten seconds', 10_000, 9_000],
  ['nothing', 0, 0],
  ['less than nothing', -5_000, 0],
])('with %s left, the link retires in time', (_what, leftMs, expected) => {
  expect(retireAtMs(1_000, 50_000, 50_000 + leftMs) - 1_000).toBe(expected);
});

test('a link that carries bulk is left to it for a while', () => {
  const { caller, callee } = connect();
  for (let sent = 0; sent <= BULK_BYTES; sent += STREAM_WINDOW) {
    caller.stream.write(new Uint8Array(STREAM_WINDOW), 0, STREAM_WINDOW);
    pair.settle();
  }
  expect(callee.length).toBeGreaterThan(BULK_BYTES);
  expect(caller.stream.leaving).toBe(true);
  pair.nowUs += (BULK_MS + 1) * 1_000;
  expect(caller.stream.leaving).toBe(false);
});

test('an answer of version 1 is told from one of links', () => {
  pair.sockets.turn.end();
  const answer = new Uint8Array(Buffer.from('HTTP/1.1 505 HTTP Version Not Supported\r\n\r\n'));
  pair.clientEnd.events.received(answer);
  expect(pair.client.answeredInHttp1).toBe(true);
  expect(pair.clientOwner.told).toEqual(['gone']);
});

test('bytes that are neither version end the link with a reason', () => {
  pair.settle();
  pair.clientEnd.events.received(new Uint8Array(Buffer.from('what is this?')));
  pair.settle();
  expect(pair.clientOwner.told.at(-1)).toBe('gone');
});
