import { expect, test } from 'vitest';
import { checkCodes } from './codes.ts';
import { readSources } from './tree.ts';

test('every code that a program says has its page, and every page a program that says it', async () => {
  expect(checkCodes(await readSources()).faults).toEqual([]);
});

test.each([
  { path: 'agent/x.ts', text: `throw new AgentFault('moon_missing', 'no moon', 'wait')` },
  { path: 'agent/x.ts', text: `log('warn', 'no moon', { code: 'moon_missing' })` },
  { path: 'proxy/x.ts', text: `throw new StartFault('moon_missing', 'no moon', cause)` },
  { path: 'cloud/x.ts', text: 'process.stderr.write(`error [moon_missing] no moon`)' },
  { path: 'infra/x.ts', text: `throw new Fault(\n  'moon_missing',\n  'no moon', 'wait')` },
])('a code without a page is found: $path $text', ({ path, text }) => {
  expect(checkCodes([{ path, text }]).faults[0]).toContain('says "moon_missing"');
});

test('a page that nothing leads to is found', () => {
  expect(checkCodes([{ path: 'agent/x.ts', text: '' }]).faults.some((fault) => fault.includes('"spool_unusable"'))).toBe(true);
});
