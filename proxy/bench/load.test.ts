import { expect, test } from 'vitest';
import { parseWrk } from './load.ts';

const OUTPUT = `Running 1s test @ http://127.0.0.1:1/bench
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.10ms    2.01ms  40.17ms   95.20%
    Req/Sec    41.01k     2.13k   43.96k    80.00%
  Latency Distribution
     50%  712.00us
     75%    1.02ms
     90%    1.62ms
     99%   11.45ms
  40874 requests in 1.00s, 44.21MB read
Requests/sec:  40801.12
`;

test('what wrk prints is read with its units', () => {
  expect(parseWrk(OUTPUT, 1)).toEqual({ requests: 40_874, requestsPerSecond: 40_874, p50Us: 712, p99Us: 11_450, failures: 0 });
});

test('socket errors and answers other than 200 are failures', () => {
  const errors = `${OUTPUT}  Socket errors: connect 1, read 2, write 3, timeout 4\n  Non-2xx or 3xx responses: 100\n`;
  expect(parseWrk(errors, 1).failures).toBe(110);
});
