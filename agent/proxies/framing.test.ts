import { expect, test } from 'vitest';
import { encodeFrame, FrameReader } from './framing.ts';
import { readToControl } from './messages.ts';

const messages = [1, 2, 3].map((sequence) => ({ kind: 'acknowledge', sequence }) as const);
const stream = Buffer.concat(messages.map(encodeFrame));

const read = (chunks: readonly Buffer[]): unknown[] => {
  const reader = new FrameReader();
  return chunks.flatMap((chunk) => reader.push(chunk, 1024)).map((event) => (event.kind === 'frame' ? JSON.parse(event.bytes.toString()) : event));
};

test('frames come out whole, byte by byte, and cut at every place', () => {
  expect(read([stream])).toEqual(messages);
  expect(read([...stream].map((byte) => Buffer.from([byte])))).toEqual(messages);
  for (let cut = 0; cut <= stream.length; cut++) expect(read([stream.subarray(0, cut), stream.subarray(cut)])).toEqual(messages);
});

test('a frame that is too long is known from its length, before its bytes come', () => {
  expect(read([Buffer.from([0, 0, 4, 1])])).toEqual([{ kind: 'too_long', length: 1025 }]);
});

const counters = { requests: 1, failuresApp: 0, failuresMesh: 0, failuresClient: 0, retries: 0, bytesIn: 0, bytesOut: 0, latency: [1], durationSumUs: 0, appSumUs: 0, queueSumUs: 0 };
const edge = { direction: 'outbound', source: 'a', service: 'b', destination: 'c', protocol: 'http1', tls: 'mtls', ...counters };
const windowWith = (over: object): Uint8Array =>
  Buffer.from(JSON.stringify({ kind: 'window', window: { instance: '00000000000000aa', sequence: 1, tick: 1, edges: [{ ...edge, ...over }], routes: [], dropped: { windows: 0, folded: 0 } } }));

test('a window with fields of a newer proxy is read without them', () => {
  const result = readToControl(windowWith({ colour: 'green' }));
  expect(result.kind === 'message' && result.message.kind === 'window' && result.message.window.edges).toEqual([edge]);
});

test('names that no database takes are made harmless', () => {
  const result = readToControl(windowWith({ service: 'a\u0000b\ud800c\n' }));
  const window = result.kind === 'message' && result.message.kind === 'window' ? result.message.window : null;
  expect(window?.edges[0]?.service).toBe('a?b\ufffdc?');
});

test('a tick beyond all time is not taken', () => {
  expect(readToControl(Buffer.from(windowWith({}).toString().replace('"tick":1', '"tick":9007199254740991'))).kind).toBe('invalid');
});

test.each([
  { what: 'a negative count', over: { requests: -1 } },
  { what: 'a fraction', over: { bytesIn: 0.5 } },
  { what: 'a huge number', over: { bytesIn: 1e300 } },
  { what: 'no number', over: { retries: null } },
  { what: 'an unknown direction', over: { direction: 'sideways' } },
  { what: 'another histogram layout', over: { latency: [2] } },
  { what: 'half a histogram', over: { latency: [1, 3] } },
  { what: 'a bucket out of range', over: { latency: [1, 257, 1] } },
  { what: 'an endless name', over: { source: 'x'.repeat(513) } },
])('a window with $what is not taken', ({ over }) => {
  expect(readToControl(windowWith(over)).kind).toBe('invalid');
});
