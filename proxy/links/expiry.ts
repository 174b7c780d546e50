/** When a link has to retire for the sake of the leaves that it was opened with. Pure. */
import { EXPIRY_MARGIN_MS, EXPIRY_SHARE } from './limits.ts';

/** Monotonic ms, for a link opened at `nowMs` when the wall clock says `wallMs`; the first of both leaves ends at `notAfterMs`. */
export function retireAtMs(nowMs: number, wallMs: number, notAfterMs: number): number {
  const leftMs = Math.max(0, notAfterMs - wallMs);
  return nowMs + (leftMs * (1 - EXPIRY_SHARE) > EXPIRY_MARGIN_MS ? leftMs - EXPIRY_MARGIN_MS : leftMs * EXPIRY_SHARE);
}
