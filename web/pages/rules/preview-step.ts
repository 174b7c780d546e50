/** The length of a preview's points. Pure. */

/** Points over the range that are enough for the eye. */
const POINTS = 240;
/** Points that a rule's window must at least have, so that its sliding is seen. */
const POINTS_PER_WINDOW = 5;
const WINDOW_SECONDS = 10;

/** Seconds of a point: some 240 over the range, at least five in the rule's window, whole windows of 10 s, a divisor of the rule's window. */
export function previewStepSeconds(rangeSeconds: number, ruleSeconds: number): number {
  const wanted = Math.max(WINDOW_SECONDS, Math.min(rangeSeconds / POINTS, ruleSeconds / POINTS_PER_WINDOW));
  for (let step = Math.floor(wanted / WINDOW_SECONDS) * WINDOW_SECONDS; step > WINDOW_SECONDS; step -= WINDOW_SECONDS) if (ruleSeconds % step === 0) return step;
  return WINDOW_SECONDS;
}
