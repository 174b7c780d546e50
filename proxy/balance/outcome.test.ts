import { expect, test } from 'vitest';
import { outcomeOf } from './outcome.ts';

test.each([
  [200, null, null, 'success'],
  [404, null, null, 'success'],
  [429, null, null, 'success'],
  [500, 'app', null, 'failure'],
  [503, 'mesh', null, 'failure'],
  [403, 'mesh', null, 'success'],
  [200, 'app', null, 'failure'],
  [499, 'client', null, 'neutral'],
  [0, null, null, 'neutral'],
  [0, 'mesh', null, 'failure'],
  [200, null, 0, 'success'],
  [200, 'app', 5, 'success'],
  [200, 'app', 4, 'failure'],
  [200, 'app', 13, 'failure'],
  [200, 'app', 14, 'failure'],
  [200, 'app', 15, 'failure'],
  [200, 'client', 1, 'neutral'],
] as const)('status %s, fault %s, gRPC status %s is a %s for the breaker', (status, fault, grpc, outcome) => {
  expect(outcomeOf(status, fault, grpc)).toBe(outcome);
});
