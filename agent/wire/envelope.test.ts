import { readdirSync, readFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { decodeMessage, encodeMessage, EnvelopeError } from './envelope.ts';
import { SAMPLES } from './samples.ts';
import { UPLINK_WIRE_VERSION } from './version.ts';

const GOLDEN = new URL('golden/', import.meta.url);
const kinds = Object.keys(SAMPLES) as (keyof typeof SAMPLES)[];

test.each(kinds)('the golden %s of each released version still decodes to the same message', (kind) => {
  for (let version = 1; version <= UPLINK_WIRE_VERSION; version++) {
    const golden = (ending: string): Buffer => readFileSync(new URL(`v${version}/${kind}.${ending}`, GOLDEN));
    expect(decodeMessage(golden('bin'))).toEqual(JSON.parse(golden('json').toString()));
  }
});

test.each(kinds)('a %s is written as the newest version’s golden message', (kind) => {
  const golden = JSON.parse(readFileSync(new URL(`v${UPLINK_WIRE_VERSION}/${kind}.json`, GOLDEN), 'utf8'));
  expect(decodeMessage(encodeMessage(SAMPLES[kind]))).toEqual(golden);
});

test('each version has golden messages of every kind and nothing else', () => {
  const files = kinds.flatMap((kind) => [`${kind}.bin`, `${kind}.json`]).sort();
  expect(readdirSync(new URL(`v${UPLINK_WIRE_VERSION}/`, GOLDEN)).sort()).toEqual(files);
});

test('a large message is compressed, a small one is not', () => {
  const large = { ...SAMPLES.frame, windows: Array(100).fill(SAMPLES.frame.windows[0]) };
  expect(encodeMessage(large).length).toBeLessThan(JSON.stringify(large).length / 10);
  expect(encodeMessage(SAMPLES.acknowledge)[1]).toBe(0);
});

test.each([
  { what: 'nothing', bytes: [] },
  { what: 'another envelope', bytes: [2, 0, 0x7b, 0x7d] },
  { what: 'an unknown coding', bytes: [1, 9, 0x7b, 0x7d] },
  { what: 'no JSON', bytes: [1, 0, 0x7b] },
  { what: 'no UTF-8', bytes: [1, 0, 0x22, 0xff, 0x22] },
  { what: 'no deflate', bytes: [1, 1, 0xff, 0xff] },
])('$what is refused as unreadable', ({ bytes }) => {
  expect(() => decodeMessage(Uint8Array.from(bytes))).toThrow(EnvelopeError);
});

test('a message that would inflate beyond the limit is refused before it has', () => {
  const bomb = Buffer.concat([Buffer.from([1, 1]), deflateRawSync(Buffer.alloc(65 * 1024 * 1024, 0x20))]);
  expect(bomb.length).toBeLessThan(100_000);
  expect(() => decodeMessage(bomb)).toThrow(EnvelopeError);
});

test('cut anywhere, a message is refused and never crashes its reader', () => {
  const bytes = encodeMessage(SAMPLES.frame);
  for (let cut = 0; cut < bytes.length; cut++) expect(() => decodeMessage(bytes.subarray(0, cut))).toThrow(EnvelopeError);
});
