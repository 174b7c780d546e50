import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { API_RATE } from './api/rate-limit.ts';
import { settingsTable } from './config.ts';

const README = readFileSync(new URL('README.md', import.meta.url), 'utf8');

test('the README has the settings as the code reads them', () => {
  expect(README).toContain(settingsTable());
});

test('the README tells the rate limit that is in force', () => {
  expect(README).toContain(`${API_RATE.burst} calls at once and ${API_RATE.perSecond} a second`);
});
