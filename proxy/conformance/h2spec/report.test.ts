import { expect, test } from 'vitest';
import { parseSpec, printSpec } from './report.ts';

const REPORT = `
Failures:

Hypertext Transfer Protocol Version 2 (HTTP/2)
  5. Streams and Multiplexing
    5.1. Stream States
      × 5: half closed (remote): Sends a DATA frame
        -> The endpoint MUST respond with a stream error of type STREAM_CLOSED.
           Expected: GOAWAY Frame (Error Code: STREAM_CLOSED)
                     Connection closed
             Actual: DATA Frame (length:5, flags:0x01, stream_id:1)

Finished in 0.2 seconds
146 tests, 144 passed, 1 skipped, 1 failed
`;

test('counts and failed cases are read from what h2spec prints, colours or not', () => {
  const coloured = REPORT.replace('×', '\u001b[31m×\u001b[0m').replace('146 tests', '\u001b[32m146 tests');
  for (const text of [REPORT, coloured]) {
    const { tests, passed, skipped, failed } = parseSpec(text);
    expect([tests, passed, skipped]).toEqual([146, 144, 1]);
    expect(failed).toEqual(['§5.1. Stream States: 5: half closed (remote): Sends a DATA frame | Expected: GOAWAY Frame (Error Code: STREAM_CLOSED) | Actual: DATA Frame (length:5, flags:0x01, stream_id:1)']);
  }
});

test('a run that broke off passed nothing', () => {
  const run = { way: 'plain', run: 1, seconds: 0, ...parseSpec('dial tcp: refused') } as const;
  expect(run.tests).toBe(0);
  expect(printSpec([run])).toMatch(/^✗ plain/);
});
