import { expect, test } from 'vitest';
import { previewStepSeconds } from './preview-step.ts';

test.each([[3600, 300, 10], [3600, 60, 10], [86_400, 300, 60], [86_400, 3600, 360], [21_600, 600, 60]])('%s s with a rule over %s s has points of %s s', (range, rule, step) => {
  expect(previewStepSeconds(range, rule)).toBe(step);
});

test('a window is always a whole number of points', () => {
  for (const rule of [60, 300, 600, 1800, 3600, 21_600, 86_400]) for (const range of [300, 3600, 86_400, 604_800]) expect(rule % previewStepSeconds(range, rule)).toBe(0);
});
