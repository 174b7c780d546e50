/** `npm run chaos -- <scenario>`: breaks something on purpose and says whether the promises held. */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { Fault, faultText } from '../fault.ts';
import { drainsScenario } from './drains.ts';
import { faults } from './faults.ts';
import { kills } from './kills.ts';
import { outage } from './outage.ts';
import { reportJson, reportText } from './report.ts';
import { rotationsScenario } from './rotations.ts';
import type { Scenario } from './scenario.ts';
import { soakScenario } from './soak.ts';

/** One line a scenario. */
const SCENARIOS: Readonly<Record<string, Scenario>> = {
  faults,
  rotations: rotationsScenario,
  drains: drainsScenario,
  kills,
  outage,
  soak: soakScenario,
};

/** Exit codes: a bar was missed, the command was wrong (sysexits.h EX_USAGE). */
const EXIT_MISSED = 1;
const EXIT_USAGE = 64;

function usage(): string {
  const list = Object.entries(SCENARIOS).map(([name, { about }]) => `  ${name.padEnd(12)}${about}\n`).join('');
  return `Usage: npm run chaos -- SCENARIO [--seed N] [--count N] [--minutes M] [--json FILE]\n${list}`;
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && Number.isFinite(value)) return value;
  throw new Fault('option_invalid', `--${name} is ${JSON.stringify(text)}.`, `Give --${name} a number of 0 or more.`);
}

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args], allowPositionals: true,
    options: { seed: { type: 'string' }, count: { type: 'string' }, minutes: { type: 'string' }, json: { type: 'string' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    process.stdout.write(usage());
    return 0;
  }
  const [name = ''] = positionals;
  const scenario = Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name] : undefined;
  if (scenario === undefined || positionals.length !== 1) {
    process.stderr.write(usage());
    return EXIT_USAGE;
  }
  const seed = wholeNumber('seed', values.seed) ?? Math.floor(Math.random() * 2 ** 31);
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const startedAt = new Date().toISOString();
  const began = performance.now();
  say(`${name}: seed ${seed}`);
  const report = await scenario.run({ seed, count: wholeNumber('count', values.count), minutes: wholeNumber('minutes', values.minutes), say });
  const facts = { scenario: name, seed, startedAt, seconds: (performance.now() - began) / 1000 };
  process.stdout.write(`${reportText(report, facts)}\n`);
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(reportJson(report, facts), null, 2)}\n`);
  return report.bars.every(({ met }) => met) ? 0 : EXIT_MISSED;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  const wrongUse = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  process.stderr.write(wrongUse ? `error [arguments] ${error.message}\n${usage()}` : `${faultText(error)}\n`);
  process.exitCode = wrongUse ? EXIT_USAGE : EXIT_MISSED;
}
