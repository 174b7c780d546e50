/** What the sources may not hold: names that say nothing, clocks below main, leftovers, files that grew too long. */
import { basename } from 'node:path/posix';
import { type CheckResult, type SourceFile, codeOnly, isTest, lineOf } from './tree.ts';

/** A file above this has more than one idea in it. */
const LINES_MAX = 600;
const BANNED_NAMES = /^(utils?|helpers?|common|types|index|misc|shared)\.tsx?$/;
const BANNED_FOLDERS = /(^|\/)(utils?|helpers?|common|misc)\//;

interface BannedCall {
  readonly pattern: RegExp;
  readonly instead: string;
}

const CLOCKS: readonly BannedCall[] = [
  { pattern: /\bDate\.now\b/g, instead: 'take the time as an argument' },
  { pattern: /\bnew Date\(\)/g, instead: 'take the time as an argument' },
  { pattern: /\bMath\.random\b/g, instead: 'take a source of randomness as an argument' },
  { pattern: /\bperformance\.now\b/g, instead: 'take the time as an argument' },
];
/** Below main in these folders, time and randomness are arguments. */
const CLOCKLESS = /^(proxy|agent\/(aggregate|compile|inventory|plan|wire)|cloud\/wire|web\/format)\//;
const EVERYWHERE: readonly BannedCall[] = [
  { pattern: /\bas any\b|:\s*any\b(?!\s*\()|<an[y]>/g, instead: 'name the type, or use unknown' },
  { pattern: /@ts-(ignore|nocheck|expect-error)/g, instead: 'mend the type' },
  { pattern: /\b(?:test|it|describe)\.(?:skip|only|todo|fails)\b/g, instead: 'a test runs, or it goes' },
];
/** Written apart, so that this file passes its own check. */
const LEFTOVERS = new RegExp(`\\b(${['FIX', 'TO', 'XX'].map((start, index) => start + (['ME', 'DO', 'X'][index] ?? '')).join('|')})\\b`, 'g');

/** What may stand at the top of the checkout. */
const TOP_LEVEL = new Set(['package.json', 'package-lock.json', 'tsconfig.json', 'vitest.config.ts', 'cloud', 'agent', 'proxy', 'web', 'migrations', 'infra', 'README.md', 'LICENSE', 'build', 'node_modules']);

export function checkTidy(files: readonly SourceFile[], topLevel: readonly string[]): CheckResult {
  const strangers = topLevel.filter((name) => !name.startsWith('.') && !TOP_LEVEL.has(name)).map((name) => `${name} stands at the top level; the README's map has the place for it`);
  return { name: 'tidy', faults: [...strangers, ...files.flatMap(fileFaults)] };
}

function fileFaults(file: SourceFile): string[] {
  return [...nameFaults(file), ...lengthFaults(file), ...callFaults(file), ...leftoverFaults(file)];
}

function nameFaults({ path }: SourceFile): string[] {
  if (BANNED_NAMES.test(basename(path)) || BANNED_FOLDERS.test(path)) return [`${path} is named for nothing; name it after what it holds`];
  return [];
}

function lengthFaults({ path, text }: SourceFile): string[] {
  const lines = text.split('\n').length;
  return lines > LINES_MAX ? [`${path} has ${lines} lines; ${LINES_MAX} is the most, split it by idea`] : [];
}

function callFaults({ path, text }: SourceFile): string[] {
  if (path.endsWith('.sql')) return [];
  const code = codeOnly(text);
  const clockless = CLOCKLESS.test(path) && !isTest(path) && !basename(path).startsWith('main');
  return [...EVERYWHERE, ...(clockless ? CLOCKS : [])].flatMap(({ pattern, instead }) =>
    [...(pattern.source.startsWith('@') ? text : code).matchAll(pattern)].map((match) => `${path}:${lineOf(code, match.index)} has ${match[0].trim()}; ${instead}`));
}

function leftoverFaults({ path, text }: SourceFile): string[] {
  return [...text.matchAll(LEFTOVERS)].map((match) => `${path}:${lineOf(text, match.index)} has a leftover ${match[0]}; do it, or file an issue`);
}
