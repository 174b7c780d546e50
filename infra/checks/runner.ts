/** Runs vitest and tells its counts: the last line is `N passed, N failed`, from the runner's own report. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../root.ts';
import { type Counts, countTests } from './counts.ts';

/** `args` go to the runner; its report is `build/<reportName>`. */
export async function runTests(args: readonly string[], reportName: string): Promise<Counts> {
  const report = join(ROOT, 'build', reportName);
  await mkdir(join(ROOT, 'build'), { recursive: true });
  await rm(report, { force: true });
  const runner = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const child = spawn(process.execPath, [runner, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...args], { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => child.kill(name));
  const [code] = (await once(child, 'close')) as [number | null];
  const text = await readFile(report, 'utf8').catch(() => undefined);
  return countTests(text === undefined ? undefined : (JSON.parse(text) as object), code);
}

/** `failedBefore`: faults of steps before the tests. Returns the exit code. */
export function sayCounts(counts: Counts, failedBefore: number, say: (line: string) => void): number {
  if (counts.skipped > 0) say(`✗ ${counts.skipped} tests were skipped: a test runs, or it goes`);
  for (const [need, count] of counts.needs) say(`! ${count} tests were skipped on this machine: ${need}`);
  const failed = failedBefore + counts.failed + counts.skipped;
  say(`${counts.passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}
