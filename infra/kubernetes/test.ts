/** `npm run test:kubernetes`: builds the test cluster once, then runs every test that needs a real Kubernetes. */
import { runTests, sayCounts } from '../checks/runner.ts';
import { faultText } from '../fault.ts';
import { buildNodePrograms } from './build.ts';
import { missingForCluster } from './cluster.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** 0 when the cluster's programs stand, 1 when they can't be made. */
async function prepared(): Promise<number> {
  try {
    const missing = await missingForCluster();
    for (const line of missing) say(`✗ ${line}`);
    if (missing.length > 0) return 1;
    await buildNodePrograms(say);
    return 0;
  } catch (error) {
    say(`✗ ${faultText(error)}`);
    return 1;
  }
}

const failed = await prepared();
if (failed > 0) {
  say(`0 passed, ${failed} failed`);
  process.exitCode = 1;
} else {
  const counts = await runTests(['--project', 'kubernetes', ...process.argv.slice(2)], 'kubernetes-report.json');
  process.exitCode = sayCounts(counts, 0, say);
}
