/** Ctrl-C and SIGTERM: the first asks for an orderly stop, the second forces it. */

export interface StopSignal {
  /** Resolves at the first SIGINT, SIGTERM or SIGHUP, or at `now()`. */
  readonly asked: Promise<void>;
  isAsked(): boolean;
  now(): void;
}

/** npm passes a Ctrl-C on that the terminal has sent already: what comes within this time is the same one. */
const SAME_MS = 1_000;
/** Exit code of a stop that was forced by a second signal. */
const FORCED_EXIT_CODE = 130;

/** `forced` runs at the second signal, just before the process ends. */
export function listenForStop(forced: () => void): StopSignal {
  let resolve: () => void = () => undefined;
  let isAsked = false;
  let signalledAt = -Infinity;
  const asked = new Promise<void>((done) => { resolve = done; });
  const now = (): void => {
    isAsked = true;
    resolve();
  };
  const onSignal = (): void => {
    const again = performance.now() - signalledAt > SAME_MS;
    if (again) signalledAt = performance.now();
    if (!isAsked) return now();
    if (!again) return;
    forced();
    process.exit(FORCED_EXIT_CODE);
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  return { asked, isAsked: () => isAsked, now };
}
