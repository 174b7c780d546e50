/** Since when it fails: the begin of the last run of failing slices in the window that fired. */
import { successRate } from './transition.ts';
import type { WindowTotals } from './transition.ts';

/** Slices of one pass; a pass reads its range once, and each further pass only the slice in question. */
const SLICES = 12;

export interface Slice {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Cuts a range into at most `SLICES` slices of whole windows; the first may be shorter. */
export function slices(fromMs: number, toMs: number, windowMs: number): Slice[] {
  const windows = Math.max(1, Math.ceil((toMs - fromMs) / windowMs));
  const sliceMs = Math.ceil(windows / SLICES) * windowMs;
  const cut: Slice[] = [];
  for (let end = toMs; end > fromMs; end -= sliceMs) cut.unshift({ fromMs: Math.max(fromMs, end - sliceMs), toMs: end });
  return cut;
}

/** Index of the first slice of the last run of slices below the threshold; slices without traffic don't end a run. */
export function lastFailingRun(totals: readonly WindowTotals[], threshold: number): number | null {
  let begin: number | null = null;
  let ended = false;
  for (const [index, total] of totals.entries()) {
    const rate = successRate(total);
    if (rate === null) continue;
    if (rate >= threshold) ended = true;
    else if (ended || begin === null) [begin, ended] = [index, false];
  }
  return begin;
}

/** `read` sums the rule's scope over a slice. Answers `fromMs` when no slice alone is below the threshold. */
export async function failingSinceMs(
  range: Slice, windowMs: number, threshold: number, read: (slice: Slice) => Promise<WindowTotals>,
): Promise<number> {
  const cut = slices(range.fromMs, range.toMs, windowMs);
  const totals: WindowTotals[] = [];
  for (const slice of cut) totals.push(await read(slice));
  const found = cut[lastFailingRun(totals, threshold) ?? 0];
  if (found === undefined) return range.fromMs;
  const refinable = cut.length > 1 && found.toMs - found.fromMs > windowMs;
  return refinable ? failingSinceMs(found, windowMs, threshold, read) : found.fromMs;
}
