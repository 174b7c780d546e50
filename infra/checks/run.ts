/** `npm run check`: types, lint, boundaries, tidiness, cited paths. No services; all faults at once. */
import { checksText, runChecks } from './all.ts';

const started = performance.now();
const results = await runChecks();
const failed = results.filter((result) => result.faults.length > 0).length;
process.stdout.write(`${checksText(results)}\n${results.length - failed} checks passed, ${failed} failed, in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
process.exitCode = failed === 0 ? 0 : 1;
