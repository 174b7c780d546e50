/** The command line of the cloud's benches. */
import { parseArgs } from 'node:util';
import { Fault } from '../../fault.ts';

export interface BenchArguments {
  /** Where the data set and its database are. */
  readonly data: string;
  /** Where figures go as JSON; none: to the terminal only. */
  readonly json: string | null;
  readonly seed: number;
  /** Samples of each measure, or frames. */
  readonly count: number;
  readonly help: boolean;
}

const OPTIONS = {
  data: { type: 'string', default: '.sidelight/bench' },
  json: { type: 'string' },
  seed: { type: 'string', default: '1' },
  count: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** Fault `bench_arguments` for what is not an option. */
export function benchArguments(args: readonly string[], countDefault: number): BenchArguments {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS });
    const [seed, count] = [Number(values.seed), Number(values.count ?? countDefault)];
    if (!Number.isInteger(seed) || !Number.isInteger(count) || count < 1) throw new Error('--seed and --count take whole numbers');
    return { data: values.data, json: values.json ?? null, seed, count, help: values.help };
  } catch (error) {
    throw new Fault('bench_arguments', error instanceof Error ? error.message : String(error), 'Options: --data FOLDER, --json FILE, --seed N, --count N, --help.');
  }
}
