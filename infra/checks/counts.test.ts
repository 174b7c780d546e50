import { expect, test } from 'vitest';
import { countTests } from './counts.ts';

const file = (status: string, ...tests: string[]): object => ({ status, assertionResults: tests.map((each) => ({ status: each })) });

test.each([
  ['all pass', [file('passed', 'passed', 'passed')], 0, { passed: 2, failed: 0, skipped: 0 }],
  ['one fails', [file('failed', 'passed', 'failed'), file('passed', 'passed')], 1, { passed: 2, failed: 1, skipped: 0 }],
  ['a file does not load', [file('failed'), file('passed', 'passed')], 1, { passed: 1, failed: 1, skipped: 0 }],
  ['a hook fails after its tests passed', [file('failed', 'passed')], 1, { passed: 1, failed: 1, skipped: 0 }],
  ['skipped tests are told apart', [file('passed', 'passed', 'pending', 'skipped', 'todo')], 0, { passed: 1, failed: 0, skipped: 3 }],
  ['an unhandled error outside of every test', [file('passed', 'passed')], 1, { passed: 1, failed: 1, skipped: 0 }],
  ['no test at all', [], 0, { passed: 0, failed: 1, skipped: 0 }],
  ['killed by a signal', [file('passed', 'passed')], null, { passed: 1, failed: 1, skipped: 0 }],
] as const)('%s', (_, testResults, exitCode, counts) => {
  expect(countTests({ testResults }, exitCode)).toEqual({ ...counts, needs: new Map() });
});

test('no report is a failure', () => {
  expect(countTests(undefined, 0)).toEqual({ passed: 0, failed: 1, skipped: 0, needs: new Map() });
});

test('tests that the machine can’t run are counted by what they need, and apart from those that somebody left out', () => {
  const titled = (status: string, title: string): object => ({ status, title });
  const testResults = [{ status: 'passed', assertionResults: [titled('passed', 'a'), titled('skipped', 'needs [root] b'), titled('pending', 'needs [root] c'), titled('skipped', 'needs rest'), titled('passed', 'needs [root] d')] }];
  expect(countTests({ testResults }, 0)).toEqual({ passed: 2, failed: 0, skipped: 1, needs: new Map([['root', 2]]) });
});
