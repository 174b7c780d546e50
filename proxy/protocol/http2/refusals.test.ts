/** What a peer may not send, by section: each is refused with the code of the standard, however the bytes are cut. */
import { expect, test } from 'vitest';
import { concat } from '../bytes.ts';
import { cuts } from '../testing.ts';
import { CODE } from './codes.ts';
import { FLAG, TYPE } from './frame.ts';
import { type Pairs, GET, OK, POST, Recorder, block, codeOf, frame, framesOf, headers, hello, listOf, settingsFrame, uint32 } from './testing.ts';

interface Refusal {
  readonly name: string;
  readonly frames: readonly Uint8Array[];
  /** Code of GOAWAY, or of RST_STREAM on a stream. */
  readonly goaway?: number;
  readonly reset?: readonly [number, number];
  /** What the server has said to stream 1 before: nothing, or a whole response. */
  readonly answers?: boolean;
}

const { data, headers: HEADERS, priority, rstStream, settings, pushPromise, ping, goaway, windowUpdate, continuation } = TYPE;
const bytes = (count: number): number[] => Array.from({ length: count }, () => 0);
const without = (pairs: Pairs, name: string): Pairs => pairs.filter(([one]) => one !== name);
const body = (text: string): number[] => Array.from(text, (letter) => letter.charCodeAt(0));

const FRAMES: readonly Refusal[] = [
  { name: '§4.2: a frame above the announced size', frames: [frame(data, 0, 1, new Uint8Array(16_385))], goaway: CODE.frameSizeError },
  { name: '§4.3: a header block that does not decode', frames: [frame(HEADERS, FLAG.endHeaders, 1, [0xbe])], goaway: CODE.compressionError },
  { name: '§4.3: a frame within a header block', frames: [frame(HEADERS, 0, 1, block(GET)), frame(ping, 0, 0, bytes(8))], goaway: CODE.protocolError },
  { name: '§4.3: a header block that goes on for another stream', frames: [frame(HEADERS, 0, 1, block(GET)), frame(continuation, FLAG.endHeaders, 3, [])], goaway: CODE.protocolError },
  { name: '§5.1: DATA on an idle stream', frames: [frame(data, 0, 1, [1])], goaway: CODE.protocolError },
  { name: '§5.1: RST_STREAM on an idle stream', frames: [frame(rstStream, 0, 1, uint32(8))], goaway: CODE.protocolError },
  { name: '§5.1: WINDOW_UPDATE on an idle stream', frames: [frame(windowUpdate, 0, 1, uint32(8))], goaway: CODE.protocolError },
  { name: '§5.1: DATA behind the end', frames: [headers(1, GET, true), frame(data, 0, 1, [1])], reset: [1, CODE.streamClosed] },
  { name: '§5.1: HEADERS behind the end', frames: [headers(1, GET, true), headers(1, GET, true)], reset: [1, CODE.streamClosed] },
  { name: '§5.1: DATA on a closed stream', frames: [headers(1, GET, true), frame(data, 0, 1, [1])], goaway: CODE.streamClosed, answers: true },
  { name: '§5.1: HEADERS on a closed stream', frames: [headers(1, GET, true), headers(1, GET, true)], goaway: CODE.streamClosed, answers: true },
  { name: '§5.1: DATA behind the own reset', frames: [headers(1, POST, false), frame(rstStream, 0, 1, uint32(8)), frame(data, 0, 1, [1])], goaway: CODE.streamClosed },
  { name: '§5.1.1: a stream with an even number', frames: [headers(2, GET, true)], goaway: CODE.protocolError },
  { name: '§5.1.1: a stream below one that was opened', frames: [headers(5, GET, true), headers(3, GET, true)], goaway: CODE.protocolError },
  { name: '§5.3.1: HEADERS that depend on themselves', frames: [frame(HEADERS, FLAG.endHeaders | FLAG.priority | FLAG.endStream, 1, [0, 0, 0, 1, 0, ...block(GET)])], reset: [1, CODE.protocolError] },
  { name: '§6.1: DATA without a stream', frames: [frame(data, 0, 0, [1])], goaway: CODE.protocolError },
  { name: '§6.1: padding longer than DATA', frames: [headers(1, POST, false), frame(data, FLAG.padded, 1, [5, 0, 0])], goaway: CODE.protocolError },
  { name: '§6.1: padded DATA without a length', frames: [headers(1, POST, false), frame(data, FLAG.padded, 1, [])], goaway: CODE.frameSizeError },
  { name: '§6.2: HEADERS without a stream', frames: [headers(0, GET, true)], goaway: CODE.protocolError },
  { name: '§6.2: padding longer than HEADERS', frames: [frame(HEADERS, FLAG.padded | FLAG.endHeaders, 1, [200, ...block(GET)])], goaway: CODE.protocolError },
  { name: '§6.2: HEADERS without room for their priority', frames: [frame(HEADERS, FLAG.priority | FLAG.endHeaders, 1, [0, 0])], goaway: CODE.frameSizeError },
  { name: '§6.3: PRIORITY without a stream', frames: [frame(priority, 0, 0, bytes(5))], goaway: CODE.protocolError },
  { name: '§6.3: PRIORITY of a wrong length', frames: [headers(1, POST, false), frame(priority, 0, 1, bytes(4))], reset: [1, CODE.frameSizeError] },
  { name: '§6.3: PRIORITY that depends on itself', frames: [headers(1, POST, false), frame(priority, 0, 1, [0, 0, 0, 1, 0])], reset: [1, CODE.protocolError] },
  { name: '§6.4: RST_STREAM without a stream', frames: [frame(rstStream, 0, 0, uint32(8))], goaway: CODE.protocolError },
  { name: '§6.4: RST_STREAM of a wrong length', frames: [headers(1, POST, false), frame(rstStream, 0, 1, bytes(3))], goaway: CODE.frameSizeError },
  { name: '§6.5: SETTINGS on a stream', frames: [frame(settings, 0, 1, [])], goaway: CODE.protocolError },
  { name: '§6.5: SETTINGS of a wrong length', frames: [frame(settings, 0, 0, bytes(5))], goaway: CODE.frameSizeError },
  { name: '§6.5: an acknowledgement with settings', frames: [frame(settings, FLAG.ack, 0, bytes(6))], goaway: CODE.frameSizeError },
  { name: '§6.5.2: ENABLE_PUSH of 2', frames: [settingsFrame([[2, 2]])], goaway: CODE.protocolError },
  { name: '§6.5.2: a window above 2^31 − 1', frames: [settingsFrame([[4, 2 ** 31]])], goaway: CODE.flowControlError },
  { name: '§6.5.2: a frame size below 16,384', frames: [settingsFrame([[5, 16_383]])], goaway: CODE.protocolError },
  { name: '§6.5.2: a frame size above 2^24 − 1', frames: [settingsFrame([[5, 2 ** 24]])], goaway: CODE.protocolError },
  { name: 'RFC 8441 §3: ENABLE_CONNECT_PROTOCOL of 2', frames: [settingsFrame([[8, 2]])], goaway: CODE.protocolError },
  { name: 'RFC 8441 §3: ENABLE_CONNECT_PROTOCOL taken back', frames: [settingsFrame([[8, 1]]), settingsFrame([[8, 0]])], goaway: CODE.protocolError },
  { name: '§6.6: PUSH_PROMISE', frames: [frame(pushPromise, FLAG.endHeaders, 1, [0, 0, 0, 2])], goaway: CODE.protocolError },
  { name: '§6.7: PING on a stream', frames: [frame(ping, 0, 1, bytes(8))], goaway: CODE.protocolError },
  { name: '§6.7: PING of a wrong length', frames: [frame(ping, 0, 0, bytes(7))], goaway: CODE.frameSizeError },
  { name: '§6.8: GOAWAY on a stream', frames: [frame(goaway, 0, 1, bytes(8))], goaway: CODE.protocolError },
  { name: '§6.8: GOAWAY that is cut', frames: [frame(goaway, 0, 0, bytes(7))], goaway: CODE.frameSizeError },
  { name: '§6.9: WINDOW_UPDATE of nothing', frames: [frame(windowUpdate, 0, 0, uint32(0))], goaway: CODE.protocolError },
  { name: '§6.9: WINDOW_UPDATE of nothing on a stream', frames: [headers(1, POST, false), frame(windowUpdate, 0, 1, uint32(0))], reset: [1, CODE.protocolError] },
  { name: '§6.9: WINDOW_UPDATE of nothing on a closed stream', frames: [headers(1, GET, true), frame(windowUpdate, 0, 1, uint32(0))], goaway: CODE.protocolError, answers: true },
  { name: '§6.9: WINDOW_UPDATE of a wrong length', frames: [frame(windowUpdate, 0, 0, bytes(3))], goaway: CODE.frameSizeError },
  { name: '§6.9.1: a connection window above 2^31 − 1', frames: [frame(windowUpdate, 0, 0, uint32(2 ** 31 - 1))], goaway: CODE.flowControlError },
  { name: '§6.9.1: a stream window above 2^31 − 1', frames: [headers(1, POST, false), frame(windowUpdate, 0, 1, uint32(2 ** 31 - 1))], reset: [1, CODE.flowControlError] },
  { name: "§6.9.2: an initial window that lifts a stream's above 2^31 − 1", frames: [headers(1, POST, false), frame(windowUpdate, 0, 1, uint32(2 ** 31 - 65_536)), settingsFrame([[4, 65_536]])], goaway: CODE.flowControlError },
  { name: '§6.9: more DATA than the window of the stream', frames: [headers(1, POST, false), ...Array.from({ length: 5 }, () => frame(data, 0, 1, new Uint8Array(16_384)))], reset: [1, CODE.flowControlError] },
  { name: '§6.10: CONTINUATION of nothing', frames: [frame(continuation, FLAG.endHeaders, 1, [])], goaway: CODE.protocolError },
  { name: '§8.1: trailers that do not end the stream', frames: [headers(1, POST, false), headers(1, [['a', 'b']], false)], reset: [1, CODE.protocolError] },
  { name: '§8.1: trailers with a pseudo field', frames: [headers(1, POST, false), headers(1, [[':path', '/']], true)], reset: [1, CODE.protocolError] },
  { name: '§8.1.1: less content than content-length', frames: [headers(1, [...POST, ['content-length', '5']], false), frame(data, FLAG.endStream, 1, body('four'))], reset: [1, CODE.protocolError] },
  { name: '§8.1.1: more content than content-length', frames: [headers(1, [...POST, ['content-length', '3']], false), frame(data, 0, 1, body('four'))], reset: [1, CODE.protocolError] },
  { name: '§8.1.1: a content-length and no content', frames: [headers(1, [...POST, ['content-length', '5']], true)], reset: [1, CODE.protocolError] },
  { name: '§8.1.1: a content-length and trailers instead', frames: [headers(1, [...POST, ['content-length', '5']], false), headers(1, [['a', 'b']], true)], reset: [1, CODE.protocolError] },
];

const REQUESTS: readonly { readonly name: string; readonly pairs: Pairs }[] = [
  { name: '§8.2.1: an upper-case name', pairs: [...GET, ['X-Test', 'a']] },
  { name: '§8.2.1: a value with a line feed', pairs: [...GET, ['x-test', 'a\nb: c']] },
  { name: '§8.2.1: a value with a space in front', pairs: [...GET, ['x-test', ' a']] },
  { name: '§8.2.1: an empty name', pairs: [...GET, ['', 'a']] },
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'].map((name) => ({ name: `§8.2.2: ${name}`, pairs: [...GET, [name, 'a']] as Pairs })),
  { name: '§8.2.2: te other than trailers', pairs: [...GET, ['te', 'gzip']] },
  { name: '§8.3: an unknown pseudo field', pairs: [...GET, [':test', 'a']] },
  { name: "§8.3: a response's pseudo field", pairs: [...GET, [':status', '200']] },
  { name: '§8.3: a pseudo field behind an ordinary one', pairs: [...without(GET, ':path'), ['a', 'b'], [':path', '/']] },
  ...[':method', ':scheme', ':path'].flatMap((name) => [
    { name: `§8.3.1: no ${name}`, pairs: without(GET, name) },
    { name: `§8.3.1: ${name} twice`, pairs: [...GET, GET.find(([one]) => one === name) ?? ['', '']] as Pairs },
  ]),
  { name: '§8.3.1: an empty :path', pairs: [...without(GET, ':path'), [':path', '']] },
  { name: '§8.3.1: a :path without a slash', pairs: [...without(GET, ':path'), [':path', 'index']] },
  { name: '§8.3.1: a star for another method than OPTIONS', pairs: [...without(GET, ':path'), [':path', '*']] },
  { name: '§8.3.1: a :path with a space', pairs: [...without(GET, ':path'), [':path', '/a b']] },
  { name: '§8.3.1: user information in :authority', pairs: [...without(GET, ':authority'), [':authority', 'me@shop.test']] },
  { name: '§8.3.1: host that is another than :authority', pairs: [...GET, ['host', 'other.test']] },
  { name: '§8.3.1: a method that is no token', pairs: [...without(GET, ':method'), [':method', 'G T']] },
  { name: '§8.5: CONNECT with a :path', pairs: [[':method', 'CONNECT'], [':authority', 'a:1'], [':path', '/']] },
  { name: '§8.5: CONNECT without :authority', pairs: [[':method', 'CONNECT']] },
  { name: 'RFC 8441 §4: :protocol that was not announced', pairs: [[':method', 'CONNECT'], [':scheme', 'http'], [':path', '/'], [':authority', 'a'], [':protocol', 'websocket']] },
  { name: '§8.1.1: a content-length that is none', pairs: [...GET, ['content-length', '-1']] },
  { name: '§8.1.1: two content-lengths that differ', pairs: [...GET, ['content-length', '1'], ['content-length', '2']] },
];

function refusalOf({ frames, answers = false }: Refusal, pieces: readonly Uint8Array[] | null): { goaway: number | undefined; resets: [number, number][]; heads: number } {
  const server = new Recorder({ role: 'server' });
  server.onAccept = (stream, events) => {
    events.autoConsume = false;
    if (answers) stream.sendHead(listOf(OK), true);
  };
  let out = server.output();
  const push = (part: Uint8Array): void => {
    server.connection.push(part, 0, part.length);
    out = concat([out, server.output()]);
  };
  push(hello());
  for (const piece of pieces ?? frames) push(piece);
  const read = framesOf(out);
  const last = read.find(({ type }) => type === TYPE.goaway);
  expect(last === undefined || read.at(-1) === last, 'nothing follows a GOAWAY').toBe(true);
  expect(server.fault === null).toBe(last === undefined);
  return {
    goaway: last === undefined ? undefined : codeOf(last),
    resets: read.filter(({ type }) => type === TYPE.rstStream).map((one) => [one.id, codeOf(one)]),
    heads: server.accepted.length,
  };
}

/** Every cut of large inputs would take minutes; byte by byte and whole cover the same paths. */
const CUT_BYTES_MAX = 200;

test.each(FRAMES)('RFC 9113 $name is refused', (refusal) => {
  const whole = concat(refusal.frames);
  const ways = whole.length <= CUT_BYTES_MAX && refusal.answers !== true ? [...cuts(whole)] : [null];
  for (const pieces of ways) {
    const { goaway: code, resets } = refusalOf(refusal, pieces);
    if (refusal.goaway !== undefined) expect(code).toBe(refusal.goaway);
    else {
      expect(code).toBeUndefined();
      expect(resets).toEqual([refusal.reset]);
    }
  }
});

test.each(REQUESTS)('RFC 9113 $name is malformed, and nobody hears of the request', ({ pairs, name }) => {
  const request = { name, frames: [headers(1, pairs, true)] };
  expect(refusalOf(request, null)).toEqual({ goaway: undefined, resets: [[1, CODE.protocolError]], heads: 0 });
});

const GOOD: readonly { readonly name: string; readonly pairs: Pairs }[] = [
  { name: '§8.3.1: a request without :authority', pairs: without(GET, ':authority') },
  { name: '§8.3.1: host that is the same but for its case', pairs: [...GET, ['host', 'SHOP.test']] },
  { name: '§8.3.1: OPTIONS *', pairs: [[':method', 'OPTIONS'], [':scheme', 'http'], [':path', '*'], [':authority', 'a']] },
  { name: '§8.2.2: te: trailers', pairs: [...GET, ['te', 'trailers']] },
  { name: '§8.5: CONNECT', pairs: [[':method', 'CONNECT'], [':authority', '10.0.0.1:80']] },
  { name: '§8.1.1: content-length twice, the same', pairs: [...GET, ['content-length', '0'], ['content-length', '0']] },
  { name: '§8.2.3: cookies in several fields', pairs: [...GET, ['cookie', 'a=1'], ['cookie', 'b=2']] },
];

test.each(GOOD)('RFC 9113 $name is taken', ({ pairs }) => {
  const server = new Recorder({ role: 'server' });
  const bytes = concat([hello(), headers(1, pairs, true)]);
  server.connection.push(bytes, 0, bytes.length);
  expect(server.accepted[0]?.heads).toEqual([pairs]);
  expect(server.accepted[0]?.ended).toBe(true);
});

test('RFC 8441 §4: extended CONNECT is taken where it was announced', () => {
  const pairs: Pairs = [[':method', 'CONNECT'], [':protocol', 'websocket'], [':scheme', 'http'], [':path', '/chat'], [':authority', 'a']];
  const server = new Recorder({ role: 'server', extendedConnect: true });
  const bytes = concat([hello(), headers(1, pairs, false)]);
  server.connection.push(bytes, 0, bytes.length);
  expect(server.accepted[0]?.heads).toEqual([pairs]);
});

const ANSWERS: readonly { readonly name: string; readonly frames: readonly Uint8Array[]; readonly request?: Pairs }[] = [
  { name: '§8.3.2: no :status', frames: [headers(1, [['a', 'b']], true)] },
  { name: '§8.3.2: a :status of two digits', frames: [headers(1, [[':status', '20']], true)] },
  { name: '§8.3.2: :status twice', frames: [headers(1, [...OK, ...OK], true)] },
  { name: "§8.3: a request's pseudo field", frames: [headers(1, [...OK, [':path', '/']], true)] },
  { name: '§8.6: status 101', frames: [headers(1, [[':status', '101']], false)] },
  { name: '§8.1: an interim response that ends the stream', frames: [headers(1, [[':status', '103']], true)] },
  { name: '§8.1: DATA before the head', frames: [frame(data, FLAG.endStream, 1, [1])] },
  { name: '§8.1: DATA between an interim and the final head', frames: [headers(1, [[':status', '103']], false), frame(data, 0, 1, [1])] },
  { name: '§8.2.2: a connection field', frames: [headers(1, [...OK, ['connection', 'close']], true)] },
  { name: '§8.1.1: less content than content-length', frames: [headers(1, [...OK, ['content-length', '3']], false), frame(data, FLAG.endStream, 1, [1])] },
  { name: '§8.1.1: content behind 304', frames: [headers(1, [[':status', '304'], ['content-length', '3']], false), frame(data, FLAG.endStream, 1, [1, 2, 3])] },
  { name: '§8.1.1: content behind HEAD', frames: [headers(1, OK, false), frame(data, FLAG.endStream, 1, [1])], request: [[':method', 'HEAD'], ...without(GET, ':method')] },
];

test.each(ANSWERS)('RFC 9113 $name in a response is malformed: its stream is reset, and the caller told', ({ frames, request = GET }) => {
  const client = new Recorder({ role: 'client' });
  const push = (bytes: Uint8Array): void => client.connection.push(bytes, 0, bytes.length);
  push(settingsFrame([]));
  const stream = client.request(request, true);
  client.output();
  for (const one of frames) push(one);
  expect(framesOf(client.output()).filter(({ type }) => type === rstStream).map(codeOf)).toEqual([CODE.protocolError]);
  expect(stream.fault).toMatchObject({ by: 'malformed', code: CODE.protocolError, unprocessed: false });
  expect(client.fault).toBeNull();
});

test.each([
  { name: '§5.1: HEADERS on a stream that we did not open', frames: [headers(3, OK, true)], code: CODE.protocolError },
  { name: '§5.1.1: a stream of the server', frames: [headers(2, OK, true)], code: CODE.protocolError },
  { name: '§6.6: PUSH_PROMISE though push is off', frames: [frame(pushPromise, FLAG.endHeaders, 1, [0, 0, 0, 2])], code: CODE.protocolError },
  { name: '§6.5.2: ENABLE_PUSH by a server', frames: [settingsFrame([[2, 1]])], code: CODE.protocolError },
])('RFC 9113 $name ends the connection of a client', ({ frames, code }) => {
  const client = new Recorder({ role: 'client' });
  const bytes = concat([settingsFrame([]), ...frames]);
  client.connection.push(bytes, 0, bytes.length);
  expect(client.fault).toMatchObject({ by: 'peer', code });
});

test.each([
  { name: 'another first frame', bytes: concat([hello().subarray(0, 24), frame(ping, 0, 0, bytes(8))]) },
  { name: 'an acknowledgement first', bytes: concat([hello().subarray(0, 24), frame(settings, FLAG.ack, 0, [])]) },
  { name: 'another preface', bytes: Uint8Array.from(body('GET / HTTP/1.1\r\nhost: a\r\n\r\n')) },
])('RFC 9113 §3.4: $name is refused', ({ bytes: first }) => {
  for (const pieces of cuts(first)) {
    const server = new Recorder({ role: 'server' });
    for (const piece of pieces) server.connection.push(piece, 0, piece.length);
    expect(server.fault).toMatchObject({ by: 'peer', code: CODE.protocolError });
  }
});

test.each([
  { name: '§5.5: an unknown frame', bytes: frame(0xfa, 0xff, 1, [1, 2, 3]) },
  { name: '§6.5.2: an unknown setting', bytes: settingsFrame([[0x99, 7]]) },
  { name: '§5.3: a PRIORITY on an idle stream', bytes: frame(priority, 0, 9, [0, 0, 0, 3, 0]) },
  { name: '§6.9: a WINDOW_UPDATE on a closed stream', bytes: concat([headers(1, GET, true), frame(rstStream, 0, 1, uint32(8)), frame(windowUpdate, 0, 1, uint32(5))]) },
  { name: '§6.7: an answer to a PING that nobody sent', bytes: frame(ping, FLAG.ack, 0, bytes(8)) },
])('RFC 9113 $name does no harm', ({ bytes: harmless }) => {
  for (const pieces of cuts(concat([hello(), harmless, headers(11, GET, true)]))) {
    const server = new Recorder({ role: 'server' });
    for (const piece of pieces) server.connection.push(piece, 0, piece.length);
    expect(server.fault).toBeNull();
    expect(server.accepted.at(-1)?.heads).toEqual([GET]);
  }
});
