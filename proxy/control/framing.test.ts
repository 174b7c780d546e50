import { expect, test } from 'vitest';
import { FRAME_BYTES_MAX } from '../wire/orders.ts';
import { seededRandom } from '../test/random.ts';
import { encodeFrame, FrameReader, FrameTooLong } from './framing.ts';

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function read(pieces: readonly Uint8Array[]): string[] {
  const frames: string[] = [];
  const reader = new FrameReader((json) => frames.push(json));
  for (const piece of pieces) {
    // The runtime may reuse the buffer that it hands out.
    const reused = piece.slice();
    reader.push(reused);
    reused.fill(0xff);
  }
  return frames;
}

const MESSAGES = ['{}', '', '{"kind":"tick"}', `{"text":"${'ä€😀'.repeat(100)}"}`];

test('a frame is a big-endian length and the bytes of UTF-8', () => {
  expect([...encodeFrame('{"a":"ä"}')]).toEqual([0, 0, 0, 10, ...new TextEncoder().encode('{"a":"ä"}')]);
});

test('frames are read whole, byte by byte, and cut at every place', () => {
  const bytes = joined(MESSAGES.map(encodeFrame));
  expect(read([bytes])).toEqual(MESSAGES);
  expect(read([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(MESSAGES);
  for (let cut = 0; cut <= bytes.length; cut++) expect(read([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(MESSAGES);
});

test('frames are read from random pieces', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed);
    const messages = Array.from({ length: 20 }, () => 'x'.repeat(Math.floor(random() ** 4 * 20_000)));
    const bytes = joined(messages.map(encodeFrame));
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + Math.floor(random() * 5_000);
      pieces.push(bytes.subarray(at, end));
      at = end;
    }
    expect(read(pieces)).toEqual(messages);
  }
});

test('nothing is given out before the last byte', () => {
  const bytes = encodeFrame('{"kind":"welcome"}');
  expect(read([bytes.subarray(0, -1)])).toEqual([]);
});

test('a longer frame than agreed is refused from its length alone', () => {
  const header = new Uint8Array(4);
  new DataView(header.buffer).setUint32(0, FRAME_BYTES_MAX + 1);
  expect(() => read([header])).toThrow(FrameTooLong);
  expect(() => encodeFrame('x'.repeat(FRAME_BYTES_MAX + 1))).toThrow(FrameTooLong);
  expect(read([encodeFrame('x'.repeat(FRAME_BYTES_MAX))])[0]?.length).toBe(FRAME_BYTES_MAX);
});
