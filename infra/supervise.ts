/** Starts a child again when it ends by itself, and says so each time. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child, Ending } from './children.ts';

export interface Supervised {
  current(): Child;
  /** How often it was started again. */
  restarts(): number;
  /** Ends the child and the supervision. */
  stop(graceMs?: number): Promise<void>;
}

/** A program that ends this often has a fault that another start doesn't mend. */
const RESTARTS_MAX = 10;
/** Grows by this with each restart. */
const RESTART_DELAY_MS = 500;

/** `start` is called at once and after each unasked end; `say` gets one line for each end. */
export function supervise(start: () => Child, say: (line: string) => void): Supervised {
  let current = start();
  let restarts = 0;
  const over = new AbortController();
  const watch = async (): Promise<void> => {
    for (;;) {
      const ending = await current.ended;
      if (over.signal.aborted) return;
      if (restarts >= RESTARTS_MAX) return say(`${endingText(current, ending)}; it is not started again after ${RESTARTS_MAX} times`);
      restarts += 1;
      say(`${endingText(current, ending)}; started again (${restarts} of at most ${RESTARTS_MAX})`);
      const waited = await sleep(RESTART_DELAY_MS * restarts, true, { signal: over.signal }).catch(() => false);
      if (!waited) return;
      current = start();
    }
  };
  const watching = watch();
  return {
    current: () => current,
    restarts: () => restarts,
    stop: async (graceMs) => {
      over.abort();
      const ending = await current.stop(graceMs);
      if (ending.killed) say(`${current.spec.name} did not stop in time and was killed; its log is ${current.spec.logFile}`);
      await watching;
    },
  };
}

function endingText(child: Child, { code, signal }: Ending): string {
  return `${child.spec.name} ended by itself (${signal ?? `exit code ${code}`}, log ${child.spec.logFile})`;
}
