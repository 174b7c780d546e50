import { expect, test } from 'vitest';
import { checkTidy } from './tidy.ts';

const faults = (path: string, text: string): readonly string[] => checkTidy([{ path, text }], []).faults;

test.each([
  ['web/ui/utils.ts', ''], ['cloud/index.ts', ''], ['agent/common/clock.ts', ''],
  ['proxy/balance/p2c.ts', 'const x = Math.random();'], ['proxy/telemetry/window.ts', 'const t = Date.now();'], ['agent/aggregate/merge.ts', 'const t = new Date();'],
  ['cloud/app.ts', 'const x = y as any;'], ['cloud/app.ts', 'function f(x: any) {}'], ['web/main.tsx', `// @ts-${'ignore'}\nx();`],
  ['cloud/app.test.ts', "test.skip('x', () => {});"], ['cloud/app.test.ts', "describe.only('x', () => {});"],
  ['cloud/app.ts', `// ${'TO'}DO later`], ['migrations/0001_x.sql', `-- ${'FIX'}ME`],
  ['cloud/app.ts', 'x\n'.repeat(601)],
])('%s with %j is refused', (path, text) => {
  expect(faults(path, text)).toHaveLength(1);
});

test.each([
  ['proxy/main.ts', 'const t = Date.now();'], ['proxy/balance/p2c.test.ts', 'const t = Date.now();'], ['infra/serve.ts', 'const t = Date.now();'],
  ['proxy/policy/authorize.ts', "// Date.now is not used\nconst text = 'Math.random';"],
  ['cloud/app.ts', "const text = 'as any port'; // : any"], ['cloud/app.ts', 'x\n'.repeat(599)],
])('%s with %j passes', (path, text) => {
  expect(faults(path, text)).toEqual([]);
});

test('strangers at the top level are named, dot-files are not', () => {
  expect(checkTidy([], ['cloud', '.ci', 'notes.md', 'README.md']).faults).toEqual(["notes.md stands at the top level; the README's map has the place for it"]);
});
