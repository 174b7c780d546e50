/** `npm run bench -- <bench> …`: each part of the product measures itself; this only knows where. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
/** Which program has which bench. */
const PROGRAMS: Readonly<Record<string, string>> = {
  proxy: 'proxy/bench/main.ts', cores: 'proxy/bench/main.ts',
  ingest: 'infra/bench/ingest.ts', queries: 'infra/bench/queries.ts', replay: 'infra/bench/replay.ts',
};

const USAGE = `npm run bench -- <bench> [options]   benches: ${Object.keys(PROGRAMS).join(', ')}; each has --help`;
const EXIT_USAGE = 64;

const [name = '--help', ...args] = process.argv.slice(2);
const program = Object.hasOwn(PROGRAMS, name) ? PROGRAMS[name] : undefined;
if (name === '--help') process.stdout.write(`${USAGE}\n`);
else if (program === undefined) {
  process.stderr.write(`error [bench_unknown] There is no bench ${JSON.stringify(name)}. ${USAGE}\n`);
  process.exitCode = EXIT_USAGE;
} else {
  const child = spawn(process.execPath, [join(ROOT, program), name, ...args], { cwd: ROOT, stdio: 'inherit' });
  child.once('exit', (code) => {
    process.exitCode = code ?? 1;
  });
}
