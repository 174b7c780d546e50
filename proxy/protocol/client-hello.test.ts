import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readClientHello } from './client-hello.ts';

/** First flights of real clients to `shop.example.org`, base64. */
const CAPTURES = JSON.parse(readFileSync(new URL('./captures/client-hellos.json', import.meta.url), 'utf8')) as Record<string, string>;
const clients = Object.entries(CAPTURES).map(([client, base64]) => [client, new Uint8Array(Buffer.from(base64, 'base64'))] as const);

const read = (bytes: Uint8Array) => readClientHello(bytes, 0, bytes.length);

/** The same handshake message in records of at most `size` bytes. */
function inRecords(bytes: Uint8Array, size: number): Uint8Array {
  const message = Buffer.from(bytes.subarray(5));
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  return new Uint8Array(Buffer.concat(records));
}

test.each(clients)('the hello of %s names its server in lower case', (_, bytes) => {
  expect(read(bytes)).toEqual({ kind: 'hello', serverName: 'shop.example.org' });
});

test.each(clients)('the hello of %s, cut anywhere, waits for the rest', (_, bytes) => {
  for (let length = 0; length < bytes.length; length++) expect(readClientHello(bytes, 0, length)).toEqual({ kind: 'more' });
});

test.each(clients)('the hello of %s in many records is read as one', (_, bytes) => {
  for (const size of [1, 37, 200]) {
    const spread = inRecords(bytes, size);
    expect(read(spread)).toEqual({ kind: 'hello', serverName: 'shop.example.org' });
    expect(readClientHello(spread, 0, spread.length - 1)).toEqual({ kind: 'more' });
  }
});

test.each(clients)('what stands behind the hello of %s changes nothing, nor where it stands', (_, bytes) => {
  const more = new Uint8Array([...[1, 2, 3], ...bytes, ...[23, 3, 3, 0, 1, 0]]);
  expect(readClientHello(more, 3, more.length)).toEqual({ kind: 'hello', serverName: 'shop.example.org' });
});

test('no byte of a hello that is changed makes the reader throw or say a name that is none', () => {
  for (const [, bytes] of clients) {
    for (let at = 0; at < bytes.length; at++) {
      for (const value of [0, 0x2a, 0xff]) {
        const reading = read(bytes.map((byte, index) => (index === at ? value : byte)));
        if (reading.kind === 'hello' && reading.serverName !== null) expect(reading.serverName).toMatch(/^[a-z0-9._-]{1,253}$/);
      }
    }
  }
});

test.each([
  ['a server’s hello', [22, 3, 3, 0, 4, 2, 0, 0, 0]],
  ['application data', [23, 3, 3, 0, 1]],
  ['a version that is not 3.x', [22, 2, 0]],
  ['an empty record', [22, 3, 1, 0, 0]],
  ['a record longer than any', [22, 3, 1, 0x40, 0x01]],
  ['a hello whose session runs over its end', [22, 3, 1, 0, 42, 1, 0, 0, 38, 3, 3, ...new Array<number>(32).fill(0), 200, 0, 0, 0]],
])('%s is no ClientHello', (_, bytes) => {
  expect(read(Uint8Array.from(bytes))).toEqual({ kind: 'other' });
});

test('a hello without extensions is one without a name', () => {
  const body = [3, 3, ...new Array<number>(32).fill(7), 0, 0, 2, 0x13, 0x01, 1, 0];
  expect(read(Uint8Array.from([22, 3, 1, 0, body.length + 4, 1, 0, 0, body.length, ...body]))).toEqual({ kind: 'hello', serverName: null });
});

test('a hello that announces more than anyone sends is passed on without a name', () => {
  expect(read(Uint8Array.from([22, 3, 1, 0x40, 0, 1, 0x10, 0, 0]))).toEqual({ kind: 'hello', serverName: null });
});
