/** `npm run bench -- cores`: each hot core against a budget that only a real slip exceeds. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machineLine } from './machine.ts';

const BUN = fileURLToPath(new URL('../../node_modules/.bin/bun', import.meta.url));
const PROGRAM = fileURLToPath(new URL('cores-program.ts', import.meta.url));

/** ns per operation; some five times what a server core of 2026 needs, so that a busy machine doesn't fail. */
export const BUDGETS_NS: Readonly<Record<string, number>> = {
  'request head of 400 bytes': 2_500,
  'response of 1 KiB with length': 2_500,
  'response of 16 chunks': 12_000,
  'head written without its cuts': 1_000,
  'HTTP/2 head decoded and encoded': 2_500,
  'HTTP/2 exchange of two engines': 6_500,
  'HTTP/2 data of 1 KiB, two engines': 1_500,
  'HTTP/2 data of 16 KiB, two engines': 1_000,
  'histogram record': 150,
  'exchange counted': 250,
  'balancer pick of 100': 400,
  'balancer pick of 10,000': 600,
};

interface CoreResult {
  readonly name: string;
  readonly ns: number;
}

/** Runs; resolves with the exit code: 1 when a core is over its budget or has none. */
export async function runCoresBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { json: { type: 'string' }, help: { type: 'boolean' } } });
  if (values.help === true) {
    process.stdout.write('npm run bench -- cores [--json FILE]   (fails when a core is over its budget)\n');
    return 0;
  }
  const { stdout, status, stderr } = spawnSync(BUN, [PROGRAM], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the cores could not be timed:\n${stderr}`);
  const results = stdout.trim().split('\n').map((line) => JSON.parse(line) as CoreResult);
  const lines = results.map(({ name, ns }) => `${name.padEnd(34)} ${String(ns).padStart(8)} ns   budget ${String(BUDGETS_NS[name] ?? 'none').padStart(8)} ns   ${verdictOf({ name, ns })}`);
  process.stdout.write(`${[...lines, '', machineLine()].join('\n')}\n`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ machine: machineLine(), results, budgets: BUDGETS_NS }, null, 2)}\n`);
  return results.every((result) => verdictOf(result) === 'ok') ? 0 : 1;
}

function verdictOf({ name, ns }: CoreResult): 'ok' | 'over its budget' {
  return ns <= (BUDGETS_NS[name] ?? 0) ? 'ok' : 'over its budget';
}
