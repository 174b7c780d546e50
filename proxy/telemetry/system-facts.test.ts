import { expect, test } from 'vitest';
import { parseSystemFacts, readSystemFacts } from './system-facts.ts';

/** proc(5): the command may hold spaces and parentheses. */
const STAT = '4242 (sidelight) proxy) S 1 4242 4242 0 -1 4194304 100 0 0 0 50 20 0 0 20 0 9 0 12345 987654321 1500 18446744073709551615';
const LIMITS = 'Limit                     Soft Limit           Hard Limit           Units     \nMax open files            20000                20000                files     \n';
const NETWORK = 'Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets\n    lo:  100 1 0 0 0 0 0 0 200 1 0 0 0 0 0 0\n  eth0:1000 1 0 0 0 0 0 0 3000 1 0 0 0 0 0 0\n';

test('what Linux tells is read from its own texts', () => {
  expect(parseSystemFacts(STAT, LIMITS, 17, NETWORK)).toEqual({ openDescriptors: 17, maxDescriptors: 20_000, threads: 9, virtualBytes: 987_654_321, receivedBytes: 1_100, sentBytes: 3_200 });
});

test('of this very process it is true', async () => {
  const facts = await readSystemFacts();
  if (process.platform !== 'linux') return expect(facts).toBeNull();
  expect(facts?.threads).toBeGreaterThan(1);
  expect(facts?.openDescriptors).toBeGreaterThan(2);
  expect(facts?.virtualBytes).toBeGreaterThan(process.memoryUsage.rss());
});
