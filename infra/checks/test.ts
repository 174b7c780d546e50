/**
 * `npm test`: the checks, the builds that tests need, then every test. Its last line is `N passed, N failed`, from the
 * runner's own counts; a check or build that fails counts as failed. Arguments go to the runner (`npm test -- cloud`).
 */
import { buildConsole } from '../console-build.ts';
import { faultText } from '../fault.ts';
import { proxyProgram } from '../proxy-program.ts';
import { checksText, runChecks } from './all.ts';
import { runTests, sayCounts } from './runner.ts';

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

const checks = await runChecks();
say(checksText(checks));
let failed = checks.filter((check) => check.faults.length > 0).length;
failed += await step('console built', buildConsole);
failed += await step('proxy compiled', proxyProgram);
const counts = await runTests(['--project', 'parts', '--project', 'whole', ...process.argv.slice(2)], 'test-report.json');
process.exitCode = sayCounts(counts, failed, say);
