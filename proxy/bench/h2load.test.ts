import { expect, test } from 'vitest';
import { parseH2load } from './h2load.ts';

const OUT = `
finished in 4.00s, 12345.25 req/s, 13.37MB/s
requests: 49381 total, 49509 started, 49381 done, 49379 succeeded, 1 failed, 1 errored, 0 timeout
status codes: 49380 2xx, 1 3xx, 0 4xx, 0 5xx
`;

test('requests that ended well, their rate and the others are read from what h2load prints', () => {
  expect(parseH2load(OUT)).toEqual({ requests: 49_379, requestsPerSecond: 12_345.25, failures: 2 });
});

test('a load that did nothing has failed', () => {
  expect(parseH2load('finished in 4.00s, 0.00 req/s, 0B/s\nrequests: 0 total, 0 started, 0 done, 0 succeeded, 0 failed, 0 errored, 0 timeout').failures).toBe(1);
  expect(() => parseH2load('could not connect')).toThrow('no result');
});
