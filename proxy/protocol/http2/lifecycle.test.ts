/** How connections begin and end: GOAWAY both ways, keepalive, and what is told of streams that are lost. */
import { expect, test } from 'vitest';
import { concat } from '../bytes.ts';
import { CODE } from './codes.ts';
import { TYPE } from './frame.ts';
import { STREAM_ID_MAX } from './limits.ts';
import { GET, OK, POST, Recorder, RecordingStream, codeOf, exchange, frame, framesOf, headers, hello, listOf, pair, uint32 } from './testing.ts';

test('RFC 9113 §6.8: a server retires in two steps: streams on their way are served, later ones are not, and open ones end', () => {
  const { client, server } = pair();
  const open = client.request(POST, false);
  exchange(client, server);
  server.connection.retire();
  const crossing = client.request(POST, false);
  exchange(client, server);
  expect(client.goaways).toEqual([[STREAM_ID_MAX, CODE.noError], [3, CODE.noError]]);
  expect(server.accepted.length).toBe(2);
  expect(client.connection.room).toBe(0);
  expect([server.dones, client.dones]).toEqual([0, 0]);
  for (const { stream } of server.accepted) stream?.sendHead(listOf(OK), true);
  for (const { stream } of [open, crossing]) stream?.end();
  exchange(client, server);
  expect([server.dones, client.dones]).toEqual([1, 1]);
  expect([open.fault, crossing.fault, client.fault, server.fault]).toEqual([null, null, null, null]);
});

test('RFC 9113 §6.8: streams above the last GOAWAY are ignored, and the table of the decoder stays right', () => {
  const { client, server } = pair();
  exchange(client, server);
  server.connection.retire();
  const first = server.output();
  client.connection.push(first, 0, first.length);
  const pong = client.output();
  server.connection.push(pong, 0, pong.length);
  const late = concat([headers(1, GET, true), frame(TYPE.data, 0, 1, [1, 2])]);
  server.connection.push(late, 0, late.length);
  expect(server.accepted).toEqual([]);
  expect(server.fault).toBeNull();
});

test('RFC 9113 §6.8: what is above the peer’s GOAWAY comes back as unprocessed, what is below goes on', () => {
  const { client } = pair();
  const streams = Array.from({ length: 3 }, () => client.request(POST, false));
  client.output();
  const away = frame(TYPE.goaway, 0, 0, concat([uint32(3), uint32(CODE.noError)]));
  client.connection.push(away, 0, away.length);
  expect(streams.map(({ fault }) => fault?.unprocessed)).toEqual([undefined, undefined, true]);
  expect(client.connection.streams).toBe(2);
  expect(client.connection.openStream(listOf(GET), true, new RecordingStream())).toBeNull();
});

test('a client retires by GOAWAY and is done when its streams are', () => {
  const { client, server } = pair();
  const open = client.request(GET, true);
  exchange(client, server);
  client.connection.retire();
  exchange(client, server);
  expect(client.dones).toBe(0);
  server.accepted[0]?.stream?.sendHead(listOf(OK), true);
  exchange(client, server);
  expect(open.ended).toBe(true);
  expect(client.dones).toBe(1);
  expect(server.goaways).toEqual([[0, CODE.noError]]);
});

test('an idle connection that retires is done at once, and only once', () => {
  const { client, server } = pair();
  client.connection.retire();
  client.connection.retire();
  server.connection.retire();
  exchange(client, server);
  exchange(client, server);
  expect([client.dones, server.dones]).toEqual([1, 1]);
});

test('a server may refuse every stream of a client without end: each was opened by us', () => {
  const { client, server } = pair();
  server.onAccept = (stream) => stream.reset(CODE.refusedStream);
  for (let run = 0; run < 2_000; run++) {
    client.request(GET, true);
    exchange(client, server);
  }
  expect(client.connection.counters.resetsReceived).toBe(2_000);
  expect([client.fault, server.fault]).toEqual([null, null]);
});

test('a keepalive PING is answered, one at a time', () => {
  const { client, server } = pair();
  client.connection.ping();
  client.connection.ping();
  exchange(client, server);
  expect(client.pongs).toBe(1);
  expect(server.connection.counters.pings).toBe(1);
  client.connection.ping();
  exchange(client, server);
  expect(client.pongs).toBe(2);
});

test('close resets every stream here and there, says why, and is silent from then on', () => {
  const { client, server } = pair();
  const request = client.request(POST, false);
  exchange(client, server);
  server.connection.close(CODE.internalError, 'the owner has had enough');
  expect(server.accepted[0]?.fault).toMatchObject({ by: 'connection', code: CODE.internalError });
  expect(server.fault).toMatchObject({ by: 'local', code: CODE.internalError });
  server.accepted[0]?.stream?.sendData(new Uint8Array(10), 0, 10, true);
  const read = framesOf(server.output());
  expect(read.map(({ type }) => type)).toEqual([TYPE.goaway]);
  expect(read.map(codeOf)).toEqual([CODE.internalError]);
  expect(server.output().length).toBe(0);
  expect(request.fault).toBeNull();
});

test('a lost connection tells each stream whether its request had left', () => {
  const { client, server } = pair();
  const sent = client.request(POST, false);
  exchange(client, server);
  const waiting = client.request(POST, false);
  client.connection.lost();
  expect(sent.fault).toMatchObject({ by: 'connection', unprocessed: false });
  expect(waiting.fault).toMatchObject({ by: 'connection', unprocessed: true });
  expect(client.fault).toBeNull();
  expect(client.output().length).toBe(0);
});

test('an owner that closes within an event hears nothing behind it', () => {
  const server = new Recorder({ role: 'server' });
  server.onAccept = (_stream, events) => {
    events.head = () => server.connection.close(CODE.noError, 'enough');
  };
  const bytes = concat([hello(), headers(1, POST, false), frame(TYPE.data, 0, 1, [1]), headers(3, GET, true)]);
  server.connection.push(bytes, 0, bytes.length);
  expect(server.accepted.length).toBe(1);
  expect(server.accepted[0]?.bytes).toBe(0);
  expect(server.fault).toMatchObject({ by: 'local' });
});

test('an owner that resets within an event gets no more of that stream, and all of the others', () => {
  const server = new Recorder({ role: 'server' });
  server.onAccept = (stream, events) => {
    if (stream.id === 1) events.data = () => stream.reset(CODE.cancel);
  };
  const bytes = concat([hello(), headers(1, POST, false), frame(TYPE.data, 0, 1, [1]), frame(TYPE.data, 0, 1, [2]), headers(3, GET, true)]);
  server.connection.push(bytes, 0, bytes.length);
  expect(server.accepted[1]?.heads).toEqual([GET]);
  expect(server.fault).toBeNull();
});

test('waking is told once until the next produce, and again for what comes behind it', () => {
  const { client, server } = pair();
  const before = client.wakes;
  client.request(GET, true);
  client.request(GET, true);
  expect(client.wakes).toBe(before + 1);
  exchange(client, server);
  client.request(GET, true);
  expect(client.wakes).toBeGreaterThan(before + 1);
});

test('a peer that stops within a frame or a header block is seen to be midway', () => {
  const server = new Recorder({ role: 'server' });
  const begin = hello();
  server.connection.push(begin, 0, 10);
  expect(server.connection.midway).toBe(true);
  server.connection.push(begin, 10, begin.length);
  expect(server.connection.midway).toBe(false);
  const cut = frame(TYPE.headers, 0, 1, [0x82]);
  server.connection.push(cut, 0, cut.length);
  expect(server.connection.midway).toBe(true);
});

test('memory of the output is used again only when the owner says that nobody holds it', () => {
  const { client, server } = pair();
  const arrays: Uint8Array[] = [];
  const turn = (): void => {
    client.request(GET, true);
    client.connection.produce({ write: (bytes, start, end) => (arrays.push(bytes), server.connection.push(bytes.slice(start, end), 0, end - start)) }, 1_000);
    for (const { stream } of server.accepted.splice(0)) stream?.sendHead(listOf(OK), true);
    const back = server.output();
    client.connection.push(back, 0, back.length);
  };
  for (let run = 0; run < 50; run++) {
    turn();
    client.connection.flushed();
  }
  expect(new Set(arrays).size).toBeLessThan(10);
});

test('an idle connection keeps no buffers, and one that wakes up goes on as before', () => {
  const { client, server } = pair();
  server.onAccept = (stream) => stream.sendHead(listOf(OK), true);
  for (let run = 0; run < 20; run++) {
    const request = client.request([...GET, ['x-run', String(run)]], true);
    exchange(client, server);
    expect(request.ended).toBe(true);
    for (const { connection } of [client, server]) {
      connection.passed(1_000);
      expect(connection.sender.output.bytes.length).toBe(0);
    }
  }
});
