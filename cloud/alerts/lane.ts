/** Runs of one kind of work: never two at once, and a request during a run means one more run after it. */

export interface Lane {
  /** Resolves when a run that began after this call has ended. Never rejects. */
  request(): Promise<void>;
  /** Resolves when nothing runs. */
  idle(): Promise<void>;
}

/** `onFault` gets what `run` throws; the lane goes on. */
export function createLane(run: () => Promise<void>, onFault: (fault: unknown) => void): Lane {
  let wanted = false;
  let running: Promise<void> | null = null;

  async function loop(): Promise<void> {
    while (wanted) {
      wanted = false;
      await run().catch(onFault);
    }
    running = null;
  }

  return {
    request: () => {
      wanted = true;
      running ??= loop();
      return running;
    },
    idle: () => running ?? Promise.resolve(),
  };
}

/** What `limited` rejects with; the work itself may still end later. */
export class StuckError extends Error {
  override readonly name = 'StuckError';
}

/** `work`, or a `StuckError` after `ms`: a promise that a lost connection never settles must not hold a lane for ever. */
export async function limited<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_done, fail) => {
    timer = setTimeout(() => fail(new StuckError(`no end after ${String(ms / 1_000)} s; it is taken up anew`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** `work` for each item, at most `max` at once; rejects with the first fault after all have ended. */
export async function inParallel<T>(items: readonly T[], max: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const faults: unknown[] = [];
  const one = async (): Promise<void> => {
    for (const item of rest) await work(item).catch((fault: unknown) => faults.push(fault));
  };
  await Promise.all(Array.from({ length: Math.min(max, items.length) }, one));
  if (faults.length > 0) throw faults[0];
}
