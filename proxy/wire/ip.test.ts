import { SocketAddress } from 'node:net';
import { expect, test } from 'vitest';
import { canonicalIp, formatIp, isLoopbackIp, parseIp } from './ip.ts';

test.each([
  ['10.0.0.7', '10.0.0.7'], ['0.0.0.0', '0.0.0.0'], ['::', '::'], ['::1', '::1'], ['FD00::0007', 'fd00::7'],
  ['fd00:0:0:0:0:0:0:7', 'fd00::7'], ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'], ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['1::', '1::'], ['::ffff:10.0.0.7', '10.0.0.7'], ['::ffff:a00:7', '10.0.0.7'], ['64:ff9b::10.0.0.7', '64:ff9b::a00:7'],
])('RFC 5952: %s is written %s', (text, canonical) => {
  expect(canonicalIp(text)).toBe(canonical);
});

test.each(['', '10.0.0', '10.0.0.256', '10.0.0.1.1', ':', ':::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7::8:9', '12345::', 'g::', '10.0.0.1:80', 'fe80::1%eth0', '1.2.3.4::'])('%j is no address', (text) => {
  expect(parseIp(text)).toBeNull();
});

test('any bytes are written as the runtime writes them', () => {
  let seed = 7;
  const next = (): number => (seed = (seed * 48_271) % 2_147_483_647);
  for (let round = 0; round < 2_000; round++) {
    const bytes = Array.from({ length: 16 }, () => (next() % 3 === 0 ? next() % 256 : 0));
    bytes[0] = 32;
    const text = formatIp(bytes);
    expect(new SocketAddress({ address: text, family: 'ipv6' }).address).toBe(text);
    expect(parseIp(text)).toEqual(bytes);
  }
});

test('loopback is told from the rest', () => {
  expect(['127.0.0.1', '127.9.0.1', '::1', '0:0::1', '::ffff:127.0.0.1'].every(isLoopbackIp)).toBe(true);
  expect(['10.0.0.1', '::', '::2', 'x'].some(isLoopbackIp)).toBe(false);
});
