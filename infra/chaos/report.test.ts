import { expect, test } from 'vitest';
import { reportJson, reportText, tableText } from './report.ts';
import { atLeast, none } from './scenario.ts';

const FACTS = { scenario: 'faults', seed: 7, seconds: 12.4, startedAt: '2026-11-22T10:00:00.000Z' };

test('names stand left and numbers right', () => {
  expect(tableText(['what', 'n'], [['a', 5], ['longer', 1234]])).toBe('what    n\na          5\nlonger  1234');
});

test('a missed bar is said in the text and in the JSON', () => {
  const report = { columns: [], rows: [], bars: [none('hung', 1), atLeast('kills', 3, 3)], facts: {} };
  expect(reportText(report, FACTS)).toContain('✗  hung');
  expect(reportText(report, FACTS)).toContain('seed 7, 12 s, 1 of 2 bars missed');
  expect(reportJson(report, FACTS)).toMatchObject({ met: false, seed: 7 });
  expect(reportJson({ ...report, bars: [atLeast('kills', 3, 3)] }, FACTS)).toMatchObject({ met: true });
});
