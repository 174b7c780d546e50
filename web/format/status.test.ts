import { expect, test } from 'vitest';
import { HealthStatus } from '../../cloud/wire/entities.ts';
import { overallStatus, STATUS_LOOKS, statusOfRate, troubleRank } from './status.ts';

test('each state has its own shape, word and rank', () => {
  const looks = HealthStatus.options.map((status) => STATUS_LOOKS[status]);
  for (const key of ['glyph', 'word', 'rank'] as const) expect(new Set(looks.map((look) => look[key])).size).toBe(looks.length);
});

test.each([[null, 'nodata'], [1, 'ok'], [0.99, 'ok'], [0.9899, 'degraded'], [0.9, 'degraded'], [0.8999, 'failing'], [0, 'failing']] as const)('a success rate of %s is %s', (rate, status) => {
  expect(statusOfRate(rate)).toBe(status);
});

test.each([
  [['ok', 'nodata', 'failing'], 'failing'], [['ok', 'degraded', 'stale'], 'degraded'], [['ok', 'stale'], 'stale'], [['nodata', 'ok'], 'ok'], [['nodata'], 'nodata'], [[], 'nodata'],
] as const)('%o together are %s', (statuses, overall) => {
  expect(overallStatus(statuses)).toBe(overall);
});

test('trouble ranks first, and every status has its own place', () => {
  expect(HealthStatus.options.toSorted((a, b) => troubleRank(a) - troubleRank(b))).toEqual(['failing', 'degraded', 'stale', 'ok', 'nodata']);
});
