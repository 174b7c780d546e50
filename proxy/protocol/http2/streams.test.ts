/** Two engines: what one sends the other gets, whatever the windows, the cuts and the ends. */
import { expect, test } from 'vitest';
import { seededRandom } from '../../test/random.ts';
import { ascii, concat } from '../bytes.ts';
import { NAME } from '../hpack/names.ts';
import { CODE } from './codes.ts';
import { FLAG, TYPE } from './frame.ts';
import { STREAM_QUEUE_BYTES } from './limits.ts';
import { GET, OK, POST, type Pairs, Recorder, RecordingStream, codeOf, exchange, frame, framesOf, headers, hello, listOf, pair, settingsFrame, uint32 } from './testing.ts';
import type { Http2Stream } from './stream.ts';

const zeros = (count: number): Uint8Array => new Uint8Array(count);

/** Sends so many bytes, heeding `blocked`. */
function feed(stream: Http2Stream | null, events: RecordingStream, count: number, piece: number, last: boolean): void {
  let left = count;
  const more = (): void => {
    while (left > 0 && stream !== null && !stream.blocked) {
      const length = Math.min(left, piece);
      left -= length;
      stream.sendData(zeros(length), 0, length, last && left === 0);
    }
  };
  events.drained = more;
  more();
}

/** A server that answers each request with its own body, then a trailer. */
function echo(server: Recorder): void {
  server.onAccept = (stream, events) => {
    stream.sendHead(listOf(OK), false);
    events.data = (bytes, start, end, last) => {
      stream.sendData(bytes, start, end, false);
      stream.consumed(end - start);
      if (last) stream.sendTrailers(listOf([['x-done', 'yes']]));
    };
    const { head } = events;
    events.head = (fields, end) => {
      head.call(events, fields, end);
      if (end) stream.sendTrailers(listOf([['x-done', 'yes']]));
    };
  };
}

test.each([
  { name: 'whole', cut: (length: number) => length },
  { name: 'byte by byte', cut: () => 1 },
  { name: 'by seven', cut: () => 7 },
])('heads, data and trailers arrive as they were sent, $name', ({ cut }) => {
  const { client, server } = pair();
  echo(server);
  const requests = Array.from({ length: 20 }, (_, at) => {
    const stream = client.request([...POST, ['x-n', String(at)]], at === 0);
    if (at > 0) stream.stream?.sendData(ascii(`body ${at} `.repeat(at * 20)), 0, `body ${at} `.repeat(at * 20).length, true);
    return stream;
  });
  exchange(client, server, cut);
  for (const [at, request] of requests.entries()) {
    expect(server.accepted[at]?.heads).toEqual([[...POST, ['x-n', String(at)]]]);
    expect(request.heads).toEqual([[...OK]]);
    expect(request.body).toBe(`body ${at} `.repeat(at * 20));
    expect(request.trailerPairs).toEqual([['x-done', 'yes']]);
  }
  expect([client.connection.streams, server.connection.streams]).toEqual([0, 0]);
});

test('an upload far above the windows arrives whole, and what waits is bounded on both sides', () => {
  const { client, server } = pair();
  const upload = client.request(POST, false);
  const total = 5_000_000;
  feed(upload.stream, upload, total, 10_000, true);
  server.onAccept = (_stream, events) => (events.keepsBody = false);
  expect(upload.stream?.queued).toBeLessThanOrEqual(STREAM_QUEUE_BYTES + 10_000);
  exchange(client, server);
  expect(server.accepted[0]?.bytes).toBe(total);
  expect(server.accepted[0]?.ended).toBe(true);
});

test('RFC 9113 §5.2: a reader that consumes nothing gets one window and not a byte more; others go on', () => {
  const { client, server } = pair();
  const stopped = client.request(POST, false);
  exchange(client, server);
  const reader = server.accepted[0];
  if (reader !== undefined) reader.autoConsume = false;
  feed(stopped.stream, stopped, 1_000_000, 16_384, true);
  exchange(client, server);
  expect(reader?.bytes).toBe(65_535);
  expect(stopped.stream?.stalled).toBe(true);
  const other = client.request(POST, false);
  feed(other.stream, other, 500_000, 16_384, true);
  exchange(client, server);
  expect(server.accepted[1]?.bytes).toBe(500_000);
  reader?.stream?.consumed(65_535);
  if (reader !== undefined) reader.autoConsume = true;
  exchange(client, server);
  expect(reader?.bytes).toBe(1_000_000);
});

test("RFC 9113 §6.9: streams that stop reading hold the connection's window at most, and resetting them gives it back", () => {
  const { client, server } = pair({}, { connectionWindow: 200_000 });
  server.onAccept = (_stream, events) => (events.autoConsume = false);
  const stopped = Array.from({ length: 5 }, () => client.request(POST, false));
  for (const one of stopped) feed(one.stream, one, 65_535, 65_535, false);
  exchange(client, server);
  expect(server.accepted.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(200_000);
  expect(client.connection.stalled).toBe(true);
  expect(server.connection.crowding).toBe(1);
  for (const one of stopped) one.stream?.reset(CODE.cancel);
  server.onAccept = () => undefined;
  const next = client.request(POST, false);
  feed(next.stream, next, 1_000_000, 10_000, true);
  exchange(client, server);
  expect(server.accepted.at(-1)?.bytes).toBe(1_000_000);
  expect(server.connection.crowding).toBe(0);
});

test('RFC 9113 §6.9.2: a window that turns negative by SETTINGS stops the stream until it is positive again', () => {
  const server = new Recorder({ role: 'server' });
  server.onAccept = (stream) => {
    stream.sendHead(listOf(OK), false);
    stream.sendData(zeros(100_000), 0, 100_000, true);
  };
  const push = (bytes: Uint8Array): number => {
    server.connection.push(bytes, 0, bytes.length);
    return framesOf(server.output()).filter(({ type }) => type === TYPE.data).reduce((sum, { payload }) => sum + payload.length, 0);
  };
  push(hello([[4, 30_000]]));
  expect(push(headers(1, GET, true))).toBe(30_000);
  expect(push(settingsFrame([[4, 10_000]]))).toBe(0);
  expect(push(frame(TYPE.windowUpdate, 0, 1, uint32(20_000)))).toBe(0);
  expect(push(frame(TYPE.windowUpdate, 0, 1, uint32(5)))).toBe(5);
  expect(push(settingsFrame([[4, 10_100]]))).toBe(100);
});

test('WINDOW_UPDATE comes in halves of a window, not for every frame', () => {
  const { client, server } = pair();
  const upload = client.request(POST, false);
  feed(upload.stream, upload, 65_000, 100, false);
  const bytes = client.output();
  server.connection.push(bytes, 0, bytes.length);
  expect(framesOf(server.output()).filter(({ type }) => type === TYPE.windowUpdate).length).toBe(1);
});

test('padding counts for flow control and is given back', () => {
  const server = new Recorder({ role: 'server' });
  const padded = frame(TYPE.data, FLAG.padded, 1, concat([Uint8Array.from([255]), zeros(10), zeros(255)]));
  const bytes = concat([hello(), headers(1, POST, false), ...Array.from({ length: 2_000 }, () => padded)]);
  for (let at = 0; at < bytes.length; at += 1_000) server.connection.push(bytes, at, Math.min(bytes.length, at + 1_000));
  expect(server.fault).toBeNull();
  expect(server.accepted[0]?.bytes).toBe(20_000);
});

test('streams are served in turn, a frame each', () => {
  const { client, server } = pair({ streamWindow: 1_000_000 }, {});
  server.onAccept = (stream) => {
    stream.sendHead(listOf(OK), false);
    stream.sendData(zeros(200_000), 0, 200_000, true);
  };
  for (let at = 0; at < 3; at++) client.request(GET, true);
  const bytes = client.output();
  server.connection.push(bytes, 0, bytes.length);
  const order = framesOf(server.output(120_000)).filter(({ type }) => type === TYPE.data).map(({ id }) => id);
  expect(order.slice(0, 6)).toEqual([1, 3, 5, 1, 3, 5]);
});

test('a small answer overtakes large ones that were queued before', () => {
  const { client, server } = pair({ streamWindow: 1_000_000 }, {});
  server.onAccept = (stream) => {
    const length = stream.id === 9 ? 1_000 : 500_000;
    stream.sendHead(listOf(OK), false);
    stream.sendData(zeros(length), 0, length, true);
  };
  const streams = Array.from({ length: 5 }, () => client.request(GET, true));
  const requests = client.output();
  server.connection.push(requests, 0, requests.length);
  const answers = server.output(5 * 16_384);
  client.connection.push(answers, 0, answers.length);
  expect(streams.map(({ ended }) => ended)).toEqual([false, false, false, false, true]);
});

test('small pieces of one stream leave in one frame, and large data is not copied', () => {
  const { client } = pair();
  const upload = client.request(POST, false);
  for (let at = 0; at < 50; at++) upload.stream?.sendData(zeros(100), 0, 100, false);
  expect(framesOf(client.output()).filter(({ type }) => type === TYPE.data).map(({ payload }) => payload.length)).toEqual([5_000]);
  const large = zeros(16_384);
  const arrays: Uint8Array[] = [];
  upload.stream?.sendData(large, 0, large.length, false);
  client.connection.produce({ write: (bytes) => arrays.push(bytes) }, 100_000);
  expect(arrays).toContain(large);
});

test('trailers wait for the data in front of them', () => {
  const { client, server } = pair();
  const upload = client.request(POST, false);
  feed(upload.stream, upload, 65_000, 65_000, false);
  upload.stream?.sendData(zeros(10_000), 0, 10_000, false);
  const trailers = listOf([['x-sum', 'abc']]);
  upload.stream?.sendTrailers(trailers);
  trailers.clear();
  exchange(client, server);
  expect(server.accepted[0]).toMatchObject({ bytes: 75_000, trailerPairs: [['x-sum', 'abc']], ended: true });
});

test('interim responses arrive in front of the final one', () => {
  const { client, server } = pair();
  server.onAccept = (stream) => {
    stream.sendHead(listOf([[':status', '103'], ['link', '</a>']]), false);
    stream.sendHead(listOf(OK), true);
  };
  const request = client.request(GET, true);
  exchange(client, server);
  expect(request.heads).toEqual([[[':status', '103'], ['link', '</a>']], [...OK]]);
});

test.each([
  { name: 'a response to HEAD with the length that GET would have', request: [[':method', 'HEAD'], ...GET.slice(1)] as Pairs, response: [...OK, ['content-length', '500']] as Pairs },
  { name: '304 with a length', request: GET, response: [[':status', '304'], ['content-length', '500']] as Pairs },
])('RFC 9113 §8.1.1: $name is well-formed', ({ request, response }) => {
  const { client, server } = pair();
  server.onAccept = (stream) => stream.sendHead(listOf(response), true);
  const stream = client.request(request, true);
  exchange(client, server);
  expect(stream.heads).toEqual([response]);
  expect(stream.fault).toBeNull();
});

test('RFC 9113 §8.5: a CONNECT carries bytes both ways and ends by halves', () => {
  const { client, server } = pair();
  const tunnel = client.request([[':method', 'CONNECT'], [':authority', '10.0.0.1:80']], false);
  server.onAccept = (stream) => stream.sendHead(listOf([...OK, ['content-length', '7']]), false);
  exchange(client, server);
  tunnel.stream?.sendData(ascii('ping'), 0, 4, true);
  exchange(client, server);
  expect(server.accepted[0]).toMatchObject({ body: 'ping', ended: true });
  server.accepted[0]?.stream?.sendData(ascii('a longer pong'), 0, 13, true);
  exchange(client, server);
  expect(tunnel).toMatchObject({ body: 'a longer pong', ended: true, fault: null });
});

test.each([{ by: 'client' }, { by: 'server' }] as const)('a reset by the $by reaches the other side once, and frees the stream on both', ({ by }) => {
  const { client, server } = pair();
  const request = client.request(POST, false);
  exchange(client, server);
  const there = server.accepted[0];
  const [own, other] = by === 'client' ? [request, there] : [there, request];
  own?.stream?.reset(CODE.cancel);
  exchange(client, server);
  expect([client.connection.resetsSent, server.connection.resetsSent]).toEqual(by === 'client' ? [1, 0] : [0, 1]);
  expect(other?.fault).toMatchObject({ by: 'peer', code: CODE.cancel, unprocessed: false });
  expect(own?.fault).toBeNull();
  expect([client.connection.streams, server.connection.streams]).toEqual([0, 0]);
});

test('what crosses our reset is no fault of the peer', () => {
  const { client, server } = pair();
  const upload = client.request(POST, false);
  exchange(client, server);
  server.accepted[0]?.stream?.reset(CODE.cancel);
  upload.stream?.sendData(zeros(60_000), 0, 60_000, false);
  upload.stream?.sendTrailers(listOf([['a', 'b']]));
  const crossing = client.output();
  server.connection.push(crossing, 0, crossing.length);
  exchange(client, server);
  expect([client.fault, server.fault]).toEqual([null, null]);
});

test('RFC 9113 §8.1: an early answer goes out whole before the request is told to stop', () => {
  const { client, server } = pair();
  const upload = client.request(POST, false);
  exchange(client, server);
  const stream = server.accepted[0]?.stream;
  stream?.sendHead(listOf([[':status', '413']]), false);
  stream?.sendData(zeros(100_000), 0, 100_000, true);
  stream?.reset(CODE.noError);
  upload.keepsBody = false;
  exchange(client, server);
  expect(upload).toMatchObject({ bytes: 100_000, ended: true, fault: null });
  server.connection.passed(1_000);
  exchange(client, server);
  expect(upload.fault).toMatchObject({ by: 'peer', code: CODE.noError });
  expect([client.connection.streams, server.connection.streams]).toEqual([0, 0]);
});

test('a request that ends by itself behind an early answer is not reset', () => {
  const { client, server } = pair();
  const upload = client.request([...POST, ['content-length', '10']], false);
  exchange(client, server);
  const stream = server.accepted[0]?.stream;
  stream?.sendHead(listOf([[':status', '403']]), true);
  stream?.reset(CODE.noError);
  exchange(client, server);
  upload.stream?.sendData(zeros(10), 0, 10, true);
  exchange(client, server);
  expect(upload).toMatchObject({ ended: true, fault: null });
  expect([client.connection.streams, server.connection.streams, server.connection.crowding]).toEqual([0, 0, 0]);
});

test('a request that goes on and on behind an early answer is told to stop', () => {
  const { client, server } = pair();
  const upload = client.request(POST, false);
  feed(upload.stream, upload, 5_000_000, 10_000, true);
  server.onAccept = (accepted) => {
    accepted.sendHead(listOf([[':status', '403']]), true);
    accepted.reset(CODE.noError);
  };
  exchange(client, server);
  expect(upload).toMatchObject({ ended: true, fault: { by: 'peer', code: CODE.noError } });
  expect(server.connection.streams).toBe(0);
});

test('RFC 9113 §8.1.1: content of another length than announced is malformed behind an early answer too', () => {
  const { client, server } = pair();
  const upload = client.request([...POST, ['content-length', '10']], false);
  server.onAccept = (accepted) => {
    accepted.sendHead(listOf([[':status', '403']]), true);
    accepted.reset(CODE.noError);
  };
  exchange(client, server);
  upload.stream?.sendData(zeros(11), 0, 11, true);
  exchange(client, server);
  expect(server.connection.counters.malformed).toBe(1);
  expect(server.connection.streams).toBe(0);
});

test('REFUSED_STREAM says that the request may be sent again', () => {
  const { client, server } = pair({}, { streamsMax: 2 });
  expect(client.connection.room).toBe(2);
  for (let at = 0; at < 2; at++) client.request(POST, false);
  expect(client.connection.openStream(listOf(GET), true, new RecordingStream())).toBeNull();
  const late = headers(5, GET, true);
  const asked = client.output();
  server.connection.push(asked, 0, asked.length);
  server.connection.push(late, 0, late.length);
  expect(framesOf(server.output()).filter(({ type }) => type === TYPE.rstStream).map(codeOf)).toEqual([CODE.refusedStream]);
  const { client: other } = pair();
  const refused = other.request(POST, false);
  other.output();
  const reset = frame(TYPE.rstStream, 0, 1, uint32(CODE.refusedStream));
  other.connection.push(reset, 0, reset.length);
  expect(refused.fault).toMatchObject({ by: 'peer', unprocessed: true });
});

test('room for streams is told when there is some again', () => {
  const { client, server } = pair({}, { streamsMax: 1 });
  server.onAccept = (stream) => stream.sendHead(listOf(OK), false);
  client.request(GET, true);
  expect(client.connection.openStream(listOf(GET), true, new RecordingStream())).toBeNull();
  exchange(client, server);
  expect(client.rooms).toBe(0);
  server.accepted[0]?.stream?.end();
  exchange(client, server);
  expect(client.rooms).toBe(1);
  expect(client.connection.room).toBe(1);
});

test('streams can not be opened before the SETTINGS of the server', () => {
  const client = new Recorder({ role: 'client' });
  expect(client.connection.room).toBe(0);
  const server = new Recorder({ role: 'server' });
  exchange(client, server);
  expect([client.readies, server.readies]).toEqual([1, 1]);
  expect(client.connection.room).toBeGreaterThan(0);
});

test('settings that the standard does not know reach the other owner', () => {
  const { client, server } = pair({ settings: [[0xf0_01, 2]] }, { settings: [[0xf0_02, 3]], extendedConnect: true });
  expect(server.settings).toEqual([[0xf0_01, 2]]);
  expect(client.settings).toEqual([[0xf0_02, 3]]);
  expect(client.connection.peerExtendedConnect).toBe(true);
});

test('a field that is never to be indexed stays so through a proxy', () => {
  const { client, server } = pair();
  const list = listOf(GET);
  list.addText('x-secret', 'abc', 0x100);
  const events = new RecordingStream();
  let passed = -1;
  server.onAccept = (_stream, accepted) => (accepted.head = (fields) => (passed = fields.meta(fields.count - 1) & 0x100));
  client.connection.openStream(list, true, events);
  exchange(client, server);
  expect(passed).toBe(0x100);
});

test('a head larger than a frame goes in several and arrives whole', () => {
  const { client, server } = pair();
  const large: Pairs = [...GET, ...Array.from({ length: 10 }, (_, at): [string, string] => [`x-${at}`, String(at).repeat(5_000)])];
  client.request(large, true);
  exchange(client, server, () => 1_000);
  expect(server.accepted[0]?.heads).toEqual([large]);
});

test.each([1, 2, 3, 4, 5])('random traffic of both sides arrives exactly, whatever the windows and cuts (seed %i)', (seed) => {
  const random = seededRandom(seed);
  const pick = (count: number): number => Math.floor(random() * count);
  const { client, server } = pair({ streamWindow: 1_000 + pick(60_000) }, { streamWindow: 1_000 + pick(60_000), connectionWindow: 70_000 + pick(100_000) });
  echo(server);
  const sent: { bytes: number; stream: RecordingStream }[] = [];
  for (let run = 0; run < 200; run++) {
    if (client.connection.room > 0) {
      const bytes = pick(3) === 0 ? pick(200_000) : pick(3_000);
      const stream = client.request([...POST, ['x-run', String(run)]], bytes === 0);
      stream.keepsBody = false;
      feed(stream.stream, stream, bytes, 1 + pick(20_000), true);
      sent.push({ bytes, stream });
    }
    const part = client.output(pick(100_000));
    server.connection.push(part, 0, part.length);
    const back = server.output(pick(100_000));
    client.connection.push(back, 0, back.length);
  }
  exchange(client, server, (length) => 1 + pick(length));
  for (const { bytes, stream } of sent) expect(stream).toMatchObject({ bytes, ended: true, fault: null, trailerPairs: [['x-done', 'yes']] });
  expect([client.connection.streams, server.connection.streams, client.fault, server.fault]).toEqual([0, 0, null, null]);
});

test('numbers of names are the same for both ends of a list', () => {
  expect(listOf(OK).find(NAME.status)).toBe(0);
});
