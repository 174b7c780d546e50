/** Gaps in words, and the pieces of a range of which nothing is stored. Pure. */
import type { Gap, GapReason } from '../wire/history.ts';
import { age, counted } from './words.ts';
import type { Span } from './range.ts';

/** What was lost or folded, and why that happens. */
const TEXTS = {
  proxy_windows: (count) => `${counted(count, 'window')} of proxies ${was(count)} lost: a proxy was killed before it had handed them over, or was away from its agent for too long`,
  spool_frames: (count) => `${counted(count, 'frame')} ${was(count)} dropped from the agent’s spool: the cloud was away for longer than the spool holds`,
  too_late: (count) => `${counted(count, 'window')} came more than 2 days late and ${was(count)} not taken`,
  too_far_ahead: (count) => `${counted(count, 'window')} ${was(count)} not taken: the clock that named them runs more than an hour ahead`,
  hour_imported: (count) => `${counted(count, 'window')} fell into hours that were imported and ${was(count)} not taken`,
  names_full: (count) => `${counted(count, 'row')} ${was(count)} counted as “other”: the cluster has had as many names of edges and routes as are kept`,
  folded: (count) => `${counted(count, 'row')} ${was(count)} folded into “other”: the cluster has more edges or routes than are kept apart`,
} as const satisfies Record<Exclude<GapReason, 'uncovered'>, (count: number) => string>;

function was(count: number): string {
  return count === 1 ? 'was' : 'were';
}

/** What was lost or folded between two moments; null for a reason that this version does not know. */
export function lossGap(reason: string, count: number, fromMs: number, toMs = fromMs): Gap | null {
  const known = (Object.keys(TEXTS) as (keyof typeof TEXTS)[]).find((name) => name === reason);
  return known ? { fromMs, toMs, reason: known, count, text: TEXTS[known](count) } : null;
}

/** A stored piece: begin, length, and the seconds of it that windows cover. */
export type Piece = readonly [startMs: number, lengthMs: number, seconds: number];

/** Time of the span that no piece covers, and pieces that are covered in part. `pieces` are in order of their begin. */
export function uncovered(span: Span, pieces: readonly Piece[]): Gap[] {
  const gaps: Gap[] = [];
  let cursor = span.fromMs;
  for (const [startMs, lengthMs, seconds] of pieces) {
    if (startMs > cursor) gaps.push(hole(cursor, startMs));
    const missing = lengthMs / 1000 - seconds;
    if (missing >= 1) gaps.push({ fromMs: startMs, toMs: startMs + lengthMs, reason: 'uncovered', count: null, text: `${Math.round(missing)} s of these ${age(lengthMs)} were not received` });
    cursor = Math.max(cursor, startMs + lengthMs);
  }
  if (cursor < span.toMs) gaps.push(hole(cursor, span.toMs));
  return merged(gaps);
}

function hole(fromMs: number, toMs: number): Gap {
  return { fromMs, toMs, reason: 'uncovered', count: null, text: `Nothing was received of these ${age(toMs - fromMs)}` };
}

/** A hole that follows a hole extends it: hours without anything are one gap. */
function merged(gaps: readonly Gap[]): Gap[] {
  const kept: Gap[] = [];
  for (const gap of gaps) {
    const last = kept.at(-1);
    if (last && last.toMs === gap.fromMs && last.text.startsWith('Nothing') && gap.text.startsWith('Nothing')) kept[kept.length - 1] = hole(last.fromMs, gap.toMs);
    else kept.push(gap);
  }
  return kept;
}
