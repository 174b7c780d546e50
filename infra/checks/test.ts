/**
 * `npm test`: the checks, the builds that tests need, then every test. Its last line is `N passed, N failed`, from the
 * runner's own counts; a check or build that fails counts as failed. Arguments go to the runner (`npm test -- cloud`).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildConsole } from '../console-build.ts';
import { faultText } from '../fault.ts';
import { proxyProgram } from '../proxy-program.ts';
import { ROOT } from '../root.ts';
import { checksText, runChecks } from './all.ts';
import { type Counts, countTests } from './counts.ts';

const REPORT = join(ROOT, 'build', 'test-report.json');
const say = (text: string): void => { process.stdout.write(`${text}\n`); };

/** 1 when it failed, told at once. */
async function step(name: string, work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  try {
    await work();
    say(`✓ ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    return 0;
  } catch (error) {
    say(`✗ ${name}\n${faultText(error)}`);
    return 1;
  }
}

async function runTests(args: readonly string[]): Promise<Counts> {
  await mkdir(join(ROOT, 'build'), { recursive: true });
  await rm(REPORT, { force: true });
  const runner = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const child = spawn(process.execPath, [runner, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`, ...args], { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => child.kill(name));
  const [code] = (await once(child, 'close')) as [number | null];
  const text = await readFile(REPORT, 'utf8').catch(() => undefined);
  return countTests(text === undefined ? undefined : (JSON.parse(text) as object), code);
}

const checks = await runChecks();
say(checksText(checks));
let failed = checks.filter((check) => check.faults.length > 0).length;
failed += await step('console built', buildConsole);
failed += await step('proxy compiled', proxyProgram);
const counts = await runTests(process.argv.slice(2));
failed += counts.failed;
if (counts.skipped > 0) {
  say(`✗ ${counts.skipped} tests were skipped: a test runs, or it goes`);
  failed += counts.skipped;
}
const needed = [...counts.needs.values()].reduce((sum, count) => sum + count, 0);
for (const [need, count] of counts.needs) say(`! ${count} tests were skipped on this machine: ${need}`);
// Told in the last line as well, so that nobody takes a run without them for a whole one.
say(`${counts.passed} passed, ${failed} failed${needed === 0 ? '' : `, ${needed} skipped`}`);
process.exitCode = failed === 0 ? 0 : 1;
