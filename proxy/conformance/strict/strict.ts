/** `npm run conformance -- strict`: both paths, the corpus, and as many mutants as asked for. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { wholeOption } from '../../test/arguments.ts';
import type { Program } from '../../test/static-bed.ts';
import { startBed, type Path } from './bed.ts';
import { openJudges } from './judges.ts';
import type { Tally } from './outcome.ts';
import { printStrict, strictJson, type StrictReport } from './report.ts';
import { corpusRequests, corpusResponses, mutantTrial, runTrials } from './run.ts';

const LANES = 8;
const COUNT_DEFAULT = 2_000;
/** Progress is told after so many payloads. */
const PROGRESS_EVERY = 5_000;

const USAGE = `npm run conformance -- strict [--seed N] [--count MUTANTS] [--path plain|pair|both] [--proxy EXECUTABLE] [--only MUTANT] [--json FILE]
  --count 100000 is the full run. Mutants are shared out between the paths. --only runs one mutant of the seed again.`;

/** Runs; resolves with the exit code. */
export async function runStrict(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { seed: { type: 'string' }, count: { type: 'string' }, path: { type: 'string' }, proxy: { type: 'string' }, only: { type: 'string' }, json: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help === true) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const seed = wholeOption('seed', values.seed, Math.floor(Math.random() * 2 ** 31), 0);
  const mutants = wholeOption('count', values.count, COUNT_DEFAULT, 0);
  const only = values.only === undefined ? null : wholeOption('only', values.only, 0, 0);
  const judges = openJudges();
  for (const { name, command } of judges.missing) process.stderr.write(`error [judge_missing] the judge ${name} is not here. Run: ${command}\n`);
  if (judges.missing.length > 0) {
    judges.close();
    return 2;
  }
  const paths: Path[] = values.path === 'plain' || values.path === 'pair' ? [values.path] : ['plain', 'pair'];
  const program: Program = values.proxy === undefined ? { kind: 'source' } : { kind: 'executable', path: values.proxy };
  const began = performance.now();
  const tallies: Tally[] = [];
  for (const path of paths) {
    const count = Math.ceil(mutants / paths.length);
    tallies.push(...(await runPath(path, program, judges.judges, { seed, count, only })));
  }
  judges.close();
  const report: StrictReport = { seed, seconds: (performance.now() - began) / 1_000, judges: judges.judges.map(({ name }) => name), tallies };
  process.stdout.write(`${printStrict(report)}\n`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(strictJson(report), null, 2)}\n`);
  return tallies.some(({ faultCount }) => faultCount > 0) ? 1 : 0;
}

async function runPath(path: Path, program: Program, judges: Parameters<typeof runTrials>[2], { seed, count, only }: { seed: number; count: number; only: number | null }): Promise<Tally[]> {
  const bed = await startBed(path, LANES, program);
  const progress = (done: number): void => {
    if (done % PROGRESS_EVERY === 0) process.stderr.write(`  ${path}: ${done} payloads\n`);
  };
  try {
    if (only !== null) return [await runTrials(`${path}: mutant ${only}`, bed, judges, 1, () => mutantTrial(seed, only), progress)];
    const requests = corpusRequests(seed);
    const responses = corpusResponses();
    // Each path gets mutants of its own.
    const first = path === 'plain' ? 0 : count;
    return [
      await runTrials(`${path}: requests of the corpus`, bed, judges, requests.length, (index) => requests[index], progress),
      await runTrials(`${path}: responses of the corpus`, bed, judges, responses.length, (index) => responses[index], progress),
      await runTrials(`${path}: mutants`, bed, judges, count, (index) => mutantTrial(seed, first + index), progress),
    ];
  } finally {
    await bed.stop();
  }
}
