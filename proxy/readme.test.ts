import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { REQUESTS } from './conformance/strict/corpus/requests.ts';
import { RESPONSES } from './conformance/strict/corpus/responses.ts';
import { settingsTable } from './config.ts';
import { parseStatic } from './static/config.ts';

const README = readFileSync(new URL('README.md', import.meta.url), 'utf8');

test('the README has the settings as the code reads them', () => {
  expect(README).toContain(settingsTable());
});

test("the README's static configuration is a valid one", () => {
  const example = /```json\n([^]*?)```/.exec(README)?.[1] ?? '';
  expect(parseStatic(example)).toMatchObject({ kind: 'config', config: { workload: 'shop/host/web' } });
});

test('the README tells the size of the corpus', () => {
  expect(README).toContain(`a corpus of ${REQUESTS.length} requests (each whole and in two pieces) and ${RESPONSES.length} responses`);
});
