/** Work at intervals: never twice at once, first at the start, and a failure is logged and tried again soon. */
import { limited } from '../alerts/lane.ts';
import type { Log } from '../log.ts';

/** A failed run is tried again after this, when its interval is longer: Postgres may be away for a moment. */
const RETRY_MS = 5_000;
/** A run that takes longer hangs on a lost connection; the next one begins without it. */
const RUN_MS_MAX = 60_000;

export interface Timers {
  /** Runs and failures by the job's name. */
  readonly counters: Readonly<Record<string, { runs: number; failures: number }>>;
  every(name: string, ms: number, work: () => Promise<void>): void;
  /** No further run begins; resolves when those under way have ended. */
  stop(): Promise<void>;
}

export function createTimers(log: Log): Timers {
  const timers = new Map<string, NodeJS.Timeout>();
  const underWay = new Set<Promise<void>>();
  const counters: Record<string, { runs: number; failures: number }> = {};
  let stopped = false;

  async function run(name: string, ms: number, work: () => Promise<void>): Promise<void> {
    let next = ms;
    const counts = (counters[name] ??= { runs: 0, failures: 0 });
    counts.runs++;
    try {
      await limited(RUN_MS_MAX, work());
    } catch (error) {
      counts.failures++;
      next = Math.min(ms, RETRY_MS);
      log.warn({ error, job: name }, 'a job failed and will be tried again');
    }
    if (!stopped) timers.set(name, setTimeout(() => begin(name, ms, work), next));
  }

  function begin(name: string, ms: number, work: () => Promise<void>): void {
    const running: Promise<void> = run(name, ms, work).finally(() => underWay.delete(running));
    underWay.add(running);
  }

  return {
    counters,
    every: begin,
    stop: async () => {
      stopped = true;
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all(underWay);
    },
  };
}
