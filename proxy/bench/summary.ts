/** Medians over the rounds, ratios to the contenders, and the table. Pure. */
import type { LoadResult } from './load.ts';
import type { Memory } from './process-cost.ts';
import { median } from './statistics.ts';
import { markdownTable } from './table.ts';

/** One contender under one load in one round. */
export interface Sample extends LoadResult {
  readonly round: number;
  /** NaN for the app alone. */
  readonly cpuUsPerHop: number;
}

export interface ContenderResult {
  readonly name: string;
  readonly closed: readonly Sample[];
  readonly open: readonly Sample[];
  /** Of the larger of both processes. */
  readonly idle: Memory;
  readonly loaded: Memory;
}

export interface BenchReport {
  readonly machine: string;
  readonly date: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  /** Requests per second of the fixed rate. */
  readonly rate: number;
  /** The app alone first, ours second, then the others. */
  readonly contenders: readonly ContenderResult[];
}

/** Medians of one contender; latencies are what it adds to the app alone in the same round. */
export interface Summary {
  readonly name: string;
  readonly closedCpuUs: number;
  readonly closedPerSecond: number;
  readonly openCpuUs: number;
  readonly addedP50Us: number;
  readonly addedP99Us: number;
  readonly failures: number;
}

const over = (samples: readonly Sample[], value: (sample: Sample, at: number) => number): number => median(samples.map(value));

export function summarize({ contenders }: BenchReport): Summary[] {
  const [direct, ...others] = contenders;
  return others.map(({ name, closed, open }) => ({
    name,
    closedCpuUs: over(closed, ({ cpuUsPerHop }) => cpuUsPerHop),
    closedPerSecond: over(closed, ({ requestsPerSecond }) => requestsPerSecond),
    openCpuUs: over(open, ({ cpuUsPerHop }) => cpuUsPerHop),
    addedP50Us: over(open, ({ p50Us }, at) => p50Us - (direct?.open[at]?.p50Us ?? 0)),
    addedP99Us: over(open, ({ p99Us }, at) => p99Us - (direct?.open[at]?.p99Us ?? 0)),
    failures: [...closed, ...open].reduce((sum, { failures }) => sum + failures, 0),
  }));
}

/** Ours over another's, round by round, so that a disturbed round disturbs both. */
function ratio(ours: readonly Sample[], theirs: readonly Sample[]): number {
  return over(ours, ({ cpuUsPerHop }, at) => cpuUsPerHop / (theirs[at]?.cpuUsPerHop ?? Number.NaN));
}

const mb = (kib: number): string => (kib / 1024).toFixed(1);

export function printBench(report: BenchReport): string {
  const { machine, date, rounds, seconds, connections, rate, contenders } = report;
  const [, ours, ...others] = contenders;
  const rows = summarize(report).map(({ name, closedCpuUs, closedPerSecond, openCpuUs, addedP50Us, addedP99Us, failures }) => {
    const memory = contenders.find((contender) => contender.name === name);
    return [
      name, closedCpuUs.toFixed(1), closedPerSecond.toFixed(0), openCpuUs.toFixed(1), addedP50Us.toFixed(0), addedP99Us.toFixed(0),
      `${mb(memory?.idle.privateKib ?? 0)} / ${mb(memory?.loaded.privateKib ?? 0)}`, `${mb(memory?.idle.residentKib ?? 0)} / ${mb(memory?.loaded.residentKib ?? 0)}`, String(failures),
    ];
  });
  const head = ['mTLS pair', 'closed: CPU µs/request/hop', 'requests/s', `${rate}/s: CPU µs/request/hop`, 'added p50 µs', 'added p99 µs', 'private MB idle / loaded', 'resident MB idle / loaded', 'failures'];
  const ratios = others.map((other) => `  / ${other.name}: closed ${ratio(ours?.closed ?? [], other.closed).toFixed(2)}, ${rate}/s ${ratio(ours?.open ?? [], other.open).toFixed(2)}`);
  return [
    markdownTable([head, ...rows]), '', 'CPU of ours, median of the ratios of each round', ...ratios, '',
    `${date}, ${machine}; ${rounds} interleaved rounds of ${seconds} s, ${connections} connections, 1 KiB answers, loopback; both hops of a pair on one core, load and app on the other.`,
  ].join('\n');
}
