/** What h2spec printed, as counts and names. Pure. */
import type { Way } from './bed.ts';

/** Counts of one run, and its failed cases with their section and what was expected and seen. */
export interface SpecResult {
  readonly tests: number;
  readonly passed: number;
  readonly skipped: number;
  readonly failed: readonly string[];
}

export interface SpecRun extends SpecResult {
  readonly way: Way;
  readonly run: number;
  readonly seconds: number;
}

const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/** Reads its report; a run that didn't end well has no summary and counts as 0 tests. */
export function parseSpec(output: string): SpecResult {
  const text = output.replaceAll(COLOUR, '');
  const summary = /(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed/.exec(text);
  const [tests = 0, passed = 0, skipped = 0] = (summary?.slice(1) ?? []).map(Number);
  return { tests, passed, skipped, failed: failures(text) };
}

/** Behind `Failures:` the sections stand as headings above their failed cases. */
function failures(text: string): string[] {
  const from = text.indexOf('Failures:');
  if (from < 0) return [];
  const failed: string[] = [];
  let section = '';
  for (const line of text.slice(from).split('\n')) {
    const heading = /^\s*(\d+(?:\.\d+)*\.? .*)$/.exec(line);
    if (heading !== null) section = heading[1] ?? '';
    const found = /^\s*(?:×|x)\s*(.*)$/.exec(line);
    if (found !== null) failed.push(`§${section}: ${found[1] ?? ''}`);
    const detail = /^\s*(?:Expected: .*|Actual: .*)$/.exec(line);
    if (detail !== null && failed.length > 0) failed[failed.length - 1] += ` | ${line.trim()}`;
  }
  return failed;
}

/** A line per run, and below it what failed. */
export function printSpec(runs: readonly SpecRun[]): string {
  const lines = runs.map(({ way, run, tests, passed, skipped, failed, seconds }) =>
    [`${failed.length === 0 && tests > 0 ? '✓' : '✗'} ${way.padEnd(8)} run ${run}: ${passed} of ${tests} passed, ${skipped} skipped, ${seconds.toFixed(1)} s`, ...failed.map((one) => `    ${one}`)].join('\n'));
  return lines.join('\n');
}
