/**
 * What is known of windows that nobody will ever get. A proxy's link may end because its process ended or because the
 * network did: the process is over when its successor comes, or when all that it could keep has gone stale. Pure.
 */
import type { WorkloadKey } from '../../proxy/wire/labels.ts';

/** A proxy's process as the agent knew it last. */
export interface KnownProcess {
  readonly instance: string;
  readonly workload: WorkloadKey;
  readonly name: string;
}

/** Ticks of which nothing came: `to` is null while nobody knows how long the process went on counting. */
export interface Missing {
  readonly from: number;
  readonly to: number | null;
}

interface Entry extends KnownProcess {
  /** Null while it is linked. */
  readonly missing: Missing | null;
}

interface Loss {
  readonly process: KnownProcess;
  readonly windows: number;
}

/** Windows that are lost, at most so many, and how to say that a frame on disk tells of them. */
export interface Told {
  readonly windows: number;
  readonly instances: readonly string[];
  readonly done: () => void;
}

export interface AbsenceParts {
  /** The tick now. */
  readonly tick: () => number;
  /** Ticks that a proxy's ring holds. */
  readonly ringTicks: number;
  /** Keeps the list for the next start. */
  readonly keep: (known: readonly KnownProcess[]) => void;
}

/** Further ones are not watched, and their loss isn't told: a large host's proxies with several restarts each. */
export const PROCESSES_MAX = 4_096;

export class Absences {
  readonly #parts: AbsenceParts;
  readonly #entries = new Map<string, Entry>();
  /** Not told by any frame, and told by one that is being written. */
  #untold: readonly Loss[] = [];
  #telling: readonly Loss[] = [];

  /** `recovered` were linked when the last agent ended, and no frame on disk tells their loss; it had all of theirs before the tick `from`. */
  constructor(parts: AbsenceParts, recovered: readonly KnownProcess[], from: number) {
    this.#parts = parts;
    for (const process of recovered.slice(0, PROCESSES_MAX)) this.#entries.set(process.instance, { ...process, missing: { from, to: null } });
  }

  /** A process said hello, so it has kept what it counted. An absent one of the same name is over. */
  joined({ instance, workload, name }: KnownProcess): void {
    for (const { missing, ...other } of [...this.#entries.values()]) {
      if (missing && other.instance !== instance && other.workload === workload && other.name === name) this.#over(other, missing);
    }
    if (this.#entries.size < PROCESSES_MAX || this.#entries.has(instance)) this.#entries.set(instance, { instance, workload, name, missing: null });
    this.#keep();
  }

  /** Its link ended without a goodbye. */
  left(instance: string, missing: Missing): void {
    const entry = this.#entries.get(instance);
    if (entry) this.#entries.set(instance, { ...entry, missing });
  }

  /** It ended in good order; `windows` of its last ones never came. */
  parted(instance: string, windows: number): void {
    const entry = this.#entries.get(instance);
    if (entry) this.#end(entry, windows);
  }

  /** Gives up processes that stayed away for longer than they keep windows. Looked at every so often. */
  expire(): void {
    const { tick, ringTicks } = this.#parts;
    for (const { missing, ...process } of [...this.#entries.values()]) {
      if (missing && tick() > (missing.to ?? missing.from) + ringTicks) this.#over(process, missing);
    }
  }

  /** What the next frame has to tell, or null. Until it is done, the next start would tell it again. */
  take(): Told | null {
    const taken = this.#untold;
    if (taken.length === 0) return null;
    this.#untold = [];
    this.#telling = [...this.#telling, ...taken];
    const done = (): void => {
      this.#telling = this.#telling.filter((loss) => !taken.includes(loss));
      this.#keep();
    };
    return { windows: taken.reduce((sum, { windows }) => sum + windows, 0), instances: taken.map(({ process }) => process.instance), done };
  }

  /** The window that it was counting is lost at least; more than its ring held can't be. */
  #over(process: KnownProcess, { from, to }: Missing): void {
    const { tick, ringTicks } = this.#parts;
    this.#end(process, Math.max(1, Math.min(ringTicks, (to ?? tick()) - from + 1)));
  }

  #end(process: KnownProcess, windows: number): void {
    this.#entries.delete(process.instance);
    if (windows > 0) this.#untold = [...this.#untold, { process, windows }];
    this.#keep();
  }

  #keep(): void {
    const losses = [...this.#untold, ...this.#telling].map(({ process }) => process);
    this.#parts.keep([...this.#entries.values(), ...losses].map(({ instance, workload, name }) => ({ instance, workload, name })));
  }
}
