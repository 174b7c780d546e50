/** What a chaos scenario is: it breaks something on purpose, counts, and holds the counts against bars. */

export interface ChaosOptions {
  /** Everything drawn at random comes from it. */
  readonly seed: number;
  /** How many requests, kills or rotations; undefined: the scenario's own number. */
  readonly count: number | undefined;
  /** How long, for scenarios that run by time; undefined: the scenario's own. */
  readonly minutes: number | undefined;
  /** Tells a person how it goes. */
  readonly say: (line: string) => void;
}

/** One promise with what was seen. */
export interface Bar {
  readonly what: string;
  /** The promise in words, such as `0` or `flat`. */
  readonly bar: string;
  readonly seen: string;
  readonly met: boolean;
}

export interface ChaosReport {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  readonly bars: readonly Bar[];
  /** More numbers for `--json`. */
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface Scenario {
  /** A sentence for the list of scenarios. */
  readonly about: string;
  readonly run: (options: ChaosOptions) => Promise<ChaosReport>;
}

/** A count that must be zero. */
export function none(what: string, count: number): Bar {
  return { what, bar: '0', seen: String(count), met: count === 0 };
}

/** A count that must be at least `least`: what was to be broken really was. */
export function atLeast(what: string, least: number, count: number): Bar {
  return { what, bar: `≥ ${least}`, seen: String(count), met: count >= least };
}
