/** `npm run conformance -- <suite> …`: suites that hold the proxy against standards; each prints a table and fails by its exit code. */
import { exitCodeOf } from '../test/arguments.ts';
import { runAttacks } from './attacks/attacks.ts';
import { runGrpc } from './grpc/grpc.ts';
import { runH2spec } from './h2spec/h2spec.ts';
import { runHpack } from './hpack/hpack.ts';
import { runStrict } from './strict/strict.ts';

const SUITES: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = { attacks: runAttacks, grpc: runGrpc, h2spec: runH2spec, hpack: runHpack, strict: runStrict };
const USAGE = `npm run conformance -- <suite> [options]   suites: ${Object.keys(SUITES).join(', ')}; each has --help`;
const EXIT_USAGE = 64;

const [name = '--help', ...args] = process.argv.slice(2);
const suite = Object.hasOwn(SUITES, name) ? SUITES[name] : undefined;
if (suite !== undefined) process.exitCode = await exitCodeOf(() => suite(args));
else if (name === '--help') process.stdout.write(`${USAGE}\n`);
else {
  process.stderr.write(`error [suite_unknown] there is no suite ${JSON.stringify(name)}. ${USAGE}\n`);
  process.exitCode = EXIT_USAGE;
}
