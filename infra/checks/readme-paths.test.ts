import { expect, test } from 'vitest';
import { citations, expandBraces, isOurPath } from './readme-paths.ts';

test('links, pictures and words in backticks are read; fenced blocks, addresses and commands are not', () => {
  const text = '[a](docs/a.md#b) ![p](pic.png) [w](https://x.org) <img alt="" src="web/p.png">\n`proxy/main.ts` `npm test` `GET /x`\n```\n`proxy/gone.ts`\n```\n`cloud/{a,b}.ts` `text/plain`';
  expect(citations(text).map((found) => found.path)).toEqual(['docs/a.md', 'pic.png', 'web/p.png', 'proxy/main.ts', 'cloud/{a,b}.ts', 'text/plain']);
});

test('a word in backticks is a path when it begins with a folder of ours; a link always is', () => {
  const top = new Set(['proxy', 'cloud']);
  const ours = (path: string, kind: 'link' | 'code'): boolean => isOurPath({ line: 1, path, kind }, top);
  expect([ours('proxy/x.ts', 'code'), ours('text/plain', 'code'), ours('proxy', 'code'), ours('x.md', 'link')]).toEqual([true, false, false, true]);
});

test('braces stand for each of their parts', () => {
  expect(expandBraces('a/{b,c}/{d,e}.ts')).toEqual(['a/b/d.ts', 'a/b/e.ts', 'a/c/d.ts', 'a/c/e.ts']);
});
