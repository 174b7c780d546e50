/** All checks, side by side. */
import { readdir } from 'node:fs/promises';
import { ROOT } from '../root.ts';
import { checkBoundaries } from './boundaries.ts';
import { checkCodes } from './codes.ts';
import { checkReadmePaths } from './readme-paths.ts';
import { checkTidy } from './tidy.ts';
import { checkLint, checkTypes } from './tools.ts';
import { type CheckResult, readSources } from './tree.ts';

export async function runChecks(): Promise<CheckResult[]> {
  const [types, lint, readme, files, topLevel] = await Promise.all([checkTypes(), checkLint(), checkReadmePaths(), readSources(), readdir(ROOT)]);
  return [types, lint, checkBoundaries(files), checkTidy(files, topLevel), checkCodes(files), readme];
}

/** A line per check, and all its faults below it. */
export function checksText(results: readonly CheckResult[]): string {
  return results.map(({ name, faults }) => {
    const head = faults.length === 0 ? `✓ ${name}` : `✗ ${name}: ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}`;
    return [head, ...faults.map((fault) => `  ${fault}`)].join('\n');
  }).join('\n');
}
