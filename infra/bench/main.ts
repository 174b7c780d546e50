/** `npm run bench [-- <bench> …]`: each part of the product measures itself; this knows where, and puts their figures together. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Fault, faultText } from '../fault.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Which program has which bench. */
const PROGRAMS: Readonly<Record<string, string>> = {
  proxy: 'proxy/bench/main.ts', cores: 'proxy/bench/main.ts', memory: 'proxy/bench/main.ts', start: 'proxy/bench/main.ts', body: 'proxy/bench/main.ts',
  fairness: 'proxy/bench/main.ts', connections: 'proxy/bench/main.ts', http2: 'proxy/bench/main.ts', turns: 'proxy/bench/main.ts',
  ingest: 'infra/bench/ingest.ts', queries: 'infra/bench/queries.ts', replay: 'infra/bench/replay.ts',
};
/** What a run without a name measures, in this order; the data set of the queries is built when it is missing. */
const ALL = ['proxy', 'ingest', 'queries'] as const;
const DATA_PROGRAM = 'infra/bench/data.ts';

const USAGE = `npm run bench [-- --json FILE]              ${ALL.join(', ')} in one run
npm run bench -- <bench> [options]          benches: ${Object.keys(PROGRAMS).join(', ')}; each has --help
`;
const EXIT_USAGE = 64;

/** The exit code of a program of ours. */
async function run(program: string, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [join(ROOT, program), ...args], { cwd: ROOT, stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

/** What one bench of a run gave; `report` is its own JSON, null when it wrote none. */
interface BenchResult {
  readonly bench: string;
  readonly exitCode: number;
  /** Of the last minute, before the bench began. */
  readonly loadBefore: number;
  readonly report: unknown;
}

/** Every bench of `ALL`, one after the other; a bench that fails doesn't keep the next from running. */
async function runAll(): Promise<BenchResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sidelight-bench-all-'));
  try {
    const results: BenchResult[] = [];
    for (const bench of ALL) {
      if (bench === 'queries') await run(DATA_PROGRAM, []);
      const file = join(folder, `${bench}.json`);
      const loadBefore = loadavg()[0] ?? 0;
      process.stdout.write(`\n== ${bench} (load ${loadBefore.toFixed(1)})\n`);
      const exitCode = await run(PROGRAMS[bench] ?? '', [bench, '--json', file]);
      const report = await readFile(file, 'utf8').then((text) => JSON.parse(text) as unknown, () => null);
      results.push({ bench, exitCode, loadBefore, report });
    }
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function all(args: readonly string[]): Promise<number> {
  const json = jsonOption(args);
  const at = new Date().toISOString();
  const benches = await runAll();
  const failed = benches.filter(({ exitCode }) => exitCode !== 0);
  process.stdout.write(`\n${benches.length - failed.length} of ${benches.length} benches met their bars${failed.length > 0 ? `; not: ${failed.map(({ bench }) => bench).join(', ')}` : ''}\n`);
  const machine = { cpu: cpus()[0]?.model ?? '', cores: cpus().length };
  if (json !== null) await writeFile(json, JSON.stringify({ at, machine, benches }, null, 2));
  return failed.length === 0 ? 0 : 1;
}

function jsonOption(args: readonly string[]): string | null {
  try {
    return parseArgs({ args: [...args], options: { json: { type: 'string' } } }).values.json ?? null;
  } catch (error) {
    throw new Fault('bench_arguments', error instanceof Error ? error.message : String(error), 'A run of all benches takes --json FILE only.');
  }
}

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === '--help' || name === '-h') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (name === undefined || name.startsWith('-')) return all(name === undefined ? [] : [name, ...args]);
  const program = Object.hasOwn(PROGRAMS, name) ? PROGRAMS[name] : undefined;
  if (program !== undefined) return run(program, [name, ...args]);
  process.stderr.write(`error [bench_unknown] There is no bench ${JSON.stringify(name)}.\n${USAGE}`);
  return EXIT_USAGE;
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${faultText(error)}\n`);
  return 1;
});
