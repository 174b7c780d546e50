import { expect, test } from 'vitest';
import { matchScore } from './match.ts';

test.each([
  [['ledger', 'eu-west · bank'], 'ledger', 4],
  [['ledger-db', 'eu-west · bank'], 'Ledg', 3],
  [['the-ledger', 'bank'], 'ledg', 2],
  [['mailer', 'ledger-team'], 'ledg', 1],
  [['mailer', 'edge-lab · ops'], 'ledg', 0],
  [['ledger', 'eu-west · bank'], 'ledger eu', 4],
  [['ledger', 'us-east · bank'], 'ledger eu', 0],
  [['anything'], '', 3],
] as const)('%o for “%s” scores %s', (thing, typed, score) => {
  expect(matchScore(thing, typed)).toBe(score);
});
