import { afterAll, beforeAll, expect, test } from 'vitest';
import { AGENT_CODES } from '../../agent/wire/codes.ts';
import { ANSWER_CODES, PROXY_CODES } from '../../proxy/wire/codes.ts';
import type { CodePage } from '../../proxy/wire/codes.ts';
import { FAULT_CODES } from '../../proxy/wire/mesh.ts';
import { testCloud } from '../testing.ts';
import type { TestCloud } from '../testing.ts';
import { API_CODES, LAUNCH_CODES } from '../wire/codes.ts';
import { ERROR_CODES } from '../wire/errors.ts';
import { BLAME_TEXT, CODE_SECTIONS } from './code-sections.ts';

const TABLES = { API_CODES, LAUNCH_CODES, AGENT_CODES, PROXY_CODES, ANSWER_CODES } as const;

let cloud: TestCloud;
beforeAll(async () => { cloud = await testCloud(); });
afterAll(() => cloud.stop());

test.each(Object.entries(TABLES))('every code of %s has a page that says what happened, whose fault it is and what to do', async (_, table: Readonly<Record<string, Pick<CodePage, 'happened' | 'blame' | 'remedy'>>>) => {
  for (const [code, page] of Object.entries(table)) {
    const response = await fetch(`${cloud.url}/docs/errors/${code}`);
    const text = unescaped(await response.text());
    expect([code, response.status, response.headers.get('content-type')]).toEqual([code, 200, expect.stringContaining('text/html')]);
    for (const part of [page.happened, BLAME_TEXT[page.blame], page.remedy]) expect(text, code).toContain(part);
  }
});

test('the tables of answers are complete', () => {
  expect(Object.keys(API_CODES).sort()).toEqual(Object.keys(ERROR_CODES).sort());
  expect(Object.keys(ANSWER_CODES).sort()).toEqual(Object.keys(FAULT_CODES).sort());
});

test('a code that several parts use has one page with a section for each', async () => {
  const text = await (await fetch(`${cloud.url}/docs/errors/token_invalid`)).text();
  expect(text.match(/<section>/g)).toHaveLength(2);
  expect(text).toContain('HTTP status 401');
});

test('all codes are listed and linked, and an unknown one is told as such, harmlessly', async () => {
  const list = await (await fetch(`${cloud.url}/docs/errors`)).text();
  for (const code of CODE_SECTIONS.keys()) expect(list).toContain(`href="/docs/errors/${code}"`);
  const unknown = await fetch(`${cloud.url}/docs/errors/${encodeURIComponent('<script>x')}`);
  expect(unknown.status).toBe(404);
  const text = await unknown.text();
  expect([text.includes('<script>'), text.includes('&lt;script&gt;x')]).toEqual([false, true]);
});

test('a problem of the API links to the page of its code', async () => {
  const { type } = (await (await fetch(`${cloud.url}/api/v1/nonsense`)).json()) as { type: string };
  const page = await fetch(new URL(type, cloud.url));
  expect([page.status, (await page.text()).includes('not_found')]).toEqual([200, true]);
});

function unescaped(html: string): string {
  return html.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
}
