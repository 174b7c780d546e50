/** `npm run conformance -- <suite> …`: suites that hold the proxy against standards; each prints a table and fails by its exit code. */
import { runStrict } from './strict/strict.ts';

const SUITES: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = { strict: runStrict };

const [name = '', ...args] = process.argv.slice(2);
const suite = Object.hasOwn(SUITES, name) ? SUITES[name] : undefined;
if (suite === undefined) process.stderr.write(`error [suite_unknown] there is no suite ${JSON.stringify(name)}. Suites: ${Object.keys(SUITES).join(', ')}.\n`);
process.exitCode = suite === undefined ? 64 : await suite(args);
