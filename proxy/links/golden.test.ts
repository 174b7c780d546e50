import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { connectFields } from './connect.ts';
import { LinkPair, OpenedStream } from './testing.ts';

const golden = (name: string): Uint8Array => new Uint8Array(Buffer.from(readFileSync(`${import.meta.dirname}/../wire/golden/mesh-2/${name}.hex`, 'latin1').replaceAll('\n', ''), 'hex'));
const CONNECT = connectFields({ target: '10.0.0.7:8080', service: 'shop/cart', workload: 'shop/host/web', protocol: 'http1' });
/** A frame header and four settings. */
const SETTINGS_BYTES = 9 + 24;

const pair = new LinkPair();
afterEach(() => pair.stop());

test('mesh hop version 2: what a released caller sends is still taken', () => {
  pair.serverEnd.events.received(golden('caller'));
  pair.sockets.turn.end();
  const [accepted] = pair.serverOwner.accepted;
  if (accepted === undefined) throw new Error('no stream came');
  expect(pair.server.peerVersion).toBe(2);
  expect(accepted.fields).toEqual([
    [':method', 'CONNECT'], [':authority', '10.0.0.7:8080'], ['sidelight-service', 'shop/cart'], ['sidelight-workload', 'shop/host/web'], ['sidelight-protocol', 'http1'],
  ]);
  expect(accepted.received).toBe('GET /items/5 HTTP/1.1\r\nhost: cart\r\n\r\n');
  expect(accepted.stream.peerEnded).toBe(true);
});

test('mesh hop version 2: what a released callee sends is still taken', () => {
  const fresh = new LinkPair();
  fresh.sockets.turn.end();
  const bytes = golden('callee');
  fresh.clientEnd.events.received(bytes.slice(0, SETTINGS_BYTES));
  const opened = new OpenedStream();
  expect(fresh.client.open(CONNECT, false, opened)).not.toBeNull();
  fresh.clientEnd.events.received(bytes.slice(SETTINGS_BYTES));
  expect(opened.status).toBe(200);
  expect(opened.received).toBe('HTTP/1.1 200 OK\r\ncontent-length: 18\r\n\r\nanswer to /items/5');
  expect(fresh.clientOwner.told).toContain('retiring');
  fresh.stop();
});
