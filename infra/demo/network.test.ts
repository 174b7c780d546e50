import { expect, test } from 'vitest';
import { freeNumber, networkLine, networkPrefix, openDemoNetwork } from './network.ts';

const ROUTES = 'default via 192.0.2.1 dev eth0\n198.18.0.0/24 via 198.18.0.253 dev sldx\nlocal 198.18.0.254 dev sldx table local\n198.18.2.0/24 via 198.18.2.253 dev other\n';

test.each([
  ['', 0, 0], [ROUTES, 0, 1], [ROUTES, 1, 1], [ROUTES, 2, 3], ['198.18.10.0/24 dev x\n', 1, 1],
])('with the routes %j the first free network from %i on is %i', (routes, from, number) => {
  expect(freeNumber(routes, from)).toBe(number);
});

test.each(['198.18.0.0/15 dev utun3\n', 'default via 10.0.0.1\n198.18.0.0/16 dev tun0 scope link\n', '198.19.0.0/16 via 10.0.0.9\n'])('who uses the benchmark range itself keeps it: %j', (routes) => {
  expect(() => freeNumber(routes, 0)).toThrow('198.18.0.0/15');
});

test('names of one data folder are its own, stay the same, and fit an interface', () => {
  expect(networkPrefix('/a')).toBe(networkPrefix('/a'));
  expect(networkPrefix('/a')).not.toBe(networkPrefix('/b'));
  expect(`${networkPrefix('/a')}m0`.length).toBeLessThanOrEqual(15);
});

test('explicit listeners are used where they are asked for, and the reason is told', async () => {
  const network = await openDemoNetwork('/nowhere', [], 'explicit');
  expect(network).toEqual({ kind: 'explicit', reason: 'SIDELIGHT_DEMO_NETWORK=explicit' });
  expect(networkLine(network)).toBe('network: explicit listeners on loopback (SIDELIGHT_DEMO_NETWORK=explicit)');
});
