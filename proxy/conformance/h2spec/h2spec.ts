/** `npm run conformance -- h2spec`: h2spec's 146 cases, strict ones included, against each way into a proxy. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { wholeOption } from '../../test/arguments.ts';
import type { Program } from '../../test/static-bed.ts';
import { type GoProgram, installGoProgram } from '../go-program.ts';
import { type SpecRun, parseSpec, printSpec } from './report.ts';
import { WAYS, type Way, startSpecBed } from './bed.ts';

export const H2SPEC: GoProgram = { name: 'h2spec', path: 'github.com/summerwind/h2spec/cmd/h2spec', version: 'v2.2.1+incompatible' };
const RUNS_DEFAULT = 1;
/** Seconds that h2spec waits for a frame; a busy machine needs more than its 2. */
const FRAME_SECONDS = 3;
const EXIT_MISSING = 2;

const USAGE = `npm run conformance -- h2spec [--runs N] [--way ${WAYS.join('|')}] [--proxy EXECUTABLE] [--json FILE] [--section SPEC/SECTION]
  --runs 3 is the full run. --section runs a part, such as http2/6.9.`;

/** Runs; resolves with the exit code. */
export async function runH2spec(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { runs: { type: 'string' }, way: { type: 'string' }, proxy: { type: 'string' }, json: { type: 'string' }, section: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help === true) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const runs = wholeOption('runs', values.runs, RUNS_DEFAULT);
  const installed = installGoProgram(H2SPEC);
  if (installed.kind === 'missing') {
    process.stderr.write(`error [judge_missing] h2spec can't run: ${installed.why}. Run: ${installed.remedy}\n`);
    return EXIT_MISSING;
  }
  const ways = WAYS.filter((way) => values.way === undefined || values.way === way);
  const results = await runAll(installed.file, ways, runs, values.proxy === undefined ? { kind: 'source' } : { kind: 'executable', path: values.proxy }, values.section);
  process.stdout.write(`${printSpec(results)}\n`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
  return results.some(({ failed, tests }) => failed.length > 0 || tests === 0) ? 1 : 0;
}

async function runAll(file: string, ways: readonly Way[], runs: number, program: Program, section: string | undefined): Promise<SpecRun[]> {
  const bed = await startSpecBed(program);
  const results: SpecRun[] = [];
  try {
    for (let run = 1; run <= runs; run++) {
      for (const way of ways) results.push(await runOnce(file, way, run, bed.ports[way], section));
    }
  } finally {
    await bed.stop();
  }
  return results;
}

async function runOnce(file: string, way: Way, run: number, port: number, section: string | undefined): Promise<SpecRun> {
  const began = performance.now();
  const args = [...(section === undefined ? [] : [section]), '-h', '127.0.0.1', '-p', String(port), '-S', '-o', String(FRAME_SECONDS)];
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
  });
  return { way, run, seconds: (performance.now() - began) / 1_000, ...parseSpec(output) };
}
