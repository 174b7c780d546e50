import { expect, test } from 'vitest';
import { reachOf } from './tables.ts';

const LOOPBACK = '00000000000000000000000000000001 01 80 10 80       lo\n';
const LINK = 'fe800000000000000000000000000001 02 40 20 80     eth0\n';
const GLOBAL = 'fd000001000000000000000000000002 02 40 00 80     eth0\n';

test.each([
  ['nothing', '', 'none'], ['loopback', LOOPBACK, 'local'], ['loopback and the link', LOOPBACK + LINK, 'local'], ['an address of its own', LOOPBACK + LINK + GLOBAL, 'global'],
])('a namespace with %s reaches what it reaches', (_, interfaces, reach) => {
  expect(reachOf(interfaces)).toBe(reach);
});
