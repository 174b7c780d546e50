/** Numbers by row and time: what was sent, and what is stored, in one form that can be compared. Pure. */
import { type Histogram, type SparseHistogram, addSparse, createHistogram, toSparse } from '../../proxy/wire/histogram.ts';
import type { Counters } from '../../proxy/wire/report.ts';

/** The counters of a row that are sums; the histogram stands beside them. */
export const SUMS = [
  'requests', 'failuresApp', 'failuresMesh', 'failuresClient', 'retries', 'bytesIn', 'bytesOut', 'durationSumUs', 'appSumUs', 'queueSumUs',
] as const satisfies readonly (keyof Counters)[];
export type SumName = (typeof SUMS)[number];
export type Sums = { readonly [Name in SumName]: number };

interface Cell {
  readonly sums: Record<SumName, number>;
  readonly latency: Histogram;
}

/** Rows by the name of an edge or route and the begin of their time, ms since 1970. */
export class Tally {
  readonly #cells = new Map<string, Cell>();

  add(row: string, startMs: number, counters: Sums & { readonly latency: SparseHistogram }): void {
    const cell = this.#cell(`${startMs} ${row}`);
    for (const name of SUMS) cell.sums[name] += counters[name];
    addSparse(cell.latency, counters.latency);
  }

  /** The same with times cut to a coarser step. */
  folded(stepMs: number): Tally {
    const folded = new Tally();
    for (const [key, { sums, latency }] of this.#cells) {
      const space = key.indexOf(' ');
      const startMs = Number(key.slice(0, space));
      folded.add(key.slice(space + 1), startMs - (startMs % stepMs), { ...sums, latency: toSparse(latency) });
    }
    return folded;
  }

  /** The rows under other names; those whose new name is null are left out. */
  renamed(nameOf: (row: string) => string | null): Tally {
    const renamed = new Tally();
    for (const [key, { sums, latency }] of this.#cells) {
      const space = key.indexOf(' ');
      const name = nameOf(key.slice(space + 1));
      if (name !== null) renamed.add(name, Number(key.slice(0, space)), { ...sums, latency: toSparse(latency) });
    }
    return renamed;
  }

  /** Only the rows whose name `isWanted`. */
  only(isWanted: (row: string) => boolean): Tally {
    return this.renamed((row) => (isWanted(row) ? row : null));
  }

  /** The same with some sums left out of the comparison. */
  without(names: readonly SumName[]): Tally {
    const some = this.renamed((row) => row);
    for (const { sums } of some.#cells.values()) for (const name of names) sums[name] = 0;
    return some;
  }

  get rows(): number {
    return this.#cells.size;
  }

  total(name: SumName): number {
    let total = 0;
    for (const { sums } of this.#cells.values()) total += sums[name];
    return total;
  }

  /** All rows' latencies together. */
  latency(): Histogram {
    const all = createHistogram();
    for (const { latency } of this.#cells.values()) addSparse(all, toSparse(latency));
    return all;
  }

  /** A line for each cell in which the two differ. */
  differences(other: Tally): string[] {
    const keys = new Set([...this.#cells.keys(), ...other.#cells.keys()]);
    return [...keys].flatMap((key) => cellDifference(key, this.#cells.get(key), other.#cells.get(key)) ?? []);
  }

  #cell(key: string): Cell {
    const known = this.#cells.get(key);
    if (known) return known;
    const cell: Cell = { sums: { requests: 0, failuresApp: 0, failuresMesh: 0, failuresClient: 0, retries: 0, bytesIn: 0, bytesOut: 0, durationSumUs: 0, appSumUs: 0, queueSumUs: 0 }, latency: createHistogram() };
    this.#cells.set(key, cell);
    return cell;
  }
}

function cellDifference(key: string, a: Cell | undefined, b: Cell | undefined): string | null {
  if (a === undefined || b === undefined) return `${key}: only in ${a === undefined ? 'the second' : 'the first'}`;
  for (const name of SUMS) if (a.sums[name] !== b.sums[name]) return `${key}: ${name} ${a.sums[name]} and ${b.sums[name]}`;
  const bucket = a.latency.findIndex((count, at) => count !== b.latency[at]);
  return bucket < 0 ? null : `${key}: bucket ${bucket} has ${a.latency[bucket]} and ${b.latency[bucket]}`;
}
