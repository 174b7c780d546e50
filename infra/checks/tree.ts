/** The tracked-like tree of sources: what the checks read. */
import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { ROOT } from '../root.ts';

export interface SourceFile {
  /** From the checkout's folder, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** One check's outcome; no faults means that it passed. */
export interface CheckResult {
  readonly name: string;
  /** `path:line what is wrong; what to do`. */
  readonly faults: readonly string[];
}

const SKIPPED = new Set(['node_modules', 'dist', 'build', '.git', '.sidelight', 'golden', 'testdata', 'fixtures']);

/** Every .ts, .tsx and .sql file of ours. */
export async function readSources(folder = ROOT): Promise<SourceFile[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found = await Promise.all(entries.map(async (entry): Promise<SourceFile[]> => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) || entry.name.startsWith('.') ? [] : readSources(path);
    if (!/\.(ts|tsx|sql)$/.test(entry.name) || entry.name.endsWith('.d.ts')) return [];
    return [{ path: relative(ROOT, path).replaceAll('\\', '/'), text: await readFile(path, 'utf8') }];
  }));
  return found.flat().sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The text with comments and the content of strings blanked, line breaks kept, so that code can be searched. */
export function codeOnly(text: string): string {
  const token = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g;
  return text.replaceAll(token, (match) => match.replaceAll(/[^\n]/g, ' '));
}

export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

export function isTest(path: string): boolean {
  return /\.(test|bench)\.tsx?$/.test(path) || /(^|\/)(test|e2e|conformance|simulate|bench|mock)\//.test(path) || /(^|\/|-)testing\.ts$/.test(path);
}
