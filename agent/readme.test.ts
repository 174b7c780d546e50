import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { OPTIONS } from './config.ts';
import { INIT_OPTIONS, INIT_SWITCHES } from './redirect/options.ts';

const README = readFileSync(new URL('README.md', import.meta.url), 'utf8');

test('the README has the options as the code reads them', () => {
  const rows = Object.entries(OPTIONS).map(([name, { value, help, fallback }]) => {
    const shown = fallback === null ? 'must be given' : fallback === '' ? 'none' : `\`${fallback}\``;
    return `| \`--${name} ${value}\` | ${shown} | ${help} |`;
  });
  expect(README).toContain(`|---|---|---|\n${rows.join('\n')}\n`);
});

test('the README has the options of init as the code reads them', () => {
  const rows = Object.entries(INIT_OPTIONS).map(([name, { value, help, fallback }]) => `| \`--${name} ${value}\` | ${fallback === '' ? 'none' : `\`${fallback}\``} | ${help} |`);
  const switches = Object.entries(INIT_SWITCHES).map(([name, help]) => `| \`--${name}\` | | ${help} |`);
  expect(README).toContain(`|---|---|---|\n${[...rows, ...switches].join('\n')}\n`);
});
