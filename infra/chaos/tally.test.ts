import { expect, test } from 'vitest';
import { makeCounters } from '../../agent/aggregate/testing.ts';
import { Tally } from './tally.ts';

function tally(...rows: readonly (readonly [row: string, startMs: number, requests: number, latencyUs: number])[]): Tally {
  const made = new Tally();
  for (const [row, startMs, requests, latencyUs] of rows) made.add(row, startMs, makeCounters({ requests }, [latencyUs]));
  return made;
}

test('equal numbers are equal whatever the order and the pieces in which they came', () => {
  const whole = tally(['a', 0, 3, 100], ['b', 0, 1, 100], ['a', 0, 4, 900]);
  const other = tally(['a', 0, 4, 900], ['a', 0, 3, 100], ['b', 0, 1, 100]);
  expect(whole.differences(other)).toEqual([]);
  expect([whole.rows, whole.total('requests')]).toEqual([2, 8]);
});

test.each([
  { what: 'a row that is missing', other: tally(['a', 0, 3, 100]), says: /only in the first/ },
  { what: 'a request too many', other: tally(['a', 0, 4, 100], ['b', 0, 1, 100]), says: /requests 3 and 4/ },
  { what: 'the wrong time', other: tally(['a', 10, 3, 100], ['b', 0, 1, 100]), says: /only in/ },
  { what: 'a latency in another bucket', other: tally(['a', 0, 3, 200], ['b', 0, 1, 100]), says: /bucket \d+ has/ },
])('$what is seen', ({ other, says }) => {
  const differences = tally(['a', 0, 3, 100], ['b', 0, 1, 100]).differences(other);
  expect(differences.length).toBeGreaterThan(0);
  expect(differences[0]).toMatch(says);
});

test('folding keeps every number', () => {
  const fine = tally(['a', 59_500, 3, 100], ['a', 60_000, 1, 100], ['a', 119_500, 2, 100]);
  expect(fine.folded(60_000).differences(tally(['a', 0, 3, 100], ['a', 60_000, 1, 100], ['a', 60_000, 2, 100]))).toEqual([]);
  expect(fine.only((row) => row !== 'a').rows).toBe(0);
});
