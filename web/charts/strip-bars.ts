/** Bars of a strip from its counts. Pure. */
import { statusOfRate } from '../format/status.ts';

export interface StripBar {
  /** 0…1 of the greatest bar, on a root scale so that a quiet night stays visible. */
  readonly height: number;
  readonly tone: 'ok' | 'degraded' | 'failing' | 'none';
}

/** Fewer requests than this say nothing about health. */
const JUDGED_MIN = 5;

export function stripBars(points: readonly { requests: number; failures: number; gap: boolean }[]): { bars: StripBar[]; worst: number | null } {
  const most = Math.max(1, ...points.map((point) => point.requests));
  let worst: number | null = null;
  const bars = points.map(({ requests, failures, gap }): StripBar => {
    if (gap || requests === 0) return { height: 0, tone: 'none' };
    const rate = 1 - failures / requests;
    if (requests >= JUDGED_MIN && (worst === null || rate < worst)) worst = rate;
    const status = requests < JUDGED_MIN ? 'ok' : statusOfRate(rate);
    return { height: Math.sqrt(requests / most), tone: status === 'degraded' || status === 'failing' ? status : 'ok' };
  });
  return { bars, worst };
}

/** Stretches of imported bars: the first bar's index and how many follow it, itself included. */
export function importedRuns(points: readonly { readonly imported: boolean }[]): { at: number; length: number }[] {
  const runs: { at: number; length: number }[] = [];
  for (const [at, { imported }] of points.entries()) {
    if (!imported) continue;
    const last = runs.at(-1);
    if (last && last.at + last.length === at) last.length++;
    else runs.push({ at, length: 1 });
  }
  return runs;
}
