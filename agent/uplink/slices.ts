/** Runs long work in slices of the event loop, so that ticks, control links and timers are served in between. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Steps } from '../aggregate/steps.ts';

/** Of one slice: short beside the 100 ms between two looks at what is due. */
const SLICE_MS = 10;

/** Resolves with the result. Rejects with what a step throws. */
export async function inSlices<T>(steps: Steps<T>): Promise<T> {
  let untilMs = performance.now() + SLICE_MS;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() < untilMs) continue;
    await nextTurn();
    untilMs = performance.now() + SLICE_MS;
  }
}
