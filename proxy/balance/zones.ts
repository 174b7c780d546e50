/** How often a request leaves its own zone. Pure. */

/** At this many times the load at which spilling begins, zones make no difference any more. */
export const SPILL_WHOLE = 2.5;

/** The share of requests, 0 to 1, that may go anywhere; `load` is requests in flight per ready endpoint of the own zone. */
export function spillShare(load: number, spill: number): number {
  const whole = spill * SPILL_WHOLE;
  if (load < spill) return 0;
  if (load >= whole) return 1;
  return (load - spill) / (whole - spill);
}
