/** Every path that a README cites exists. */
import { access, readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ROOT } from '../root.ts';
import type { CheckResult } from './tree.ts';

/** Made by a build or at run time, so absent in a fresh clone. */
const GENERATED = /^(build|node_modules|web\/dist|\.sidelight)(\/|$)/;
const SKIPPED = new Set(['node_modules', 'build', 'dist', '.git', '.sidelight']);

export interface Citation {
  readonly line: number;
  readonly path: string;
  /** A link must lead somewhere; a word in backticks counts as a path only when it looks like one of ours. */
  readonly kind: 'link' | 'code';
}

/** Links and words in backticks that can be paths, outside of fenced blocks. */
export function citations(markdown: string): Citation[] {
  let fenced = false;
  return markdown.split('\n').flatMap((text, index): Citation[] => {
    if (/^\s*```/.test(text)) fenced = !fenced;
    if (fenced) return [];
    const links = [...text.matchAll(/\]\(([^)\s]+)\)|<img[^>]*\ssrc="([^"]+)"/g)].map((match): Citation => ({ line: index + 1, path: (match[1] ?? match[2] ?? '').split('#')[0] ?? '', kind: 'link' }));
    const code = [...text.matchAll(/`([^`]+)`/g)].map((match): Citation => ({ line: index + 1, path: match[1] ?? '', kind: 'code' }));
    return [...links.filter((link) => link.path !== '' && !/^[a-z]+:/.test(link.path)), ...code.filter((word) => /^[\w@.-]+(\/[\w@.*{},-]+)*\/?$/.test(word.path))];
  });
}

/** `topLevel`: names at the top of the checkout; a word in backticks is a path when it begins with one of these folders. */
export function isOurPath({ path, kind }: Citation, topLevel: ReadonlySet<string>): boolean {
  if (kind === 'link') return true;
  return path.includes('/') && topLevel.has(path.split('/')[0] ?? '');
}

export async function checkReadmePaths(): Promise<CheckResult> {
  const topLevel = new Set(await readdir(ROOT));
  const readmes = await findReadmes(ROOT);
  const faults = await Promise.all(readmes.map(async (readme) => {
    const cited = citations(await readFile(readme, 'utf8')).filter((citation) => isOurPath(citation, topLevel) && !GENERATED.test(citation.path));
    const missing = await Promise.all(cited.map(async (citation) => ((await exists(readme, citation)) ? [] : [`${readme.slice(ROOT.length)}:${citation.line} cites ${citation.path}, which is not there`])));
    return missing.flat();
  }));
  return { name: 'readme paths', faults: faults.flat() };
}

async function findReadmes(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found = await Promise.all(entries.map((entry) => {
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : findReadmes(join(folder, entry.name));
    return entry.name === 'README.md' ? [join(folder, entry.name)] : [];
  }));
  return found.flat();
}

async function exists(readme: string, { path }: Citation): Promise<boolean> {
  const tries = expandBraces(path).map(async (one) => {
    // A star stands for any name: its folder must exist.
    const concrete = one.split('/*')[0] ?? one;
    const places = [join(ROOT, concrete), join(dirname(readme), concrete)];
    return (await Promise.all(places.map((place) => access(place).then(() => true, () => false)))).includes(true);
  });
  return (await Promise.all(tries)).every(Boolean);
}

/** `a/{b,c}.ts` → `a/b.ts`, `a/c.ts`. */
export function expandBraces(path: string): string[] {
  const match = /^(.*?)\{([^{}]*)\}(.*)$/.exec(path);
  if (match === null) return [path];
  const [, before = '', inner = '', after = ''] = match;
  return inner.split(',').flatMap((part) => expandBraces(`${before}${part}${after}`));
}
